/** Time and chance, so that tests can hold them. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `task` after `ms`; returns what prevents it. */
  after(ms: number, task: () => void): () => void
  /** In [0, 1). */
  random(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
  random: () => Math.random(),
}

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

/** 1, 2, 4 ... 60 s before attempt 1, 2, 3 ..., a quarter of it by chance so that clients do not come back all at once. */
export function pauseMs(attempt: number, clock: Clock): number {
  const whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 16))
  return Math.round(whole * (0.75 + 0.25 * clock.random()))
}
