import type { Metric, Shape, Voxel } from '../geometry/grid'
import type { BrushShape } from '../labelmap/capsule'
import type { Stroke } from './label-store'

/** What the viewer and the tools agree on. Tools know only this: no DOM, no viewer, no network. */

export type ToolId = 'brush' | 'eraser' | 'pan' | 'window' | 'crosshair'

export interface WindowLevel {
  readonly center: number
  readonly width: number
}

export interface ToolSettings {
  /** In the metric's unit: millimetres, or pixels where the image has no physical size. */
  readonly radiusMm: number
  readonly shape: BrushShape
  /** The number painted; null while there is no segment to draw on. */
  readonly activeNumber: number | null
}

/** Why a drawing tool did nothing. */
export type Refusal = 'no-segment' | 'read-only' | 'busy'

/** One sample of a mouse, pen or finger. */
export interface ToolPointer {
  /** With fractions; whole numbers are voxel centres. The slice is whole. */
  readonly voxel: Voxel
  /** In CSS pixels from the view's upper left corner. */
  readonly x: number
  readonly y: number
  readonly shift: boolean
  readonly ctrl: boolean
  readonly alt: boolean
  /** The pen's eraser end or barrel button. */
  readonly erase: boolean
}

export interface LabelEditor {
  readonly editable: boolean
  /** A stroke is open: only one may be. */
  readonly isDrawing: boolean
  labelAt(i: number, j: number, k: number, layer?: number): number
  beginStroke(tool: string): Stroke
}

export interface Editor {
  readonly labels: LabelEditor | null
  readonly shape: Shape
  readonly metric: Metric
  readonly settings: ToolSettings
  changeSettings(change: Partial<ToolSettings>): void
  readonly window: WindowLevel
  setWindow(window: WindowLevel): void
  /** Width of the values the image can show: how far a window drag moves. */
  readonly valueRange: number
  panBy(dx: number, dy: number): void
  readonly crosshair: Voxel | null
  setCrosshair(voxel: Voxel | null): void
  refuse(reason: Refusal): void
}

/** A small state machine: idle, or busy between pointerDown and pointerUp; `cancel` always restores. */
export interface Tool {
  readonly id: ToolId
  readonly label: string
  readonly key: string
  /** A CSS cursor; 'none' when the overlay draws the tool's own. */
  readonly cursor: string
  /** Whether it paints with the brush's radius: the overlay then shows its true shape. */
  readonly draws: boolean
  readonly busy: boolean
  pointerDown(pointer: ToolPointer): void
  pointerMove(pointer: ToolPointer): void
  pointerUp(pointer: ToolPointer): void
  cancel(): void
}
