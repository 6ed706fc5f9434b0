import type { DecodePool } from '../workers/client'
import type { DecodeReply, GroupFormat } from '../workers/messages'
import { groupKey } from './load-plan'
import type { GroupAddress } from './tile-order'

const IN_FLIGHT = 4
/** A request this far down a new plan is given up when the view itself waits. */
const STALE_RANK = 16
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 30_000

export interface LoaderEvents {
  fetchGroup(level: number, group: number, signal: AbortSignal): Promise<ArrayBuffer>
  formatOf(level: number): GroupFormat
  onGroup(address: GroupAddress, reply: DecodeReply): void
  onProblem(reason: string): void
}

/** Fetches and decodes the groups of a plan, a few at once; stale ones are cancelled, failed ones tried again later. */
export class TileLoader {
  private queue: GroupAddress[] = []
  private readonly inFlight = new Map<number, AbortController>()
  private readonly attempts = new Map<number, number>()
  private readonly waiting = new Map<number, ReturnType<typeof setTimeout>>()
  private disposed = false

  constructor(
    private readonly pool: Pick<DecodePool, 'decode'>,
    private readonly events: LoaderEvents,
  ) {}

  get idle(): boolean {
    return this.queue.length === 0 && this.inFlight.size === 0 && this.waiting.size === 0
  }

  /** Replaces what is wanted. `urgent`: the view itself waits, so far requests make room. */
  want(groups: readonly GroupAddress[], urgent: boolean): void {
    const rank = new Map(groups.map((address, index) => [groupKey(address), index]))
    for (const [key, controller] of this.inFlight) {
      const place = rank.get(key)
      const stale = place === undefined || (urgent && place >= STALE_RANK)
      if (stale && this.inFlight.size >= IN_FLIGHT) controller.abort()
    }
    this.queue = groups.filter((address) => {
      const key = groupKey(address)
      return !this.waiting.has(key) && !this.isRunning(key)
    })
    this.pump()
  }

  dispose(): void {
    this.disposed = true
    this.queue = []
    for (const controller of this.inFlight.values()) controller.abort()
    for (const timer of this.waiting.values()) clearTimeout(timer)
    this.inFlight.clear()
    this.waiting.clear()
  }

  private isRunning(key: number): boolean {
    return this.inFlight.get(key)?.signal.aborted === false
  }

  private pump(): void {
    while (!this.disposed && this.running() < IN_FLIGHT) {
      const next = this.queue.shift()
      if (next === undefined) return
      void this.load(next)
    }
  }

  private running(): number {
    let count = 0
    for (const controller of this.inFlight.values()) if (!controller.signal.aborted) count++
    return count
  }

  private async load(address: GroupAddress): Promise<void> {
    const key = groupKey(address)
    const controller = new AbortController()
    this.inFlight.set(key, controller)
    const finish = (): void => {
      if (this.inFlight.get(key) === controller) this.inFlight.delete(key)
    }
    try {
      const body = await this.events.fetchGroup(address.level, address.group, controller.signal)
      controller.signal.throwIfAborted()
      const reply = await this.pool.decode(body, this.events.formatOf(address.level))
      finish()
      if (this.disposed) return
      this.attempts.delete(key)
      this.events.onGroup(address, reply)
    } catch (error) {
      finish()
      if (this.disposed) return
      if (!controller.signal.aborted) this.retryLater(address, error)
    }
    this.pump()
  }

  private retryLater(address: GroupAddress, error: unknown): void {
    const key = groupKey(address)
    const attempt = (this.attempts.get(key) ?? 0) + 1
    this.attempts.set(key, attempt)
    this.events.onProblem(error instanceof Error ? error.message : String(error))
    const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1))
    const timer = setTimeout(() => {
      this.waiting.delete(key)
      this.queue.unshift(address)
      this.pump()
    }, delay)
    this.waiting.set(key, timer)
  }
}
