import type { Editor, Tool } from '../store/editor'
import { BrushTool } from './brush-tool'
import { CrosshairTool } from './crosshair-tool'
import { PanTool } from './pan-tool'
import { WindowTool } from './window-tool'

/** Every tool there is, for one editor. */
export function createTools(editor: Editor): readonly Tool[] {
  return [
    new BrushTool(editor, 'brush'),
    new BrushTool(editor, 'eraser'),
    new PanTool(editor),
    new WindowTool(editor),
    new CrosshairTool(editor),
  ]
}
