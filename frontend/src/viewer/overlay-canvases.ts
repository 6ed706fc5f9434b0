import type { OverlayInput } from './overlay'
import { BAR_MARGIN, barWidth } from './slice-bar'

/** Parts of the view that are drawn over, each on a canvas of its own. */
export const PARTS = ['middle', 'top', 'bottom', 'left', 'right', 'bar'] as const
export type OverlayPart = (typeof PARTS)[number]

/** In CSS pixels of the view. */
export interface PartBox {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const TOP_STRIP = 44
const BOTTOM_STRIP = 46
const LETTER = { width: 44, height: 24 }
const BAR_REACH = 3

/**
 * Where each part lies; null: nothing to show there. A canvas over the whole view would be blended with the picture in
 * every frame, though it is empty but for its edges; the middle is there only while something lies in it.
 */
export function partBoxes(input: OverlayInput): Record<OverlayPart, PartBox | null> {
  const { width, height } = input.camera
  const letterTop = Math.round((height - LETTER.height) / 2)
  const bar = input.bar === null ? 0 : barWidth(input.bar) + BAR_MARGIN
  const letters = input.frame.letters !== null
  const occupied = input.crosshair !== null || input.undecodable.length > 0 || input.loading || input.contextLost
  return {
    middle: occupied ? { x: 0, y: 0, width, height } : null,
    top: { x: 0, y: 0, width: width - bar - BAR_REACH, height: TOP_STRIP },
    bottom: { x: 0, y: height - BOTTOM_STRIP, width: width - bar - BAR_REACH, height: BOTTOM_STRIP },
    left: letters ? { x: 0, y: letterTop, ...LETTER } : null,
    right: letters ? { x: width - bar - BAR_REACH - LETTER.width, y: letterTop, ...LETTER } : null,
    bar: input.bar === null ? null : { x: width - bar - BAR_REACH, y: 0, width: bar + BAR_REACH, height },
  }
}

/** The canvases over the picture; each is emptied and placed when it is drawn. */
export class OverlayCanvases {
  private readonly contexts: ReadonlyMap<OverlayPart, CanvasRenderingContext2D>

  constructor(
    canvases: ReadonlyMap<OverlayPart, HTMLCanvasElement>,
    /** The processor computes the graphics: a canvas it paints itself is several times cheaper than one that goes through them. */
    software: boolean,
  ) {
    const contexts = new Map<OverlayPart, CanvasRenderingContext2D>()
    for (const [part, canvas] of canvases) {
      const context = canvas.getContext('2d', { willReadFrequently: software })
      if (context === null) throw new Error('this browser has no 2-D canvas')
      context.clearRect(0, 0, 1, 1) // makes its memory now, before the graphics process is busy
      contexts.set(part, context)
    }
    this.contexts = contexts
  }

  /** Calls `draw` for each part with something in it, with the view's own coordinates. */
  draw(input: OverlayInput, dpr: number, draw: (part: OverlayPart, context: CanvasRenderingContext2D) => void): void {
    const boxes = partBoxes(input)
    for (const [part, context] of this.contexts) {
      const box = boxes[part]
      const { style } = context.canvas
      style.display = box === null ? 'none' : ''
      if (box === null) continue
      this.place(context, box, dpr)
      draw(part, context)
    }
  }

  private place(context: CanvasRenderingContext2D, { x, y, width, height }: PartBox, dpr: number): void {
    const { canvas } = context
    const [across, down] = [Math.max(1, Math.round(width * dpr)), Math.max(1, Math.round(height * dpr))]
    if (canvas.width !== across) canvas.width = across
    if (canvas.height !== down) canvas.height = down
    Object.assign(canvas.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` })
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, across, down)
    context.setTransform(dpr, 0, 0, dpr, -x * dpr, -y * dpr)
  }
}
