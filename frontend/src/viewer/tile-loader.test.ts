// @vitest-environment node
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { DecodeReply } from '../workers/messages'
import { PagePool } from './page-pool'
import { TileCache } from './tile-cache'
import { TileLoader } from './tile-loader'

const EMPTY: DecodeReply = { id: 0, tiles: [], failed: [], broken: null }

interface Request {
  group: number
  signal: AbortSignal
  answer(): void
  fail(error: Error): void
}

function setUp() {
  const requests: Request[] = []
  const done: number[] = []
  const problems: string[] = []
  const loader = new TileLoader(
    { decode: () => Promise.resolve(EMPTY) },
    {
      fetchGroup: (_, group, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
          requests.push({ group, signal, answer: () => resolve(new ArrayBuffer(0)), fail: reject })
        }),
      formatOf: () => ({ dtype: 'uint8', channels: 1, shape: [1, 1, 1], tile: 512 }),
      onGroup: ({ group }) => done.push(group),
      onProblem: (reason) => problems.push(reason),
    },
  )
  const groups = (first: number, count: number) =>
    Array.from({ length: count }, (_, n) => ({ level: 0, group: first + n }))
  return { loader, requests, done, problems, groups }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

afterEach(() => {
  vi.useRealTimers()
})

describe('TileLoader', () => {
  test('has four requests in flight, in the order of the plan', async () => {
    const { loader, requests, done, groups } = setUp()
    loader.want(groups(0, 9), true)
    expect(requests.map(({ group }) => group)).toEqual([0, 1, 2, 3])

    requests[1]?.answer()
    await turn()

    expect(done).toEqual([1])
    expect(requests.map(({ group }) => group)).toEqual([0, 1, 2, 3, 4])
    loader.dispose()
  })

  test('a jump cancels what is no longer wanted and starts the new', async () => {
    const { loader, requests, groups } = setUp()
    loader.want(groups(0, 9), true)

    loader.want(groups(100, 9), true)
    await turn()

    expect(requests.slice(0, 4).every(({ signal }) => signal.aborted)).toBe(true)
    expect(requests.slice(4).map(({ group }) => group)).toEqual([100, 101, 102, 103])
    loader.dispose()
  })

  test('what is under way and still wanted is not asked for twice', () => {
    const { loader, requests, groups } = setUp()
    loader.want(groups(0, 9), true)

    loader.want(groups(0, 9), true)

    expect(requests).toHaveLength(4)
    loader.dispose()
  })

  test('a failed group says why, waits, and is tried again with growing pauses', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { loader, requests, problems, groups } = setUp()
    loader.want(groups(0, 1), true)

    requests[0]?.fail(new Error('status 503'))
    await turn()
    expect(problems).toEqual(['status 503'])
    expect(loader.idle).toBe(false)
    vi.advanceTimersByTime(999)
    expect(requests).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(requests).toHaveLength(2)
    requests[1]?.fail(new Error('status 503'))
    await turn()
    vi.advanceTimersByTime(1999)
    expect(requests).toHaveLength(2)
    vi.advanceTimersByTime(1)
    expect(requests).toHaveLength(3)
    loader.dispose()
  })

  test('a cancelled request is no problem, and disposing ends all', async () => {
    const { loader, requests, problems, done, groups } = setUp()
    loader.want(groups(0, 9), true)

    loader.dispose()
    requests[0]?.answer()
    await turn()

    expect(requests).toHaveLength(4)
    expect(problems).toEqual([])
    expect(done).toEqual([])
    expect(loader.idle).toBe(true)
  })
})

describe('TileCache', () => {
  const tile = (k: number) => ({ level: 0, k, tj: 0, ti: 0, width: 10, height: 1, pixels: new Uint8Array(10) })

  test('over its budget the longest unused tile leaves first, pinned ones stay', () => {
    const cache = new TileCache(30)
    for (const k of [0, 1, 2, 3, 4]) cache.put(k, tile(k))
    cache.use(1)

    const gone = cache.evict(({ k }) => k === 0)

    expect(gone).toEqual([2, 3])
    expect([...cache.keys()]).toEqual([0, 4, 1])
    expect(cache.bytes).toBe(30)
  })

  test('a tile put twice counts once', () => {
    const cache = new TileCache(30)
    cache.put(1, tile(1))
    cache.put(1, tile(1))

    expect(cache.bytes).toBe(10)
  })
})

describe('PagePool', () => {
  test('gives each key its own page until none is left, then the longest unused', () => {
    const pool = new PagePool(2)

    expect(pool.take(10, () => false)).toBe(0)
    expect(pool.take(11, () => false)).toBe(1)
    pool.touch(10)
    expect(pool.take(12, () => false)).toBe(1)
    expect(pool.has(11)).toBe(false)
    expect(pool.take(10, () => false)).toBe(0)
  })

  test('gives nothing when all are pinned, and takes back what is dropped', () => {
    const pool = new PagePool(1)
    pool.take(10, () => true)

    expect(pool.take(11, () => true)).toBeNull()
    pool.drop(10)
    expect(pool.take(11, () => true)).toBe(0)
  })
})
