import { newUuid } from '../api/uuid'
import { encodeStrokeBody } from '../labelmap/stroke-body'
import type { Clock } from './clock'
import type { Entry } from './entry'
import type { Journal, JournalEntry } from './journal'

/** What becomes an entry. */
export type Edit = Pick<Entry, 'header' | 'patches' | 'segments'>

interface Owner {
  readonly userId: string
  readonly segmentationId: string
}

/** Makes entries and keeps the journal of them; knows whether the journal can be written. */
export class EntryBook {
  /** False since the last write failed: a crash now would lose what is unsent. */
  isWritable = true
  private readonly writes = new Map<string, Promise<void>>()
  private nextOrder = 1

  constructor(
    private readonly journal: Journal,
    private readonly owner: Owner,
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {}

  /** The entries that an earlier session of this user left; empty where the journal cannot be read. */
  async load(): Promise<JournalEntry[]> {
    try {
      const rows = await this.journal.load(this.owner.userId, this.owner.segmentationId)
      for (const { order } of rows) this.nextOrder = Math.max(this.nextOrder, order + 1)
      return rows
    } catch {
      this.isWritable = false // shown as "Not protected"
      this.onChange()
      return []
    }
  }

  make({ header, patches, segments }: Edit): Entry {
    const order = this.nextOrder++
    return {
      uuid: newUuid(),
      order,
      at: this.clock.now(),
      header,
      patches,
      segments,
      body: null,
      guess: null,
      journal: 'writing',
    }
  }

  /** Writes an entry; resolves when it is on disk or cannot be put there. */
  write(entry: Entry): Promise<void> {
    const write = this.attempt(entry).finally(() => {
      this.writes.delete(entry.uuid)
      this.onChange()
    })
    this.writes.set(entry.uuid, write)
    return write
  }

  /** Resolves when the entry is no longer being written. */
  async ready(entry: Entry): Promise<void> {
    await this.writes.get(entry.uuid)
  }

  async allReady(): Promise<void> {
    await Promise.all(this.writes.values())
  }

  /** Tries again to write what could not be written. */
  rescue(entries: readonly Entry[]): void {
    for (const entry of entries) if (entry.journal === 'failed' && !this.writes.has(entry.uuid)) void this.write(entry)
  }

  /** Takes an entry out. One that stays by mistake is sent again some day and gets its first answer again. */
  async remove(entry: Entry): Promise<void> {
    await this.writes.get(entry.uuid)
    try {
      await this.journal.change([], [entry.uuid])
    } catch {
      this.isWritable = false
      this.onChange()
    }
  }

  /** Puts entries in place of others in one transaction, so that a crash leaves the one or the other. */
  async replace(added: readonly Entry[], removed: readonly Entry[]): Promise<void> {
    await Promise.all(added.map((entry) => this.encode(entry)))
    try {
      await this.journal.change(
        added.map((entry) => this.row(entry)),
        removed.map(({ uuid }) => uuid),
      )
      for (const entry of added) entry.journal = 'written'
      this.isWritable = true
    } catch {
      for (const entry of added) entry.journal = 'failed'
      this.isWritable = false
    }
    this.onChange()
  }

  private async attempt(entry: Entry): Promise<void> {
    entry.journal = 'writing'
    try {
      await this.encode(entry)
      await this.journal.change([this.row(entry)], [])
      entry.journal = 'written'
      this.isWritable = true
    } catch {
      entry.journal = 'failed'
      this.isWritable = false
    }
  }

  private async encode(entry: Entry): Promise<void> {
    const { header, patches, segments } = entry
    if (header.undoes === undefined) entry.body ??= await encodeStrokeBody({ header, patches })
    else {
      entry.body ??= await encodeStrokeBody({ header, patches: [] })
      entry.guess ??= await encodeStrokeBody({ header: { ...header, segments: [...segments] }, patches })
    }
  }

  private row({ uuid, body, guess, order, at }: Entry): JournalEntry {
    if (body === null) throw new Error('an entry is not encoded yet')
    return { uuid, ...this.owner, body, guess, order, at }
  }
}
