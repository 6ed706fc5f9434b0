import type { Clock } from './clock'

const REST_MS = 30_000
const INPUTS = ['pointerdown', 'pointermove', 'wheel', 'keydown', 'touchstart'] as const

/** Where input and visibility come from: `document` in a browser. */
export interface InputSource {
  addEventListener(type: string, listener: () => void, options?: AddEventListenerOptions): void
  removeEventListener(type: string, listener: () => void, options?: AddEventListenerOptions): void
  readonly visibilityState: DocumentVisibilityState
}

/** Counts the time in which somebody works: input came within the last 30 s, and the tab is visible. */
export class ActiveTime {
  private total = 0
  private taken = 0
  private countedTo: number
  private restsAt: number
  private readonly onInput = (): void => this.input()
  private readonly onVisibility = (): void => this.visibility()

  constructor(
    private readonly source: InputSource,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    this.countedTo = clock.now()
    this.restsAt = this.countedTo
    for (const type of INPUTS) source.addEventListener(type, this.onInput, { capture: true, passive: true })
    source.addEventListener('visibilitychange', this.onVisibility)
  }

  totalMs(): number {
    this.count()
    return this.total
  }

  /** What has come together since the last call. */
  takeMs(): number {
    const total = Math.round(this.totalMs())
    const part = total - this.taken
    this.taken = total
    return part
  }

  dispose(): void {
    for (const type of INPUTS) this.source.removeEventListener(type, this.onInput, { capture: true })
    this.source.removeEventListener('visibilitychange', this.onVisibility)
  }

  private input(): void {
    if (this.source.visibilityState !== 'visible') return
    this.count()
    this.restsAt = this.clock.now() + REST_MS
  }

  private visibility(): void {
    if (this.source.visibilityState === 'visible') this.countedTo = this.clock.now()
    else {
      this.count()
      this.restsAt = this.clock.now()
    }
  }

  private count(): void {
    const now = this.clock.now()
    const end = Math.min(now, this.restsAt)
    if (end > this.countedTo) this.total += end - this.countedTo
    this.countedTo = now
  }
}
