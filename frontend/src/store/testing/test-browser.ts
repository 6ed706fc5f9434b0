import { IDBFactory } from 'fake-indexeddb'
import { systemClock } from '../clock'
import { type OpenDocument, openDocument } from '../document'
import type { Environment } from '../environment'
import { IndexedDbJournal, type JournalEntry } from '../journal'
import type { LabelStore } from '../label-store'
import { MemoryClient } from './memory-client'
import type { MemoryServer } from './memory-server'

let browsers = 0

/** A browser of one user: its disk outlives the pages, which come and go. */
export class TestBrowser {
  readonly disk = new IDBFactory()
  readonly storage = new MemoryStorage()
  private readonly name = `browser ${browsers++} `

  constructor(
    readonly server: MemoryServer,
    readonly userId: string,
    readonly locks?: LockManager,
  ) {}

  /** Opens the document in a new tab. `prepare` sees the client before the first request. */
  async open(prepare: (page: TestPage) => void = () => {}): Promise<TestPage> {
    const page = new TestPage(this.server, this.userId, this.disk)
    prepare(page)
    const environment: Environment = {
      clock: page,
      journal: page.journal,
      locks: this.locks,
      channel: (name) => page.connect(this.name + name),
      storage: this.storage,
      input: page.input,
      window: page.window as Environment['window'],
    }
    const { id } = this.server
    page.document = await openDocument({ segmentationId: id, userId: this.userId, client: page.client, environment })
    return page
  }

  /** What is on the disk. */
  async unsent(userId = this.userId): Promise<JournalEntry[]> {
    const journal = new IndexedDbJournal(this.disk)
    const entries = await journal.load(userId, this.server.id)
    await journal.close()
    return entries
  }
}

/** One tab. It is its own clock, so that nothing of it goes on after a crash. */
export class TestPage {
  readonly client: MemoryClient
  readonly window = new EventTarget()
  readonly input = Object.assign(new EventTarget(), { visibilityState: 'visible' as DocumentVisibilityState })
  readonly journal: IndexedDbJournal
  /** Makes every write to the disk fail. */
  isDiskFull = false
  isCrashed = false
  /** How much faster its clock goes than ours. */
  speed = 1
  private readonly startedAt = systemClock.now()
  private opened: OpenDocument | null = null
  private readonly channels: BroadcastChannel[] = []

  constructor(server: MemoryServer, userId: string, disk: IDBFactory) {
    this.client = new MemoryClient(server, userId)
    this.journal = new IndexedDbJournal({
      open: (name, version) => {
        if (this.isDiskFull || this.isCrashed) throw new DOMException('no space', 'QuotaExceededError')
        return disk.open(name, version)
      },
    })
  }

  get document(): OpenDocument {
    if (this.opened === null) throw new Error('nothing is open in this page')
    return this.opened
  }

  set document(document: OpenDocument) {
    this.opened = document
  }

  get labels(): LabelStore {
    return this.document.labels
  }

  get saveState(): string {
    return this.document.state.getState().saveState.kind
  }

  now(): number {
    return this.startedAt + (systemClock.now() - this.startedAt) * this.speed
  }

  after(ms: number, task: () => void): () => void {
    return systemClock.after(ms / this.speed, () => {
      if (!this.isCrashed) task()
    })
  }

  random(): number {
    return 0.5
  }

  connect(name: string): BroadcastChannel {
    const channel = new BroadcastChannel(name)
    this.channels.push(channel)
    return channel
  }

  async fillDisk(): Promise<void> {
    await this.journal.close()
    this.isDiskFull = true
  }

  /** The page is gone, with all that it had not written. */
  async crash(): Promise<void> {
    this.isCrashed = true
    this.client.isCrashed = true
    for (const channel of this.channels) channel.close()
    await this.journal.close()
  }

  async close(): Promise<void> {
    if (this.isCrashed) return
    this.document.dispose()
  }
}

/** One stroke: columns [i0, i1) of a row. */
export function paint(labels: LabelStore, number: number, i0: number, i1: number, j = 0, k = 0): void {
  const stroke = labels.beginStroke('brush')
  stroke.fillRun(k, j, i0, i1, number)
  stroke.commit()
}

/** The numbers of columns [i0, i1) of a row. */
export function row(labels: LabelStore, i0: number, i1: number, j = 0, k = 0): number[] {
  return Array.from({ length: i1 - i0 }, (_, n) => labels.labelAt(i0 + n, j, k))
}

/** Waits until `claim` holds; fails by the test's own time limit if it never does. */
export async function until(claim: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await claim())) await new Promise((resolve) => setTimeout(resolve, 1))
}

class MemoryStorage implements Storage {
  private readonly items = new Map<string, string>()

  get length(): number {
    return this.items.size
  }

  clear(): void {
    this.items.clear()
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null
  }

  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null
  }

  removeItem(key: string): void {
    this.items.delete(key)
  }

  setItem(key: string, value: string): void {
    this.items.set(key, value)
  }
}
