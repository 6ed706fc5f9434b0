import { Brush, Contrast, Crosshair, Eraser, Hand, type LucideIcon } from 'lucide-react'
import type { ToolId } from '../../store/editor'

export interface ToolLook {
  icon: LucideIcon
  command: string
  draws: boolean
}

export const TOOL_LOOKS = {
  pan: { icon: Hand, command: 'tool.pan', draws: false },
  window: { icon: Contrast, command: 'tool.window', draws: false },
  crosshair: { icon: Crosshair, command: 'tool.crosshair', draws: false },
  brush: { icon: Brush, command: 'tool.brush', draws: true },
  eraser: { icon: Eraser, command: 'tool.eraser', draws: true },
} as const satisfies Record<ToolId, ToolLook>

/** The rail, group by group. */
export const RAIL: readonly (readonly ToolId[])[] = [
  ['pan', 'window', 'crosshair'],
  ['brush', 'eraser'],
]
