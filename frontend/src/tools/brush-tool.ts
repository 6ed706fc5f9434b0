import type { Voxel } from '../geometry/grid'
import { capsuleRuns } from '../labelmap/capsule'
import type { Editor, Tool, ToolPointer } from '../store/editor'
import type { Stroke } from '../store/label-store'
import { viewerText } from '../strings/viewer'

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'painting'; readonly stroke: Stroke; readonly last: Voxel; readonly number: number }

const BACKGROUND = 0

/** Paints the active segment along a drag, or clears it: one undo step, or nothing if cancelled. */
export class BrushTool implements Tool {
  readonly draws = true
  readonly cursor = 'none'
  private state: State = { kind: 'idle' }

  constructor(
    private readonly editor: Editor,
    readonly id: 'brush' | 'eraser',
  ) {}

  get label(): string {
    return viewerText.tools[this.id]
  }

  get key(): string {
    return this.id === 'brush' ? 'b' : 'e'
  }

  get busy(): boolean {
    return this.state.kind === 'painting'
  }

  pointerDown(pointer: ToolPointer): void {
    if (this.state.kind !== 'idle') return
    const { labels, settings } = this.editor
    if (labels === null || !labels.editable) {
      this.editor.refuse('read-only')
      return
    }
    if (labels.isDrawing) {
      this.editor.refuse('busy')
      return
    }
    const erases = this.id === 'eraser' || pointer.erase || pointer.shift
    const number = erases ? BACKGROUND : settings.activeNumber
    if (number === null) {
      this.editor.refuse('no-segment')
      return
    }
    const stroke = labels.beginStroke(viewerText.tools[erases ? 'eraser' : 'brush'])
    this.state = { kind: 'painting', stroke, last: pointer.voxel, number }
    this.pointerMove(pointer)
  }

  pointerMove({ voxel }: ToolPointer): void {
    if (this.state.kind !== 'painting') return
    const { stroke, last, number } = this.state
    const { metric, shape, settings } = this.editor
    // A wheel step during a drag changes the slice: the line does not run through the slices between.
    const from = last[2] === voxel[2] ? last : voxel
    capsuleRuns(from, voxel, settings.radiusMm, settings.shape, metric, shape, (k, j, i0, i1) => {
      stroke.fillRun(k, j, i0, i1, number)
    })
    this.state = { ...this.state, last: voxel }
  }

  pointerUp(pointer: ToolPointer): void {
    this.pointerMove(pointer)
    this.finish((stroke) => stroke.commit())
  }

  cancel(): void {
    this.finish((stroke) => stroke.rollback())
  }

  private finish(end: (stroke: Stroke) => void): void {
    if (this.state.kind !== 'painting') return
    const { stroke } = this.state
    this.state = { kind: 'idle' }
    end(stroke)
  }
}
