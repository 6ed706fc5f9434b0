import { contains, nearestVoxel, type Shape, type Voxel } from '../geometry/grid'
import type { Tool, ToolPointer } from '../store/editor'

/** What the keyboard cursor needs of the view. */
export interface KeyboardHost {
  readonly shape: Shape
  activeTool(): Tool
  /** The voxel where the cursor starts: under the pointer, or in the middle of the view. */
  startVoxel(): Voxel
  pointerOn(voxel: Voxel): ToolPointer
  /** The voxel step of one step to the right or down on the screen. */
  step(right: number, down: number): readonly [di: number, dj: number]
  /** Voxels of a large step: the brush's radius. */
  largeStep(): number
  show(pointer: ToolPointer | null): void
}

const ARROWS: Record<string, readonly [right: number, down: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

type State =
  | { readonly kind: 'off' }
  | { readonly kind: 'on'; readonly voxel: Voxel }
  | { readonly kind: 'anchored'; readonly voxel: Voxel; readonly tool: Tool }

/** Drawing without a mouse: Ctrl + Space puts a cursor on the picture, arrows move it, Space stamps, Enter draws from an anchor. */
export class KeyboardCursor {
  private state: State = { kind: 'off' }
  private readonly abort = new AbortController()

  constructor(
    element: HTMLElement,
    private readonly host: KeyboardHost,
  ) {
    const { signal } = this.abort
    element.addEventListener('keydown', (event) => this.keyDown(event), { signal })
    element.addEventListener('pointerdown', () => this.leave(), { signal })
    element.addEventListener('blur', () => this.leave(), { signal })
  }

  get isOn(): boolean {
    return this.state.kind !== 'off'
  }

  leave(): void {
    if (this.state.kind === 'off') return
    if (this.state.kind === 'anchored') this.state.tool.cancel()
    this.state = { kind: 'off' }
    this.host.show(null)
  }

  dispose(): void {
    this.leave()
    this.abort.abort()
  }

  private keyDown(event: KeyboardEvent): void {
    if (!this.handles(event)) return
    // Arrows would also change the slice, Space the tool.
    event.preventDefault()
    event.stopPropagation()
  }

  private handles(event: KeyboardEvent): boolean {
    if (event.key === ' ' && event.ctrlKey) {
      if (this.state.kind === 'off') this.place(nearestVoxel(this.host.startVoxel()))
      else this.leave()
      return true
    }
    if (this.state.kind === 'off' || event.ctrlKey || event.altKey || event.metaKey) return false
    const arrow = ARROWS[event.key]
    if (arrow !== undefined) this.move(arrow, event.shiftKey ? this.host.largeStep() : 1)
    else if (event.key === ' ') this.stamp()
    else if (event.key === 'Enter') this.anchor()
    else if (event.key === 'Escape') this.leave()
    else return false
    return true
  }

  private place(voxel: Voxel): void {
    if (!contains(this.host.shape, voxel)) return
    this.state = this.state.kind === 'anchored' ? { ...this.state, voxel } : { kind: 'on', voxel }
    this.host.show(this.host.pointerOn(voxel))
  }

  private move([right, down]: readonly [number, number], by: number): void {
    if (this.state.kind === 'off') return
    const [di, dj] = this.host.step(right, down)
    const [i, j, k] = this.state.voxel
    this.place([i + Math.sign(di) * by, j + Math.sign(dj) * by, k])
  }

  private stamp(): void {
    if (this.state.kind !== 'on') return
    const tool = this.host.activeTool()
    const pointer = this.host.pointerOn(this.state.voxel)
    tool.pointerDown(pointer)
    tool.pointerUp(pointer)
  }

  /** The first Enter begins a line, the next ends it here. */
  private anchor(): void {
    if (this.state.kind === 'off') return
    const pointer = this.host.pointerOn(this.state.voxel)
    if (this.state.kind === 'anchored') {
      this.state.tool.pointerUp(pointer)
      this.state = { kind: 'on', voxel: this.state.voxel }
      return
    }
    const tool = this.host.activeTool()
    tool.pointerDown(pointer)
    if (tool.busy) this.state = { kind: 'anchored', voxel: this.state.voxel, tool }
  }
}
