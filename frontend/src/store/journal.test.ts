import { IDBFactory } from 'fake-indexeddb'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { IndexedDbJournal, type JournalEntry } from './journal'

function entry(uuid: string, order: number, change: Partial<JournalEntry> = {}): JournalEntry {
  return {
    uuid,
    userId: 'ada',
    segmentationId: 'seg',
    body: Uint8Array.of(order),
    guess: null,
    order,
    at: 0,
    ...change,
  }
}

afterEach(() => vi.useRealTimers())

describe('the journal', () => {
  test('gives entries back in the order of the strokes, with their very bytes, also to a new page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.uuid(), { maxLength: 12 }),
        fc.uint8Array({ maxLength: 40 }),
        async (uuids, bytes) => {
          const disk = new IDBFactory()
          const journal = new IndexedDbJournal(disk)
          const entries = uuids.map((uuid, n) => entry(uuid, n, { body: Uint8Array.from([...bytes, n]) }))
          // Written all at once and in another order: what counts is `order`.
          await Promise.all(entries.toReversed().map((each) => journal.change([each], [])))

          expect(await new IndexedDbJournal(disk).load('ada', 'seg')).toEqual(entries)
        },
      ),
      { numRuns: 25 },
    )
  })

  test('keeps users and segmentations apart, and counts what each has left', async () => {
    const journal = new IndexedDbJournal(new IDBFactory())
    await journal.change(
      [entry('a', 1), entry('b', 2), entry('c', 1, { userId: 'bob' }), entry('d', 1, { segmentationId: 'other' })],
      [],
    )

    expect((await journal.load('ada', 'seg')).map(({ uuid }) => uuid)).toEqual(['a', 'b'])
    expect(await journal.load('eve', 'seg')).toEqual([])
    expect(await journal.unsent()).toEqual([
      { userId: 'ada', segmentationId: 'other', strokes: 1 },
      { userId: 'ada', segmentationId: 'seg', strokes: 2 },
      { userId: 'bob', segmentationId: 'seg', strokes: 1 },
    ])
  })

  test('replaces an entry by another one in one step', async () => {
    const journal = new IndexedDbJournal(new IDBFactory())
    await journal.change([entry('old', 1), entry('next', 2)], [])

    await journal.change([entry('new', 1)], ['old'])

    expect((await journal.load('ada', 'seg')).map(({ uuid }) => uuid)).toEqual(['new', 'next'])
  })

  test('opens again after the browser has closed it', async () => {
    const journal = new IndexedDbJournal(new IDBFactory())
    await journal.change([entry('a', 1)], [])
    await journal.close()

    expect(await journal.load('ada', 'seg')).toHaveLength(1)
  })

  test('asks for a strict write', async () => {
    const journal = new IndexedDbJournal(new IDBFactory())
    const database = await journal.connect()
    const transaction = vi.spyOn(database, 'transaction')

    await journal.change([entry('a', 1)], [])

    expect(transaction).toHaveBeenCalledWith('operations', 'readwrite', { durability: 'strict' })
  })

  test('that is not there rejects', async () => {
    await expect(new IndexedDbJournal(undefined).load('ada', 'seg')).rejects.toThrow('no IndexedDB')
  })

  test('that never answers counts as one that cannot be written', async () => {
    vi.useFakeTimers()
    const silent = new IndexedDbJournal({ open: () => ({}) as IDBOpenDBRequest })

    const writing = expect(silent.change([entry('a', 1)], [])).rejects.toThrow('did not answer in time')
    await vi.advanceTimersByTimeAsync(5_000)

    await writing
  })
})
