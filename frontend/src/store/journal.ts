import type { Bytes } from '../labelmap/bytes'

/** One unsent save of one user. Holds no pixels and no patient data; the uuid is ours. */
export interface JournalEntry {
  readonly uuid: string
  readonly userId: string
  readonly segmentationId: string
  /** The bytes that are sent, fixed from the first write on. */
  readonly body: Bytes
  /** What an undo will change, as a save body that is not sent: so that it is shown after a crash as before it. */
  readonly guess: Bytes | null
  /** Entries of a segmentation are sent in this order. */
  readonly order: number
  readonly at: number
}

export interface UnsentWork {
  readonly userId: string
  readonly segmentationId: string
  readonly strokes: number
}

/** Keeps unsent saves over a crash of the browser. Every promise resolves only when the change is on disk. */
export interface Journal {
  load(userId: string, segmentationId: string): Promise<JournalEntry[]>
  /** Adds and removes in one transaction. */
  change(added: readonly JournalEntry[], removedUuids: readonly string[]): Promise<void>
}

const DATABASE = 'maskloop'
const VERSION = 1
const OPERATIONS = 'operations'
export const LEASES = 'leases'
const BY_DOCUMENT = 'document'
const WRITE_LIMIT_MS = 5_000

type Factory = Pick<IDBFactory, 'open'>

/** The journal of this browser. Opens on first use, and again after the browser has closed it. */
export class IndexedDbJournal implements Journal {
  private connection: Promise<IDBDatabase> | null = null

  constructor(private readonly factory: Factory | undefined = globalThis.indexedDB) {}

  async load(userId: string, segmentationId: string): Promise<JournalEntry[]> {
    const database = await this.connect()
    const transaction = database.transaction(OPERATIONS, 'readonly')
    const index = transaction.objectStore(OPERATIONS).index(BY_DOCUMENT)
    const entries: JournalEntry[] = await answerOf(index.getAll([userId, segmentationId]))
    return entries.sort((a, b) => a.order - b.order || a.at - b.at)
  }

  async change(added: readonly JournalEntry[], removedUuids: readonly string[]): Promise<void> {
    const database = await this.connect()
    // Strict: complete only after the operating system was told to flush. Browsers that do not know it ignore it.
    const transaction = database.transaction(OPERATIONS, 'readwrite', { durability: 'strict' })
    const operations = transaction.objectStore(OPERATIONS)
    for (const uuid of removedUuids) operations.delete(uuid)
    for (const entry of added) operations.put(entry)
    await completionOf(transaction)
  }

  /** What each user has left unsent on this computer, for the notice at sign-in. */
  async unsent(): Promise<UnsentWork[]> {
    const database = await this.connect()
    const index = database.transaction(OPERATIONS, 'readonly').objectStore(OPERATIONS).index(BY_DOCUMENT)
    const strokes = new Map<string, UnsentWork>()
    const keys = await walk(index)
    for (const [userId, segmentationId] of keys) {
      const name = `${userId} ${segmentationId}`
      strokes.set(name, { userId, segmentationId, strokes: (strokes.get(name)?.strokes ?? 0) + 1 })
    }
    return [...strokes.values()]
  }

  /** The open database, for the leases beside the operations. */
  connect(): Promise<IDBDatabase> {
    this.connection ??= this.open().catch((cause: unknown) => {
      this.connection = null
      throw cause
    })
    return this.connection
  }

  async close(): Promise<void> {
    const connection = this.connection
    this.connection = null
    if (connection !== null) (await connection).close()
  }

  private open(): Promise<IDBDatabase> {
    const { factory } = this
    if (factory === undefined) return Promise.reject(new Error('this browser has no IndexedDB here'))
    return within(
      new Promise((resolve, reject) => {
        const request = factory.open(DATABASE, VERSION)
        request.onupgradeneeded = () => {
          const operations = request.result.createObjectStore(OPERATIONS, { keyPath: 'uuid' })
          operations.createIndex(BY_DOCUMENT, ['userId', 'segmentationId'])
          request.result.createObjectStore(LEASES, { keyPath: 'name' })
        }
        request.onsuccess = () => {
          const database = request.result
          const forget = (): void => {
            this.connection = null
          }
          database.onclose = forget
          database.onversionchange = () => {
            forget()
            database.close()
          }
          resolve(database)
        }
        request.onerror = () => reject(request.error)
      }),
    )
  }
}

/** Asks the browser not to throw the journal away when space is low. False where it cannot or will not promise that. */
export async function askForPersistence(): Promise<boolean> {
  try {
    return (await globalThis.navigator?.storage?.persist?.()) ?? false
  } catch {
    return false // Refused or not there (no secure context): the journal works, the browser may evict it.
  }
}

export function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return within(
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    }),
  )
}

export function completionOf(transaction: IDBTransaction): Promise<void> {
  return within(
    new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error ?? new Error('the browser gave up writing'))
      transaction.onerror = () => reject(transaction.error)
    }),
  )
}

function walk(index: IDBIndex): Promise<[string, string][]> {
  return within(
    new Promise((resolve, reject) => {
      const keys: [string, string][] = []
      const request = index.openKeyCursor()
      request.onerror = () => reject(request.error)
      request.onsuccess = () => {
        const cursor = request.result
        if (cursor === null) return resolve(keys)
        if (Array.isArray(cursor.key)) keys.push([String(cursor.key[0]), String(cursor.key[1])])
        cursor.continue()
      }
    }),
  )
}

/** A browser that neither writes nor refuses counts as one that cannot write. */
function within<T>(promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the journal did not answer in time')), WRITE_LIMIT_MS)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
