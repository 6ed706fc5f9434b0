import type { Tool, ToolId, ToolPointer } from '../store/editor'

/** What the pointer, wheel and touch do to the view. */
export interface InputHost {
  readonly slices: number
  activeTool(): Tool
  tool(id: ToolId): Tool
  pointerAt(event: PointerEvent | MouseEvent): ToolPointer
  /** The pointer is over the view at this sample, or has left it. */
  hover(pointer: ToolPointer | null): void
  /** Set when a busy tool is given a sample: for pointer-to-paint times. */
  sampled(timeStamp: number, workMs: number): void
  pickSegment(pointer: ToolPointer): void
  stepSlice(by: number): void
  zoomAt(factor: number, x: number, y: number): void
  pan(dx: number, dy: number): void
  scaleRadius(factor: number): void
  stepOpacity(by: number): void
  /** The slice under a point of the slice bar; null beside it. */
  barSliceAt(x: number, y: number, dragging: boolean): number | null
  setSlice(k: number): void
  contextMenu(event: PointerEvent): void
  swapTools(): void
  cursorChanged(): void
}

type Gesture =
  | { readonly kind: 'idle' }
  | { readonly kind: 'tool'; readonly pointerId: number; readonly tool: Tool }
  | { readonly kind: 'right'; readonly pointerId: number; readonly start: ToolPointer }
  | { readonly kind: 'bar'; readonly pointerId: number }
  | { readonly kind: 'pinch' }

const DRAG_THRESHOLD = 3
const NOTCH = 40
const ZOOM_PER_PIXEL = 0.0022
const PEN_ERASER = 32
const PEN_BARREL = 2
const TAP_MS = 250

/** Turns DOM events on one element into calls of tools and of the host; one gesture at a time. */
export class Input {
  private gesture: Gesture = { kind: 'idle' }
  private readonly touches = new Map<number, { x: number; y: number }>()
  private wheel = 0
  private space: { since: number; used: boolean } | null = null
  private readonly abort = new AbortController()

  constructor(
    private readonly element: HTMLElement,
    private readonly host: InputHost,
  ) {
    const { signal } = this.abort
    element.addEventListener('pointerdown', (event) => this.down(event), { signal })
    element.addEventListener('pointermove', (event) => this.move(event), { signal })
    element.addEventListener('pointerup', (event) => this.up(event), { signal })
    element.addEventListener('pointercancel', (event) => this.lost(event), { signal })
    element.addEventListener('lostpointercapture', (event) => this.up(event), { signal })
    element.addEventListener('pointerleave', () => host.hover(null), { signal })
    element.addEventListener('contextmenu', (event) => event.preventDefault(), { signal })
    element.addEventListener('wheel', (event) => this.onWheel(event), { signal, passive: false })
    window.addEventListener('keydown', (event) => this.keyDown(event), { signal })
    window.addEventListener('keyup', (event) => this.keyUp(event), { signal })
    window.addEventListener('blur', () => this.releaseSpace(), { signal })
  }

  get panHeld(): boolean {
    return this.space !== null
  }

  get busy(): boolean {
    return this.gesture.kind !== 'idle'
  }

  /** Ends whatever is going on without effect; false when nothing was. */
  cancel(): boolean {
    const { gesture } = this
    this.gesture = { kind: 'idle' }
    if (gesture.kind === 'tool') gesture.tool.cancel()
    this.host.cursorChanged()
    return gesture.kind !== 'idle'
  }

  dispose(): void {
    this.cancel()
    this.abort.abort()
  }

  private down(event: PointerEvent): void {
    this.element.focus({ preventScroll: true })
    if (event.pointerType === 'touch') {
      this.touches.set(event.pointerId, { x: event.clientX, y: event.clientY })
      if (this.touches.size > 1) {
        this.startPinch()
        return
      }
    }
    if (this.gesture.kind !== 'idle') return
    event.preventDefault()
    this.element.setPointerCapture(event.pointerId)
    const pointer = this.host.pointerAt(event)
    const k = this.host.barSliceAt(pointer.x, pointer.y, false)
    if (k !== null && event.button === 0) {
      this.gesture = { kind: 'bar', pointerId: event.pointerId }
      this.host.setSlice(k)
    } else if (event.button === 1 || (event.button === 0 && this.space !== null)) {
      if (this.space !== null) this.space.used = true
      this.startTool(this.host.tool('pan'), event, pointer)
    } else if (event.button === 2 && event.pointerType !== 'pen') {
      this.gesture = { kind: 'right', pointerId: event.pointerId, start: pointer }
    } else if (pointer.ctrl && this.host.activeTool().draws) {
      this.host.pickSegment(pointer)
    } else {
      this.startTool(this.host.activeTool(), event, { ...pointer, erase: isEraser(event) })
    }
  }

  private startTool(tool: Tool, event: PointerEvent, pointer: ToolPointer): void {
    this.timed(event, () => tool.pointerDown(pointer))
    if (tool.busy) this.gesture = { kind: 'tool', pointerId: event.pointerId, tool }
    this.host.hover(pointer)
    this.host.cursorChanged()
  }

  private move(event: PointerEvent): void {
    if (event.pointerType === 'touch' && this.touches.has(event.pointerId)) {
      if (this.gesture.kind === 'pinch') {
        this.pinch(event)
        return
      }
      this.touches.set(event.pointerId, { x: event.clientX, y: event.clientY })
    }
    const pointer = this.host.pointerAt(event)
    const { gesture } = this
    if (gesture.kind === 'right' && gesture.pointerId === event.pointerId) {
      if (Math.hypot(pointer.x - gesture.start.x, pointer.y - gesture.start.y) < DRAG_THRESHOLD) return
      this.startTool(this.host.tool('window'), event, gesture.start)
    }
    if (this.gesture.kind === 'tool' && this.gesture.pointerId === event.pointerId)
      this.sample(event, this.gesture.tool)
    if (gesture.kind === 'bar' && gesture.pointerId === event.pointerId) {
      const k = this.host.barSliceAt(pointer.x, pointer.y, true)
      if (k !== null) this.host.setSlice(k)
    }
    this.host.hover(pointer)
  }

  /** All positions since the last event, so that a quick stroke is as round as it was drawn. */
  private sample(event: PointerEvent, tool: Tool): void {
    const samples = event.getCoalescedEvents?.() ?? []
    this.timed(event, () => {
      for (const sample of samples.length > 0 ? samples : [event]) tool.pointerMove(this.host.pointerAt(sample))
    })
  }

  private up(event: PointerEvent): void {
    this.touches.delete(event.pointerId)
    const { gesture } = this
    if (gesture.kind === 'pinch') {
      if (this.touches.size === 0) this.gesture = { kind: 'idle' }
      return
    }
    if (gesture.kind === 'idle' || gesture.pointerId !== event.pointerId) return
    this.gesture = { kind: 'idle' }
    if (gesture.kind === 'tool') this.timed(event, () => gesture.tool.pointerUp(this.host.pointerAt(event)))
    if (gesture.kind === 'right') this.host.contextMenu(event)
    if (event.pointerType === 'touch') this.host.hover(null)
    this.host.cursorChanged()
  }

  /** The browser takes the pointer away (a palm, a system gesture): what it drew was not meant. */
  private lost(event: PointerEvent): void {
    this.touches.delete(event.pointerId)
    const { gesture } = this
    if (gesture.kind === 'pinch' && this.touches.size === 0) this.gesture = { kind: 'idle' }
    if (gesture.kind !== 'idle' && gesture.kind !== 'pinch' && gesture.pointerId === event.pointerId) this.cancel()
  }

  /** A second finger: what the first had begun to draw was not meant. */
  private startPinch(): void {
    if (this.gesture.kind === 'tool') this.gesture.tool.cancel()
    this.gesture = { kind: 'pinch' }
    this.host.hover(null)
  }

  private pinch(event: PointerEvent): void {
    const before = spreadOf([...this.touches.values()])
    this.touches.set(event.pointerId, { x: event.clientX, y: event.clientY })
    const after = spreadOf([...this.touches.values()])
    const box = this.element.getBoundingClientRect()
    this.host.pan(after.x - before.x, after.y - before.y)
    if (before.size > 0 && this.touches.size > 1) {
      this.host.zoomAt(after.size / before.size, after.x - box.left, after.y - box.top)
    }
  }

  private onWheel(event: WheelEvent): void {
    event.preventDefault()
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : NOTCH
    // Chromium turns shift + wheel into a sideways scroll.
    const delta = (event.deltaY === 0 ? event.deltaX : event.deltaY) * unit
    const box = this.element.getBoundingClientRect()
    const zooms = event.ctrlKey || event.metaKey || (this.host.slices === 1 && !event.shiftKey && !event.altKey)
    if (zooms) {
      // A pinch on a trackpad comes as ctrl + wheel with small deltas.
      const step = event.ctrlKey && Math.abs(delta) < NOTCH ? delta * 4 : delta
      this.host.zoomAt(Math.exp(-step * ZOOM_PER_PIXEL), event.clientX - box.left, event.clientY - box.top)
      return
    }
    const steps = this.notches(delta)
    if (steps === 0) return
    if (event.shiftKey) this.host.scaleRadius(1.1 ** -steps)
    else if (event.altKey) this.host.stepOpacity(-0.05 * steps)
    else this.host.stepSlice(steps)
  }

  /** One step for a click of a wheel, however many pixels it claims; small deltas of a trackpad add up. */
  private notches(delta: number): number {
    if (Math.abs(delta) >= NOTCH) {
      this.wheel = 0
      return Math.sign(delta)
    }
    if (Math.sign(delta) !== Math.sign(this.wheel)) this.wheel = 0
    this.wheel += delta
    if (Math.abs(this.wheel) < NOTCH) return 0
    const step = Math.sign(this.wheel)
    this.wheel -= step * NOTCH
    return step
  }

  private keyDown(event: KeyboardEvent): void {
    if (event.key !== ' ' || event.ctrlKey || event.altKey || event.metaKey || this.isTaken(event.target)) return
    event.preventDefault()
    if (event.repeat || this.space !== null) return
    this.space = { since: event.timeStamp, used: this.busy }
    this.host.cursorChanged()
  }

  /** Text fields type a space, buttons and the like are pressed with it. */
  private isTaken(target: EventTarget | null): boolean {
    if (!(target instanceof HTMLElement) || this.element.contains(target)) return false
    return target.isContentEditable || target.closest('input, textarea, select, button, a, [role], summary') !== null
  }

  private keyUp(event: KeyboardEvent): void {
    if (event.key !== ' ' || this.space === null) return
    const isTap = !this.space.used && event.timeStamp - this.space.since < TAP_MS
    this.releaseSpace()
    if (isTap) this.host.swapTools()
  }

  private releaseSpace(): void {
    this.space = null
    this.host.cursorChanged()
  }

  private timed(event: PointerEvent, work: () => void): void {
    const start = performance.now()
    work()
    this.host.sampled(event.timeStamp, performance.now() - start)
  }
}

function isEraser(event: PointerEvent): boolean {
  return event.pointerType === 'pen' && (event.buttons & (PEN_ERASER | PEN_BARREL)) !== 0
}

function spreadOf(points: readonly { x: number; y: number }[]): { x: number; y: number; size: number } {
  const x = points.reduce((sum, point) => sum + point.x, 0) / Math.max(1, points.length)
  const y = points.reduce((sum, point) => sum + point.y, 0) / Math.max(1, points.length)
  const size = points.reduce((sum, point) => sum + Math.hypot(point.x - x, point.y - y), 0)
  return { x, y, size }
}
