import { newUuid } from '../api/uuid'
import type { Clock } from './clock'
import { answerOf, completionOf, LEASES } from './journal'

/** Who hears about the lease of a document: one tab edits it, the others only look. */
export interface LeaseListener {
  onGained(): void
  onLost(): void
  /** Another tab asks for it: bring everything into the journal, then let go. */
  beforeYield(): Promise<void>
}

export interface Lease {
  /** Resolves when it is known whether this tab has it at the start. */
  readonly ready: Promise<void>
  takeOver(): Promise<void>
  release(): Promise<void>
}

export interface LeaseParts {
  /** Missing where there is no secure context. */
  readonly locks: LockManager | undefined
  readonly connect: () => Promise<IDBDatabase>
  readonly channel: (name: string) => BroadcastChannel
  readonly clock: Clock
}

type Message = { kind: 'yield' } | { kind: 'released' } | { kind: 'who' } | { kind: 'alive' }

/** How long the other tab may take to finish its stroke before the lease is taken from it. */
const YIELD_MS = 2_000
/** How long a tab that is alive may take to say so. */
const ALIVE_MS = 400
const LOOK_MS = 50

export function requestLease(name: string, parts: LeaseParts, listener: LeaseListener): Lease {
  const holder =
    parts.locks === undefined ? new StoredHolder(name, parts, listener) : new LockHolder(name, parts.locks, listener)
  return new ChannelLease(name, holder, parts, listener)
}

interface Holder {
  readonly isHeld: boolean
  /** Whether a tab that died may still seem to have the lease. */
  readonly outlivesTab: boolean
  /** Takes the lease if it is free. */
  acquire(): Promise<void>
  steal(): Promise<void>
  release(): Promise<void>
}

/** What both kinds of lease share: the tabs talk to each other so that nobody is cut off in the middle of a stroke. */
class ChannelLease implements Lease {
  readonly ready: Promise<void>
  private readonly channel: BroadcastChannel
  private readonly clock: Clock
  private isReleased = false
  private isAnswered = false

  constructor(
    name: string,
    private readonly holder: Holder,
    parts: LeaseParts,
    private readonly listener: LeaseListener,
  ) {
    this.clock = parts.clock
    this.channel = parts.channel(name)
    this.channel.addEventListener('message', (event: MessageEvent<Message>) => this.heard(event.data))
    this.ready = this.acquire()
  }

  async takeOver(): Promise<void> {
    await this.ready
    if (this.holder.isHeld) return
    this.post({ kind: 'yield' })
    await this.look(YIELD_MS, async () => {
      await this.holder.acquire()
      return this.holder.isHeld
    })
    if (!this.holder.isHeld && !this.isReleased) await this.holder.steal()
  }

  async release(): Promise<void> {
    if (this.isReleased) return
    this.isReleased = true
    await this.ready
    await this.holder.release()
    this.post({ kind: 'released' })
    this.channel.close()
  }

  private async acquire(): Promise<void> {
    await this.holder.acquire()
    if (this.holder.isHeld || !this.holder.outlivesTab) return
    // A crash leaves the lease behind: who does not answer does not edit.
    this.isAnswered = false
    this.post({ kind: 'who' })
    await this.look(ALIVE_MS, async () => this.isAnswered)
    if (!this.isAnswered && !this.isReleased) await this.holder.steal()
  }

  /** Looks every now and then whether something has happened, until `limitMs` have passed. */
  private async look(limitMs: number, hasHappened: () => Promise<boolean>): Promise<void> {
    const until = this.clock.now() + limitMs
    while (!this.isReleased && this.clock.now() < until) {
      await new Promise<void>((resolve) => void this.clock.after(LOOK_MS, resolve))
      if (await hasHappened()) return
    }
  }

  private heard(message: Message): void {
    if (this.isReleased) return
    switch (message.kind) {
      case 'yield':
        if (this.holder.isHeld) void this.listener.beforeYield().finally(() => this.letGo())
        return
      case 'who':
        if (this.holder.isHeld) this.post({ kind: 'alive' })
        return
      case 'alive':
        this.isAnswered = true
        return
      case 'released':
        void this.holder.acquire()
        return
    }
  }

  private async letGo(): Promise<void> {
    if (!this.holder.isHeld) return
    this.listener.onLost()
    await this.holder.release()
  }

  private post(message: Message): void {
    this.channel.postMessage(message)
  }
}

/** The lease as a Web Lock: the browser gives it back when the tab dies. */
class LockHolder implements Holder {
  readonly outlivesTab = false
  isHeld = false
  private letGo: () => void = () => {}
  private released: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly name: string,
    private readonly locks: LockManager,
    private readonly listener: LeaseListener,
  ) {}

  async acquire(): Promise<void> {
    if (!this.isHeld) await this.request({ ifAvailable: true })
  }

  steal(): Promise<void> {
    return this.request({ steal: true })
  }

  async release(): Promise<void> {
    this.isHeld = false
    this.letGo()
    await this.released
  }

  /** Resolves when the lock is granted or refused; it is held until `letGo`. */
  private request(options: LockOptions): Promise<void> {
    return new Promise((resolve) => {
      const held = this.locks.request(this.name, options, (lock) => {
        if (lock === null) return resolve()
        const end = new Promise<void>((letGo) => {
          this.letGo = letGo
        })
        this.isHeld = true
        this.listener.onGained()
        resolve()
        return end
      })
      this.released = held.catch(() => {
        // Only a steal by another tab breaks a lock that is held.
        if (this.isHeld) {
          this.isHeld = false
          this.listener.onLost()
        }
        resolve()
      })
    })
  }
}

interface LeaseRow {
  name: string
  tab: string
  until: number
}

const BEAT_MS = 2_000
const LEASE_MS = 8_000

/** The lease as a row with a time limit, where there are no Web Locks: plain http on a local network. */
class StoredHolder implements Holder {
  readonly outlivesTab = true
  isHeld = false
  private readonly tab = newUuid()
  private cancelBeat: () => void = () => {}

  constructor(
    private readonly name: string,
    private readonly parts: LeaseParts,
    private readonly listener: LeaseListener,
  ) {}

  acquire(): Promise<void> {
    return this.claim(false)
  }

  steal(): Promise<void> {
    return this.claim(true)
  }

  async release(): Promise<void> {
    this.cancelBeat()
    if (!this.isHeld) return
    this.isHeld = false
    try {
      await this.write((row) => (row?.tab === this.tab ? null : undefined))
    } catch {
      // It runs out by itself.
    }
  }

  private async claim(isForced: boolean): Promise<void> {
    const wasHeld = this.isHeld
    this.isHeld = await this.renew(isForced)
    if (this.isHeld && !wasHeld) {
      this.listener.onGained()
      this.beat()
    }
  }

  private beat(): void {
    this.cancelBeat = this.parts.clock.after(BEAT_MS, async () => {
      if (!this.isHeld) return
      if (await this.renew(false)) this.beat()
      else if (this.isHeld) {
        this.isHeld = false
        this.listener.onLost()
      }
    })
  }

  /** Without a database no tab can keep another one out, and the server merges what both draw: then everybody may edit. */
  private async renew(isForced: boolean): Promise<boolean> {
    const now = this.parts.clock.now()
    const mine: LeaseRow = { name: this.name, tab: this.tab, until: now + LEASE_MS }
    try {
      const written = await this.write((row) =>
        isForced || row === undefined || row.tab === this.tab || row.until < now ? mine : undefined,
      )
      return written !== undefined
    } catch {
      return true
    }
  }

  /** Reads and writes the row in one transaction: a row puts it, null deletes it, undefined leaves it. */
  private async write(
    decide: (row: LeaseRow | undefined) => LeaseRow | null | undefined,
  ): Promise<LeaseRow | null | undefined> {
    const database = await this.parts.connect()
    const transaction = database.transaction(LEASES, 'readwrite')
    const leases = transaction.objectStore(LEASES)
    let decided: LeaseRow | null | undefined
    const read = answerOf<LeaseRow | undefined>(leases.get(this.name)).then((row) => {
      decided = decide(row)
      if (decided === null) leases.delete(this.name)
      else if (decided !== undefined) leases.put(decided)
    })
    await Promise.all([read, completionOf(transaction)])
    return decided
  }
}
