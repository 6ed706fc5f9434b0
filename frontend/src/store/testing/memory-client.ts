import { type ApiProblem, NoAnswer } from '../../api/http'
import type { SegmentationApi } from '../../api/segmentations'
import type { Bytes } from '../../labelmap/bytes'
import type { MemoryServer } from './memory-server'

/** What happens to one save on its way. */
export type Fault =
  /** It never arrives. */
  | 'lost-request'
  /** It is stored, and the answer never arrives. */
  | 'lost-answer'
  /** A proxy answers with a page of its own. */
  | 'proxy-page'
  /** It is stored, and a proxy answers in place of the server. */
  | 'stored-behind-proxy'
  | ApiProblem

export interface SentSave {
  readonly key: string
  readonly body: Bytes
  readonly userId: string
}

/** One browser's way to the server, with a network that can fail, and whose session somebody else can take. */
export class MemoryClient implements SegmentationApi {
  isOnline = true
  /** No call ever ends. */
  isCrashed = false
  signedInAs: string | null
  /** Taken one per save. */
  faults: Fault[] = []
  /** Drops the notices of others' revisions. */
  isDeaf = false
  readonly sent: SentSave[] = []
  readonly reads: number[] = []
  inFlight = 0
  mostInFlight = 0
  /** Waits before the server sees a call; replace it to hold calls back. */
  delay: () => Promise<void> = () => new Promise((resolve) => setTimeout(resolve, 0))

  constructor(
    private readonly server: MemoryServer,
    readonly userId: string,
  ) {
    this.signedInAs = userId
  }

  read: SegmentationApi['read'] = () => this.call(() => this.server.segmentation())

  readTiles: SegmentationApi['readTiles'] = (_id, since) => {
    this.reads.push(since)
    return this.call(async () => {
      const { numbering } = this.server
      return { bytes: await this.server.tilesSince(since), numbering }
    })
  }

  readNumbering: SegmentationApi['readNumbering'] = (_id, since) => this.call(() => this.server.numberingSince(since))

  save: SegmentationApi['save'] = async (_id, key, body, userId) => {
    this.sent.push({ key, body: body.slice(), userId })
    this.inFlight += 1
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    try {
      return await this.faulty(key, body)
    } finally {
      this.inFlight -= 1
    }
  }

  readUndo: SegmentationApi['readUndo'] = () => this.call(() => this.server.undoKeys(this.userId))

  takeNumbers: SegmentationApi['takeNumbers'] = (_id, key, numbers) =>
    this.call(() => this.server.takeNumbers(key, this.userId, numbers))

  operate: SegmentationApi['operate'] = (_id, key, operation) =>
    this.call(() => this.server.operate(key, this.userId, operation))

  readUserId: SegmentationApi['readUserId'] = () => this.call(() => this.signedInAs)

  watch: SegmentationApi['watch'] = (_id, listener) =>
    this.server.listen((notice) => {
      if (!this.isDeaf && this.isOnline) setTimeout(() => listener.onRevision(notice), 0)
    })

  private async faulty(key: string, body: Bytes): ReturnType<SegmentationApi['save']> {
    const fault = this.faults.shift()
    await this.arrive()
    this.requireNetwork()
    if (fault === 'lost-request' || fault === 'proxy-page') throw new NoAnswer(fault)
    if (fault !== undefined && typeof fault !== 'string') throw fault
    const saved = await this.server.save(key, body, this.signedInAs ?? 'nobody')
    await this.arrive()
    if (fault !== undefined) throw new NoAnswer(fault)
    this.requireNetwork()
    return saved
  }

  private async call<T>(task: () => T | Promise<T>): Promise<T> {
    await this.arrive()
    this.requireNetwork()
    return task()
  }

  private requireNetwork(): void {
    if (!this.isOnline) throw new NoAnswer('offline')
  }

  /** What a page that is gone waits for. */
  private async arrive(): Promise<void> {
    await this.delay()
    if (this.isCrashed) await new Promise(() => {})
  }
}
