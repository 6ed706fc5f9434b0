const SVG = 'http://www.w3.org/2000/svg'
/** Room for the strokes around the circle. */
const RIM = 3
const SMALLEST = 1.5
const CROSS_FROM = 5

export interface BrushCursor {
  readonly x: number
  readonly y: number
  /** CSS pixels. */
  readonly radius: number
  readonly erases: boolean
}

/**
 * The true shape of what a click would paint, as an element of its own: moving it draws nothing again, neither the picture
 * nor the texts over it. Dark below light, so that it shows on any tissue.
 */
export class BrushCursorView {
  private readonly svg: SVGSVGElement
  private readonly shapes: readonly [dark: SVGPathElement, light: SVGPathElement]
  private shape = ''
  private half = 0

  constructor(root: HTMLElement) {
    const { ownerDocument } = root
    this.svg = ownerDocument.createElementNS(SVG, 'svg')
    this.svg.setAttribute('aria-hidden', 'true')
    const place = { position: 'absolute', left: '0', top: '0', overflow: 'hidden', pointerEvents: 'none' }
    Object.assign(this.svg.style, place, { willChange: 'transform', display: 'none' })
    const stroke = (color: string, width: number): SVGPathElement => {
      const path = ownerDocument.createElementNS(SVG, 'path')
      path.setAttribute('fill', 'none')
      path.setAttribute('stroke', color)
      path.setAttribute('stroke-width', String(width))
      this.svg.append(path)
      return path
    }
    this.shapes = [stroke('#0009', 3), stroke('#fffd', 1.3)]
    root.append(this.svg)
  }

  show(cursor: BrushCursor | null): void {
    const { style } = this.svg
    if (cursor === null) {
      style.display = 'none'
      return
    }
    this.setShape(Math.max(SMALLEST, cursor.radius), cursor.erases)
    style.display = ''
    style.transform = `translate(${cursor.x - this.half}px, ${cursor.y - this.half}px)`
  }

  private setShape(radius: number, erases: boolean): void {
    const shape = `${radius} ${erases}`
    if (shape === this.shape) return
    this.shape = shape
    this.half = Math.ceil(radius + RIM)
    const size = String(2 * this.half)
    this.svg.setAttribute('width', size)
    this.svg.setAttribute('height', size)
    const path = cursorPath(this.half, radius, erases)
    for (const element of this.shapes) element.setAttribute('d', path)
  }
}

/** A circle about (at, at) with a plus in it, or a minus for an eraser; very small ones are left empty. */
export function cursorPath(at: number, radius: number, erases: boolean): string {
  const circle = `M${at - radius} ${at}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`
  if (radius <= CROSS_FROM) return circle
  const arm = Math.min(5, radius * 0.6)
  const minus = `M${at - arm} ${at}h${2 * arm}`
  return circle + minus + (erases ? '' : `M${at} ${at - arm}v${2 * arm}`)
}
