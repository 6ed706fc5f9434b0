import type { StoreApi } from 'zustand/vanilla'
import type { SavedRevision, Segmentation, SegmentationApi, UndoKeys } from '../api/segmentations'
import type { SegmentChange, TilePatch } from '../labelmap/stroke-body'
import type { TilesBody } from '../labelmap/tiles-body'
import { ActiveTime } from './active-time'
import { documentActions } from './document-actions'
import type { Access, DocumentActions, DocumentState } from './document-state'
import type { Entry } from './entry'
import { type Edit, EntryBook } from './entry-book'
import type { Environment } from './environment'
import { Ground } from './ground'
import { History } from './history'
import type { FinishedStroke, LabelStore } from './label-store'
import { type Lease, requestLease } from './lease'
import { type LocalSettings, loadSettings, saveSettings } from './local-settings'
import { needsPerson } from './phase'
import { followNumbering, followSettings } from './renumbering'
import type { ResolutionParts } from './resolution'
import { SaveMachine } from './save-machine'
import { SegmentBook } from './segment-book'
import { entriesOf } from './stored-entries'

export interface SessionParts {
  readonly api: SegmentationApi
  readonly environment: Environment
  readonly labels: LabelStore
  readonly state: StoreApi<DocumentState>
  readonly userId: string
  readonly segmentation: Segmentation
}

const VIEWS_PAUSE_MS = 100
const LINGER_MS = 10_000
const READ_EVERY_MS = 30_000

/** Everything between the labels and the server for one open segmentation, and the state that React sees of it. */
export class DocumentSession {
  readonly actions: DocumentActions
  readonly ground: Ground
  readonly history = new History()
  readonly book: EntryBook
  readonly machine: SaveMachine
  readonly segments: SegmentBook
  readonly settings: LocalSettings
  readonly activeTime: ActiveTime
  /** Labels whose next block of numbers is under way. */
  readonly refills = new Set<string>()
  /** While entries are rewritten an undo could name one that is about to get another uuid. */
  isResolving = false
  /** While a renumbering is followed nothing is drawn: it would speak in numbers that are about to change. */
  isFollowing = false
  private readonly lease: Lease
  private readonly startedAt = new Map<string, number>()
  private ends: (() => void)[] = []
  private cancelViews: (() => void) | null = null
  private hasLease = false
  private gaining: Promise<void> = Promise.resolve()
  private lastReadAt = 0
  private isGone = false

  constructor(readonly parts: SessionParts) {
    const { api, environment, labels, userId, segmentation } = parts
    const { clock, journal, locks, channel } = environment
    const segmentationId = segmentation.id
    this.settings = loadSettings(`${segmentationId}.${userId}`, environment.storage)
    this.segments = new SegmentBook(segmentation.segments)
    this.activeTime = new ActiveTime(environment.input, clock)
    this.ground = new Ground(labels)
    this.book = new EntryBook(journal, { userId, segmentationId }, clock, () => this.publish())
    const numbering = (): number => this.numbering
    const machineParts = { api, book: this.book, ground: this.ground, labels, segmentationId, userId, clock, numbering }
    this.machine = new SaveMachine(machineParts, {
      onChange: () => this.publish(),
      onSaved: (entry, revision, drawn) => this.saved(entry, revision, drawn),
      onDropped: (entry) => this.history.remove(entry.uuid, undefined),
      onDispute: (dispute) => {
        // Mine left there what was there before, or the same as theirs: nothing to decide.
        if (dispute.conflict.voxels === 0) void this.actions.resolveConflict(new Map())
      },
      onRead: () => this.read(),
      onRenumbered: () => followNumbering(this),
    })
    labels.setEditable(false)
    labels.onStroke = (stroke) => this.stroke(stroke)
    this.actions = documentActions(this)
    const leaseParts = { locks, connect: () => journal.connect(), channel, clock }
    this.lease = requestLease(`maskloop:${segmentationId}`, leaseParts, {
      onGained: () => {
        this.gaining = this.gain()
      },
      onLost: () => this.lose(),
      beforeYield: () => this.finish(),
    })
  }

  get resolution(): ResolutionParts {
    const { machine, book, history } = this
    return { machine, book, history, labels: this.parts.labels }
  }

  /** The renumbering that everything here follows. */
  get numbering(): number {
    return this.parts.state.getState().segmentation.numbering
  }

  get isEditor(): boolean {
    return this.hasLease && this.parts.state.getState().segmentation.state === 'open'
  }

  async start(tiles: TilesBody, undoKeys: UndoKeys): Promise<void> {
    const { api, segmentation, labels } = this.parts
    await followSettings(this)
    this.ground.apply(tiles, true)
    this.history.reset(undoKeys)
    this.setLayers()
    labels.setLocked(new Set(this.settings.locked))
    this.parts.state.setState({ labelStyle: { ...this.settings.style } })
    this.machine.start()
    await this.lease.ready
    await this.gaining
    this.publishAccess()
    this.ends.push(api.watch(segmentation.id, this.revisionListener()))
    this.ends.push(labels.subscribe(() => this.scheduleViews()))
    this.listen()
    this.publishSegments()
    this.publish()
  }

  /** Adds an edit to what is unsent. `isDrawn`: its voxels are in place. */
  save(edit: Edit, isDrawn: boolean): Entry {
    const { numbering } = this
    const header = numbering === 0 ? edit.header : { ...edit.header, numbering }
    const entry = this.machine.add({ ...edit, header }, isDrawn)
    this.startedAt.set(entry.uuid, this.parts.environment.clock.now())
    this.history.add(entry.uuid, edit.header.undoes)
    for (const change of edit.segments) this.segments.apply(change)
    if (edit.segments.length > 0) this.publishSegments()
    this.publish()
    return entry
  }

  saveSettings(): void {
    const { environment, segmentation, userId } = this.parts
    saveSettings(`${segmentation.id}.${userId}`, this.settings, environment.storage)
  }

  takeOver(): Promise<void> {
    return this.lease.takeOver().then(() => this.gaining)
  }

  /** Reads the rows of the segmentation again: names, states, new numbers, open or closed. */
  async readSegmentation(): Promise<void> {
    const segmentation = await this.parts.api.read(this.parts.segmentation.id)
    if (this.isGone) return
    if (segmentation.numbering === this.numbering) this.adopt(segmentation)
    else this.machine.requestRead()
  }

  /** Takes over what the server says of the segmentation, in the numbers of the tiles that are shown. */
  adopt(segmentation: Segmentation): void {
    this.parts.state.setState({ segmentation })
    this.resetSegments()
    this.setLayers()
    this.publishAccess()
  }

  /** Puts the unsent changes over the rows of the server again. */
  resetSegments(): void {
    this.segments.reset(this.parts.state.getState().segmentation.segments, this.unsentChanges())
    this.publishSegments()
  }

  publishSegments(): void {
    this.cancelViews?.()
    this.cancelViews = null
    const { labels, state } = this.parts
    const settings = { hidden: new Set(this.settings.hidden), locked: new Set(this.settings.locked) }
    state.setState({ segments: this.segments.views(settings, (number) => labels.voxelCount(number)) })
  }

  publish(): void {
    const { state } = this.parts
    const { machine, history, ground } = this
    const { phase } = machine
    const before = state.getState().saveState
    const after = machine.saveState
    state.setState({
      saveState: JSON.stringify(before) === JSON.stringify(after) ? before : after,
      revision: ground.seq,
      undoKey: history.undoKey,
      redoKey: history.redoKey,
      pending: machine.entries.length,
      conflict: phase.kind === 'conflict' && needsPerson(phase) ? phase.dispute.conflict : null,
      refusal: phase.kind === 'refused' ? phase.refusal : null,
    })
  }

  /** Stops being seen; sends what is left for a while. */
  async leave(): Promise<void> {
    for (const end of this.ends) end()
    this.ends = []
    this.cancelViews?.()
    this.activeTime.dispose()
    this.parts.labels.setEditable(false)
    const { clock } = this.parts.environment
    let cancel = (): void => {}
    const limit = new Promise<void>((resolve) => {
      cancel = clock.after(LINGER_MS, resolve)
    })
    await Promise.race([Promise.all([this.book.allReady(), this.machine.settled()]), limit])
    cancel()
    await this.end()
  }

  /** Lets go now; what is unsent lies in the journal. */
  async end(): Promise<void> {
    if (this.isGone) return
    this.isGone = true
    await this.book.allReady()
    this.machine.stop()
    await this.lease.release()
  }

  private stroke({ tool, patches }: FinishedStroke): void {
    const header = { tool: tool.trim().slice(0, 60) || 'brush', active_ms: this.activeTime.takeMs() }
    this.save({ header, patches, segments: [] }, true)
  }

  private saved(entry: Entry, revision: SavedRevision, drawn: readonly TilePatch[]): void {
    this.history.remember(entry.uuid, { patches: drawn, segments: entry.segments })
    const startedAt = this.startedAt.get(entry.uuid)
    this.startedAt.delete(entry.uuid)
    const saveMs = startedAt === undefined ? null : this.parts.environment.clock.now() - startedAt
    this.parts.state.setState({ saveMs, skippedVoxels: revision.skipped ?? 0 })
    this.savedFields(entry)
    if (this.machine.entries.length === 0 && this.history.needsServer) void this.readUndo()
  }

  /** Changed fields are part of the server's rows now; what an undo changed only the server knows for sure. */
  private savedFields({ header, patches, segments }: Entry): void {
    if (header.undoes !== undefined) {
      if (segments.length > 0 || patches.length === 0) this.refreshSegmentation()
      return
    }
    if (segments.length === 0) return
    const { state } = this.parts
    const { segmentation } = state.getState()
    const rows = new SegmentBook(segmentation.segments)
    for (const change of segments) rows.apply(change)
    state.setState({ segmentation: { ...segmentation, segments: [...rows.rows] } })
  }

  private read(): void {
    const { environment, labels } = this.parts
    this.lastReadAt = environment.clock.now()
    const isUnknown = labels.numbers().some((number) => this.segments.rowOf(number) === null)
    if (isUnknown) this.refreshSegmentation()
    this.scheduleViews()
    this.publish()
  }

  refreshSegmentation(): void {
    this.readSegmentation().catch(() => {
      // The names are shown as they were; the next notice or refresh reads them again.
    })
  }

  /** Asks the server what can be undone next, unless something is done meanwhile. */
  async readUndo(): Promise<void> {
    const { length } = this.history
    try {
      const keys = await this.parts.api.readUndo(this.parts.segmentation.id)
      if (this.history.length !== length || this.machine.entries.length > 0) return
      this.history.reset(keys)
      this.publish()
    } catch {
      // What is known here still can be undone; the next save asks again.
    }
  }

  private unsentChanges(): SegmentChange[] {
    return this.machine.entries.flatMap((entry) => (this.machine.isOfNow(entry) ? entry.segments : []))
  }

  private setLayers(): void {
    for (const { number, last_number, layer } of this.segments.rows) {
      this.parts.labels.setLayer(number, last_number, layer)
    }
  }

  /** This tab edits now: whatever an earlier one left in the journal comes first. */
  private async gain(): Promise<void> {
    this.hasLease = true
    this.readSpare()
    const rows = await this.book.load()
    const known = new Set(this.machine.entries.map(({ uuid }) => uuid))
    const fresh = rows.filter(({ uuid }) => !known.has(uuid))
    const entries = await entriesOf(fresh, this.parts.labels.shape)
    if (this.isGone) return
    for (const entry of entries) {
      this.history.add(entry.uuid, entry.header.undoes)
      if (this.machine.isOfNow(entry)) for (const change of entry.segments) this.segments.apply(change)
    }
    if (entries.length > 0) this.history.askServer()
    this.machine.load(entries)
    this.machine.wake()
    this.publishAccess()
    this.publishSegments()
  }

  /** An earlier editor, in another tab, may have used spare numbers since this one was opened. */
  private readSpare(): void {
    const { environment, segmentation, userId } = this.parts
    const stored = loadSettings(`${segmentation.id}.${userId}`, environment.storage)
    this.settings.spare = stored.numbering === this.numbering ? stored.spare : {}
  }

  /** Another tab edits now. It sends what is in the journal; what is not stays here. */
  private lose(): void {
    this.hasLease = false
    this.publishAccess()
    this.parts.labels.whenIdle(() => {
      this.machine.release(this.machine.entries.filter(({ journal }) => journal !== 'written'))
      this.machine.requestRead()
    })
  }

  /** Ends the stroke in progress and brings everything into the journal, before another tab takes over. */
  private async finish(): Promise<void> {
    const { labels } = this.parts
    labels.setEditable(false)
    await new Promise<void>((resolve) => labels.whenIdle(resolve))
    await this.book.allReady()
  }

  publishAccess(): void {
    const { labels, state } = this.parts
    const isOpen = state.getState().segmentation.state === 'open'
    const access: Access = !isOpen ? { kind: 'closed' } : this.hasLease ? { kind: 'editor' } : { kind: 'other-tab' }
    labels.setEditable(access.kind === 'editor' && !this.isGone && !this.isFollowing)
    state.setState({ access })
  }

  private scheduleViews(): void {
    this.cancelViews ??= this.parts.environment.clock.after(VIEWS_PAUSE_MS, () => {
      this.cancelViews = null
      // Counting 10,000 instances is not the pointer's business: after the stroke is soon enough.
      if (this.parts.labels.isDrawing) this.scheduleViews()
      else this.publishSegments()
    })
  }

  private revisionListener(): Parameters<SegmentationApi['watch']>[1] {
    return {
      onRevision: ({ seq, positions }) => {
        if (positions.length === 0 && seq > this.ground.seq) this.refreshSegmentation()
        this.machine.notice(seq)
      },
      onOpen: () => this.machine.requestRead(),
    }
  }

  private listen(): void {
    const { window, clock } = this.parts.environment
    const onBack = (): void => {
      this.machine.wake()
      if (clock.now() - this.lastReadAt > READ_EVERY_MS) this.machine.requestRead()
    }
    const onLeave = (event: Event): void => {
      const isUnprotected = this.machine.entries.some(({ journal }) => journal === 'failed')
      if (isUnprotected || this.machine.phase.kind === 'refused') event.preventDefault()
    }
    window.addEventListener('online', onBack)
    window.addEventListener('focus', onBack)
    window.addEventListener('beforeunload', onLeave)
    this.ends.push(() => {
      window.removeEventListener('online', onBack)
      window.removeEventListener('focus', onBack)
      window.removeEventListener('beforeunload', onLeave)
    })
  }
}
