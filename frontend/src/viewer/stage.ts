import { viewerText } from '../strings/viewer'
import { BrushCursorView } from './brush-cursor'
import { type OverlayPart, PARTS } from './overlay-canvases'

/** The elements of one view: the picture, the overlay above it, and their size. */
export class Stage {
  readonly root: HTMLElement
  readonly picture: HTMLCanvasElement
  readonly brushCursor: BrushCursorView
  width = 1
  height = 1
  dpr = 1
  /** Pixels of the picture's canvas per device pixel. */
  pictureScale = 1
  /** What lies over the picture, below the brush's cursor. */
  readonly overlay: ReadonlyMap<OverlayPart, HTMLCanvasElement>
  private readonly observer: ResizeObserver
  private readonly abort = new AbortController()

  constructor(container: HTMLElement, name: string, onResize: () => void) {
    const { ownerDocument } = container
    this.root = ownerDocument.createElement('div')
    this.root.className = 'maskloop-view'
    this.root.tabIndex = 0
    this.root.setAttribute('role', 'application')
    this.root.setAttribute('aria-label', viewerText.canvas(name))
    Object.assign(this.root.style, { position: 'absolute', inset: '0', overflow: 'hidden', background: '#000' })
    // Fingers draw and pinch here; they must not scroll or zoom the page, nor select its text.
    Object.assign(this.root.style, { touchAction: 'none', userSelect: 'none' })
    this.picture = canvasIn(this.root)
    this.overlay = new Map(PARTS.map((part) => [part, canvasIn(this.root)]))
    this.brushCursor = new BrushCursorView(this.root)
    container.append(this.root)
    this.measure()
    const check = (): void => {
      if (this.measure()) onResize()
    }
    this.observer = new ResizeObserver(check)
    this.observer.observe(this.root)
    // Another screen may have other pixels and the same size.
    window.addEventListener('resize', check, { signal: this.abort.signal })
  }

  /** CSS pixels from the view's upper left corner. */
  inView(clientX: number, clientY: number): { x: number; y: number } {
    const box = this.root.getBoundingClientRect()
    return { x: clientX - box.left, y: clientY - box.top }
  }

  toClient(x: number, y: number): { x: number; y: number } {
    const box = this.root.getBoundingClientRect()
    return { x: x + box.left, y: y + box.top }
  }

  setCursor(cursor: string): void {
    if (this.root.style.cursor !== cursor) this.root.style.cursor = cursor
  }

  /** Fewer pixels while things move, stretched by the browser; a change empties the picture. */
  setPictureScale(scale: number): void {
    this.pictureScale = scale
    const [width, height] = [this.width, this.height].map((side) => Math.max(1, Math.round(side * this.dpr * scale)))
    if (width !== undefined && this.picture.width !== width) this.picture.width = width
    if (height !== undefined && this.picture.height !== height) this.picture.height = height
  }

  dispose(): void {
    this.observer.disconnect()
    this.abort.abort()
    this.root.remove()
  }

  /** True when the size changed; the picture is then empty. */
  private measure(): boolean {
    const width = Math.max(1, this.root.clientWidth)
    const height = Math.max(1, this.root.clientHeight)
    const dpr = window.devicePixelRatio || 1
    if (width === this.width && height === this.height && dpr === this.dpr) return false
    this.width = width
    this.height = height
    this.dpr = dpr
    this.setPictureScale(1)
    return true
  }
}

function canvasIn(root: HTMLElement): HTMLCanvasElement {
  const canvas = root.ownerDocument.createElement('canvas')
  Object.assign(canvas.style, {
    position: 'absolute',
    inset: '0',
    width: '100%',
    height: '100%',
    pointerEvents: 'none',
    // A layer of its own: otherwise the browser joins it with what lies beside the view, and blends that in every frame.
    willChange: 'transform',
  })
  root.append(canvas)
  return canvas
}
