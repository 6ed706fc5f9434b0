import type { Editor, Tool, ToolPointer, WindowLevel } from '../store/editor'
import { viewerText } from '../strings/viewer'

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'dragging'; readonly x: number; readonly y: number; readonly before: WindowLevel }

/** A drag of this many pixels doubles the width, or moves the centre by one width. */
const PIXELS = 220
/** The narrowest window, as a share of the values the image can show. */
const NARROWEST = 1e-5

/** Right: wider; down: brighter values in the middle. Steps follow the window's own width, so that they are fine when it is narrow. */
export class WindowTool implements Tool {
  readonly id = 'window'
  readonly label = viewerText.tools.window
  readonly key = 'Shift+w'
  readonly cursor = 'move'
  readonly draws = false
  private state: State = { kind: 'idle' }

  constructor(private readonly editor: Editor) {}

  get busy(): boolean {
    return this.state.kind === 'dragging'
  }

  pointerDown({ x, y }: ToolPointer): void {
    if (this.state.kind === 'idle') this.state = { kind: 'dragging', x, y, before: this.editor.window }
  }

  pointerMove({ x, y }: ToolPointer): void {
    if (this.state.kind !== 'dragging') return
    const { before } = this.state
    const range = this.editor.valueRange
    const width = before.width * 2 ** ((x - this.state.x) / PIXELS)
    this.editor.setWindow({
      width: Math.min(2 * range, Math.max(range * NARROWEST, width)),
      center: before.center + (before.width * (y - this.state.y)) / PIXELS,
    })
  }

  pointerUp(pointer: ToolPointer): void {
    this.pointerMove(pointer)
    this.state = { kind: 'idle' }
  }

  cancel(): void {
    if (this.state.kind === 'dragging') this.editor.setWindow(this.state.before)
    this.state = { kind: 'idle' }
  }
}
