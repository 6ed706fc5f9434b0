import type { SavedRevision, SegmentationApi } from '../api/segmentations'
import type { TilePatch } from '../labelmap/stroke-body'
import { type Clock, pauseMs } from './clock'
import { type Dispute, findDispute } from './conflicts'
import type { Refusal, SaveState } from './document-state'
import { type Entry, editOf } from './entry'
import type { Edit, EntryBook } from './entry-book'
import type { Ground, PendingEdit } from './ground'
import type { LabelStore } from './label-store'
import { outcomeOf } from './outcome'
import { isBlocking, needsPerson, type Phase, saveStateOf } from './phase'
import { TileReader } from './tile-reader'

export interface MachineParts {
  readonly api: SegmentationApi
  readonly book: EntryBook
  readonly ground: Ground
  readonly labels: LabelStore
  readonly segmentationId: string
  readonly userId: string
  readonly clock: Clock
  /** The renumbering that ground and queue follow. */
  readonly numbering: () => number
}

export interface MachineListener {
  onChange(): void
  /** The server has stored `entry`; its effect here is `drawn`. */
  onSaved(entry: Entry, revision: SavedRevision, drawn: readonly TilePatch[]): void
  /** An entry was given up, because somebody had undone it already. */
  onDropped(entry: Entry): void
  /** The machine stands until the dispute is resolved. */
  onDispute(dispute: Dispute): void
  /** Tiles of the server were put in place. */
  onRead(): void
  /** The server uses other numbers: says ground and queue in those. False: it could not be asked; again later. */
  onRenumbered(): Promise<boolean>
}

/** After this many refusals as stale in a row without a voxel that differs, it is treated like no answer. */
const STALE_LIMIT = 3
const USER_CHECK_MS = 60_000

/**
 * Sends what is unsent: in order, one request at a time, the same bytes until there is an answer that is ours. It alone talks to
 * the server about this segmentation, so a read of tiles never overlaps with a save.
 */
export class SaveMachine {
  phase: Phase = { kind: 'idle' }
  private queue: Entry[] = []
  private attempt = 0
  private staleAnswers = 0
  private userCheckedAt = Number.NEGATIVE_INFINITY
  private isRunning = false
  private isCalled = false
  private isActive = false
  private jobs: { run: () => Promise<void>; reject: (cause: Error) => void }[] = []
  private cancelTimer: () => void = () => {}
  private settlers: (() => void)[] = []
  private readonly reader: TileReader

  constructor(
    private readonly parts: MachineParts,
    private readonly listener: MachineListener,
  ) {
    this.reader = new TileReader(parts)
  }

  get entries(): readonly Entry[] {
    return this.queue
  }

  get isBlocked(): boolean {
    return isBlocking(this.phase)
  }

  get saveState(): SaveState {
    return saveStateOf(this.phase, this.queue, this.parts.book.isWritable, this.parts.ground.seq)
  }

  /** Whether an entry speaks in the numbers that are shown; one of before a renumbering is shown once it is said anew. */
  isOfNow({ header }: Entry): boolean {
    return (header.numbering ?? 0) === this.parts.numbering()
  }

  /** Queues entries of an earlier session, which are in the journal already. */
  load(entries: readonly Entry[]): void {
    this.queue.push(...entries)
    for (const entry of entries) this.parts.ground.add(this.shown(entry), false)
    this.listener.onChange()
  }

  start(): void {
    this.isActive = true
    this.wake()
  }

  /** Sends nothing more; a request under way goes on, and its answer is not heard. */
  stop(): void {
    this.isActive = false
    this.cancelTimer()
    this.rejectJobs()
    this.checkSettled()
  }

  /** A new entry: written first, then sent. `isDrawn`: its voxels are in place. */
  add(edit: Edit, isDrawn: boolean): Entry {
    const { book, ground } = this.parts
    const entry = book.make(edit)
    this.queue.push(entry)
    ground.add(this.shown(entry), isDrawn)
    book.rescue(this.queue)
    void book.write(entry)
    if (this.phase.kind === 'idle') this.enter({ kind: 'journalling' })
    else this.listener.onChange()
    this.run()
    return entry
  }

  /** Takes over entries that were rewritten: the pause, the conflict or the refusal is over. */
  replaceQueue(entries: readonly Entry[]): void {
    this.queue = [...entries]
    this.parts.ground.replacePending(entries.map((entry) => this.shown(entry)))
    this.unblock()
  }

  /** Forgets entries without sending them, as another tab will. */
  release(kept: readonly Entry[]): void {
    this.queue = [...kept]
    this.parts.ground.replacePending(kept.map((entry) => this.shown(entry)))
    this.listener.onChange()
    this.checkSettled()
  }

  /** Tries at once: the network came back, the window has the focus, the user asked. */
  wake(): void {
    this.attempt = 0
    this.reader.hurry()
    this.parts.book.rescue(this.queue)
    this.userCheckedAt = Number.NEGATIVE_INFINITY
    if (this.phase.kind === 'waiting' || this.phase.kind === 'signedOut') this.enter({ kind: 'queued' })
    this.run()
  }

  /** The user has decided something: goes on whatever the phase. */
  unblock(): void {
    this.attempt = 0
    this.staleAnswers = 0
    this.enter({ kind: this.queue.length === 0 ? 'idle' : 'queued' })
    this.run()
  }

  /** The server is known, or supposed, to have more than this client. */
  requestRead(isWhole = false): void {
    this.reader.want(isWhole)
    this.run()
  }

  /** A revision was announced. Our own may be among them, before its answer. */
  notice(seq: number): void {
    this.reader.notice(seq)
    this.run()
  }

  /** Runs `job` while nothing is unsent and nothing else talks to the server. Rejects when the queue cannot get empty by itself. */
  exclusive<T>(job: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.jobs.push({ run: () => job().then(resolve, reject), reject })
      this.rejectJobs()
      this.run()
    })
  }

  /** Resolves when everything is saved and read, or when it cannot go on without a person, the network or a pause. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.settlers.push(resolve)
      this.checkSettled()
    })
  }

  private shown(entry: Entry): PendingEdit {
    const edit = editOf(entry)
    return this.isOfNow(entry) ? edit : { ...edit, patches: [] }
  }

  private run(): void {
    this.isCalled = true
    if (this.isRunning || !this.isActive) return
    this.isRunning = true
    void this.loop()
  }

  private async loop(): Promise<void> {
    try {
      // A call that comes while a step looks for something to do is not lost: it looks once more.
      while (this.isActive && this.isCalled) {
        this.isCalled = false
        while (this.isActive && (await this.step())) {
          // each step is one exchange with the server
        }
      }
    } finally {
      this.isRunning = false
      this.checkSettled()
    }
  }

  /** Does the next thing; false when there is nothing to do now. */
  private async step(): Promise<boolean> {
    const { book } = this.parts
    const head = this.queue[0]
    const isPaused = this.phase.kind === 'waiting' || this.phase.kind === 'signedOut'
    // During a conflict the ground stands still, so that what the user decides is what she sees.
    const mayRead = !isPaused && this.phase.kind !== 'conflict'
    if (mayRead && this.reader.isDue(head === undefined || this.isBlocked)) return this.read()
    if (this.isBlocked || isPaused) return false
    if (head !== undefined) {
      if (head.journal === 'writing') this.enter({ kind: 'journalling' })
      await book.ready(head)
      if (!this.isActive || this.queue[0] !== head) return this.isActive
      await this.send(head)
      return true
    }
    if (this.phase.kind !== 'idle') this.enter({ kind: 'idle' })
    const job = this.jobs.shift()
    if (job === undefined) return false
    await job.run()
    return true
  }

  private async send(entry: Entry): Promise<void> {
    const { api, segmentationId, userId } = this.parts
    if (entry.body === null) {
      const refusal = {
        status: 0,
        code: 'not-encoded',
        title: 'This browser cannot pack the stroke',
        detail: '',
        numbers: [],
      }
      return this.enter({ kind: 'refused', refusal })
    }
    this.enter({ kind: 'sending' })
    let revision: SavedRevision
    try {
      if (!(await this.isOurSession())) return this.isActive ? this.enter({ kind: 'signedOut' }) : undefined
      if (!this.isActive) return
      revision = await api.save(segmentationId, entry.uuid, entry.body, userId)
    } catch (cause) {
      if (this.isActive) await this.refuse(entry, cause)
      return
    }
    if (!this.isActive) return
    this.enter({ kind: 'checking' })
    this.attempt = 0
    this.staleAnswers = 0
    await this.accept(entry, revision)
  }

  private async accept(entry: Entry, revision: SavedRevision): Promise<void> {
    const { book, ground } = this.parts
    const take = (): void => {
      const drawn = ground.drawn(entry.uuid)
      this.queue = this.queue.filter((other) => other !== entry)
      if (ground.acknowledge(entry.uuid, revision.seq, revision.parent)) this.reader.want()
      this.listener.onSaved(entry, revision, drawn)
    }
    // The answer to a repeat may move voxels that are shown: not under an open stroke.
    if (revision.seq <= ground.seq) await this.whenIdle(take)
    else take()
    void book.remove(entry)
    this.enter({ kind: this.queue.length === 0 ? 'idle' : 'queued' })
  }

  private async refuse(entry: Entry, cause: unknown): Promise<void> {
    const outcome = outcomeOf(cause)
    switch (outcome.kind) {
      case 'again':
        return this.wait(outcome.afterMs)
      case 'signedOut':
        this.userCheckedAt = Number.NEGATIVE_INFINITY
        return this.enter({ kind: 'signedOut' })
      case 'refused':
        return this.enter({ kind: 'refused', refusal: outcome.refusal })
      case 'undone':
        return this.giveUp(entry)
      case 'stale':
        return this.compare()
      case 'renumbered':
        return this.renumber(entry, outcome.refusal)
    }
  }

  private async renumber(entry: Entry, refusal: Refusal): Promise<void> {
    const isDone = await this.listener.onRenumbered()
    if (!this.isActive) return
    if (!isDone) return this.wait(null)
    // One that cannot be read here cannot be said anew either: it is kept, and shown.
    if (this.queue[0] === entry) this.enter({ kind: 'refused', refusal })
  }

  private async giveUp(entry: Entry): Promise<void> {
    const { book, ground } = this.parts
    await this.whenIdle(() => {
      this.queue = this.queue.filter((other) => other !== entry)
      ground.replacePending(this.queue.map((other) => this.shown(other)))
    })
    this.reader.want()
    this.listener.onDropped(entry)
    await book.remove(entry)
    this.enter({ kind: this.queue.length === 0 ? 'idle' : 'queued' })
  }

  /** The server says that voxels changed under the head: reads them and looks which. */
  private async compare(): Promise<void> {
    this.staleAnswers += 1
    const isRead = await this.read()
    if (!this.isActive || this.isBlocked) return
    if (!isRead) return this.wait(null)
    const dispute = await this.whenIdle(() => findDispute(this.parts.ground.chains()))
    if (dispute !== null) {
      this.enter({ kind: 'conflict', dispute })
      this.listener.onDispute(dispute)
    } else if (this.staleAnswers >= STALE_LIMIT) this.wait(null)
  }

  /** Reads what is newer than the ground. True: go on. */
  private async read(): Promise<boolean> {
    const result = await this.reader.read(() => this.isActive)
    if (!this.isActive) return false
    if (result === 'signedOut' && this.phase.kind !== 'refused') this.enter({ kind: 'signedOut' })
    if (result === 'failed') this.parts.clock.after(this.reader.pauseMs, () => this.run())
    if (result === 'read') this.listener.onRead()
    if (result === 'renumbered') return this.followNumbering()
    return result === 'read'
  }

  /** What is unsent is sent first: the server knows whether it has it, and says so if it must be said anew. */
  private async followNumbering(): Promise<boolean> {
    if (this.queue.length > 0 && this.phase.kind !== 'refused') return true
    const isDone = await this.listener.onRenumbered()
    if (!isDone) this.parts.clock.after(pauseMs(1, this.parts.clock), () => this.requestRead())
    return isDone
  }

  private wait(afterMs: number | null): void {
    const { clock } = this.parts
    this.attempt += 1
    const pause = Math.max(afterMs ?? 0, pauseMs(this.attempt, clock))
    this.enter({ kind: 'waiting', retryAt: clock.now() + pause })
    this.cancelTimer()
    this.cancelTimer = clock.after(pause, () => {
      if (this.phase.kind !== 'waiting') return
      this.enter({ kind: 'queued' })
      this.run()
    })
  }

  /** A cookie belongs to the browser, not to the page: somebody else may have signed in beside us. */
  private async isOurSession(): Promise<boolean> {
    const { api, clock, userId } = this.parts
    if (clock.now() - this.userCheckedAt < USER_CHECK_MS) return true
    if ((await api.readUserId()) !== userId) return false
    this.userCheckedAt = clock.now()
    return true
  }

  /** What others drew, and what moves mine, must not appear under a stroke in progress. */
  private whenIdle<T>(task: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.parts.labels.whenIdle(() => {
        try {
          resolve(task())
        } catch (cause) {
          reject(cause)
        }
      })
    })
  }

  private rejectJobs(): void {
    if (!this.isBlocked && this.phase.kind !== 'waiting' && this.isActive) return
    const jobs = this.jobs
    this.jobs = []
    for (const { reject } of jobs) reject(new Error('this needs everything to be saved first'))
  }

  private enter(phase: Phase): void {
    this.phase = phase
    this.rejectJobs()
    this.listener.onChange()
    this.checkSettled()
  }

  private checkSettled(): void {
    const { kind } = this.phase
    const isDone = this.queue.length === 0 && !this.reader.isNeeded && !this.isRunning && this.jobs.length === 0
    const isStuck =
      needsPerson(this.phase) ||
      kind === 'waiting' ||
      !this.isActive ||
      (this.reader.isFailing && this.queue.length === 0)
    if (!isDone && !isStuck) return
    const settlers = this.settlers
    this.settlers = []
    for (const settle of settlers) settle()
  }
}
