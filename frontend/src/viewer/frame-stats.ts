/** The last values of something timed, and where most of them lie. */
export class Timings {
  private readonly values: number[] = []
  private next = 0

  constructor(private readonly capacity = 120) {}

  add(ms: number): void {
    this.values[this.next] = ms
    this.next = (this.next + 1) % this.capacity
  }

  get count(): number {
    return this.values.length
  }

  summary(): { p50: number; p95: number } {
    if (this.values.length === 0) return { p50: 0, p95: 0 }
    const sorted = [...this.values].sort((a, b) => a - b)
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
    return { p50: round(at(0.5)), p95: round(at(0.95)) }
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}

const STEPS = [1, 0.75, 0.5] as const
const SLOW_MS = 24
const FAST_MS = 8
const SAMPLES = 8

/** Lowers the scale of frames drawn during interaction when they are slow for a while, raises it when they are quick. */
export class Quality {
  private step: number
  private slow = 0
  private fast = 0

  constructor(software: boolean) {
    this.step = software ? 1 : 0
  }

  get scale(): number {
    return STEPS[this.step] ?? 1
  }

  record(ms: number): void {
    this.slow = ms > SLOW_MS ? this.slow + 1 : 0
    this.fast = ms < FAST_MS ? this.fast + 1 : 0
    if (this.slow >= SAMPLES && this.step < STEPS.length - 1) this.move(1)
    else if (this.fast >= SAMPLES && this.step > 0) this.move(-1)
  }

  private move(by: number): void {
    this.step += by
    this.slow = 0
    this.fast = 0
  }
}
