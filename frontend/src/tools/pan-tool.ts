import type { Editor, Tool, ToolPointer } from '../store/editor'
import { viewerText } from '../strings/viewer'

type State = { readonly kind: 'idle' } | { readonly kind: 'panning'; readonly x: number; readonly y: number }

/** Moves the picture with the pointer; cancel puts it back. */
export class PanTool implements Tool {
  readonly id = 'pan'
  readonly label = viewerText.tools.pan
  readonly key = 'h'
  readonly draws = false
  private state: State = { kind: 'idle' }
  private moved = { x: 0, y: 0 }

  constructor(private readonly editor: Editor) {}

  get cursor(): string {
    return this.busy ? 'grabbing' : 'grab'
  }

  get busy(): boolean {
    return this.state.kind === 'panning'
  }

  pointerDown({ x, y }: ToolPointer): void {
    if (this.state.kind !== 'idle') return
    this.state = { kind: 'panning', x, y }
    this.moved = { x: 0, y: 0 }
  }

  pointerMove({ x, y }: ToolPointer): void {
    if (this.state.kind !== 'panning') return
    const [dx, dy] = [x - this.state.x, y - this.state.y]
    this.state = { kind: 'panning', x, y }
    this.moved = { x: this.moved.x + dx, y: this.moved.y + dy }
    this.editor.panBy(dx, dy)
  }

  pointerUp(pointer: ToolPointer): void {
    this.pointerMove(pointer)
    this.state = { kind: 'idle' }
  }

  cancel(): void {
    if (this.state.kind === 'panning') this.editor.panBy(-this.moved.x, -this.moved.y)
    this.state = { kind: 'idle' }
  }
}
