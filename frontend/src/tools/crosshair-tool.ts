import { contains, nearestVoxel, type Voxel } from '../geometry/grid'
import type { Editor, Tool, ToolPointer } from '../store/editor'
import { viewerText } from '../strings/viewer'

type State = { readonly kind: 'idle' } | { readonly kind: 'dragging'; readonly before: Voxel | null }

/** Puts a cross on a voxel: where its value and position are read. */
export class CrosshairTool implements Tool {
  readonly id = 'crosshair'
  readonly label = viewerText.tools.crosshair
  readonly key = 'c'
  readonly cursor = 'crosshair'
  readonly draws = false
  private state: State = { kind: 'idle' }

  constructor(private readonly editor: Editor) {}

  get busy(): boolean {
    return this.state.kind === 'dragging'
  }

  pointerDown(pointer: ToolPointer): void {
    if (this.state.kind !== 'idle') return
    this.state = { kind: 'dragging', before: this.editor.crosshair }
    this.pointerMove(pointer)
  }

  pointerMove({ voxel }: ToolPointer): void {
    if (this.state.kind !== 'dragging') return
    const nearest = nearestVoxel(voxel)
    if (contains(this.editor.shape, nearest)) this.editor.setCrosshair(nearest)
  }

  pointerUp(pointer: ToolPointer): void {
    this.pointerMove(pointer)
    this.state = { kind: 'idle' }
  }

  cancel(): void {
    if (this.state.kind === 'dragging') this.editor.setCrosshair(this.state.before)
    this.state = { kind: 'idle' }
  }
}
