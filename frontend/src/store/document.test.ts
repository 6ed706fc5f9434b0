import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryServer, problem } from './testing/memory-server'
import { paint, row, TestBrowser, type TestPage, until } from './testing/test-browser'

const SHAPE = [4, 300, 280] as const

let server: MemoryServer
let browser: TestBrowser
let pages: TestPage[]

beforeEach(() => {
  server = new MemoryServer(SHAPE)
  browser = new TestBrowser(server, 'ada')
  pages = []
})

afterEach(async () => {
  await Promise.all(pages.map((page) => page.close()))
})

async function open(from = browser, prepare?: (page: TestPage) => void): Promise<TestPage> {
  const page = await from.open(prepare)
  pages.push(page)
  return page
}

describe('saving', () => {
  test('a stroke is on the server and the journal is empty once it says saved', async () => {
    const page = await open()

    paint(page.labels, 2, 10, 20)
    expect(page.document.state.getState().saveState).toEqual({ kind: 'saving', tiles: 1 })
    await page.document.actions.settled()

    expect(page.document.state.getState().saveState).toEqual({ kind: 'saved', revision: 1 })
    expect(server.labelAt(15, 0, 0)).toBe(2)
    await until(async () => (await browser.unsent()).length === 0)
  })

  test('strokes arrive in order, one request at a time', async () => {
    const page = await open()

    for (let n = 0; n < 8; n++) paint(page.labels, 1 + (n % 3), 0, 10 + n)
    await page.document.actions.settled()

    expect(page.client.mostInFlight).toBe(1)
    expect(server.revisions).toHaveLength(8)
    expect(server.labelAt(0, 0, 0)).toBe(2)
  })

  test('an answer that was lost is asked for again with the same bytes, and the stroke is stored once', async () => {
    const page = await open()
    page.client.faults = ['lost-request', 'lost-answer', 'stored-behind-proxy', 'proxy-page']

    paint(page.labels, 2, 10, 20)
    for (let n = 0; n < 4; n++) {
      await until(() => page.saveState === 'offline')
      page.document.actions.saveNow()
      await until(() => page.saveState !== 'offline')
    }
    await page.document.actions.settled()

    expect(page.document.state.getState().saveState).toEqual({ kind: 'saved', revision: 1 })
    expect(server.revisions).toHaveLength(1)
    const [first, ...rest] = page.client.sent
    expect(rest).toHaveLength(4)
    for (const repeat of rest) expect(repeat).toEqual(first)
  })

  test('strokes of a crashed browser are shown and sent when the document is opened again', async () => {
    const page = await open()
    page.client.isOnline = false
    paint(page.labels, 3, 0, 5)
    paint(page.labels, 4, 3, 8)
    await until(async () => (await browser.unsent()).length === 2)
    await page.crash()

    const again = await open()
    expect(row(again.labels, 0, 9)).toEqual([3, 3, 3, 4, 4, 4, 4, 4, 0])
    await again.document.actions.settled()

    expect(server.labelAt(2, 0, 0)).toBe(3)
    expect(server.labelAt(4, 0, 0)).toBe(4)
    expect(server.revisions).toHaveLength(2)
    await until(async () => (await browser.unsent()).length === 0)
  })

  test('a stroke whose answer the crash cut off is stored once', async () => {
    const page = await open()
    page.client.faults = ['lost-answer']
    paint(page.labels, 3, 0, 5)
    await until(() => page.saveState === 'offline')
    await page.crash()

    const again = await open()
    await again.document.actions.settled()

    expect(server.revisions).toHaveLength(1)
    expect(again.document.state.getState().saveState).toEqual({ kind: 'saved', revision: 1 })
    expect(row(again.labels, 0, 6)).toEqual([3, 3, 3, 3, 3, 0])
  })

  test('nothing is sent in the session of somebody else', async () => {
    const page = await open()
    page.client.signedInAs = 'bob'

    paint(page.labels, 3, 0, 5)
    await page.document.actions.settled()
    expect(page.saveState).toBe('signedOut')
    expect(page.client.sent).toHaveLength(0)

    page.client.signedInAs = 'ada'
    page.document.actions.signedIn()
    await page.document.actions.settled()
    expect(page.saveState).toBe('saved')
    expect(server.revisions.map(({ author }) => author)).toEqual(['ada'])
  })

  test('unsent strokes of another user of this browser are left alone', async () => {
    const page = await open()
    page.client.isOnline = false
    paint(page.labels, 3, 0, 5)
    await until(async () => (await browser.unsent()).length === 1)
    await page.crash()

    const other = new TestBrowser(server, 'bob')
    Object.assign(other, { disk: browser.disk })
    const page2 = await open(other)
    await page2.document.actions.settled()

    expect(row(page2.labels, 0, 5)).toEqual([0, 0, 0, 0, 0])
    expect(server.revisions).toHaveLength(0)
    expect(await browser.unsent()).toHaveLength(1)
  })

  test('after a 401 the journal is kept, and signing in again sends it', async () => {
    const page = await open()
    page.client.faults = [problem(401, 'not-signed-in')]
    paint(page.labels, 3, 0, 5)
    await page.document.actions.settled()
    expect(page.saveState).toBe('signedOut')
    expect(await browser.unsent()).toHaveLength(1)

    page.document.actions.signedIn()
    await page.document.actions.settled()

    expect(page.saveState).toBe('saved')
  })

  test.each([
    problem(403, 'forbidden'),
    problem(404, 'not-found'),
    problem(409, 'closed'),
    problem(413, 'http-413'),
    problem(422, 'bad-stroke'),
    problem(412, 'segment-gone', { numbers: [3] }),
  ])('refused is kept, shown and exportable: $status $code', async (fault) => {
    const page = await open()
    page.client.faults = [fault]

    paint(page.labels, 3, 0, 5)
    paint(page.labels, 4, 6, 7)
    await page.document.actions.settled()

    const { saveState, refusal, pending } = page.document.state.getState()
    expect(saveState).toEqual({ kind: 'refused', status: fault.status, code: fault.code, title: fault.title })
    expect(refusal).toMatchObject({ code: fault.code })
    expect(pending).toBe(2)
    expect(row(page.labels, 0, 8)).toEqual([3, 3, 3, 3, 3, 0, 4, 0])
    expect(await browser.unsent()).toHaveLength(2)
    const copy = JSON.parse(await page.document.actions.exportUnsent().text())
    expect(copy.operations).toHaveLength(2)

    await page.document.actions.retryRefused()
    await page.document.actions.settled()
    expect(page.saveState).toBe('saved')
    expect(server.revisions).toHaveLength(2)
  })

  test.each([
    problem(429, 'throttled'),
    problem(500, 'http-500'),
    problem(503, 'unavailable'),
    problem(409, 'in-progress'),
    problem(403, 'http-403'),
    problem(404, 'http-404'),
  ])('comes back later by itself: $status $code', async (fault) => {
    const page = await open(browser, (prepared) => {
      prepared.speed = 20
    })
    page.client.faults = [fault]

    paint(page.labels, 3, 0, 5)
    await until(() => page.saveState === 'offline')
    const before = page.now()
    await until(() => page.saveState === 'saved')

    expect(page.now() - before).toBeGreaterThan(600)
    expect(server.revisions).toHaveLength(1)
    expect(page.client.sent[1]).toEqual(page.client.sent[0])
  })

  test('coming online sends at once', async () => {
    const page = await open()
    page.client.isOnline = false
    paint(page.labels, 3, 0, 5)
    await until(() => page.saveState === 'offline')

    page.client.isOnline = true
    const before = page.now()
    page.window.dispatchEvent(new Event('online'))
    await page.document.actions.settled()

    expect(page.saveState).toBe('saved')
    expect(page.now() - before).toBeLessThan(500)
  })

  test('without a journal it says so, saves all the same, and asks before leaving', async () => {
    const page = await open()
    await page.fillDisk()
    page.client.isOnline = false

    paint(page.labels, 3, 0, 5)
    await until(() => page.saveState === 'unprotected')
    const leaving = new Event('beforeunload', { cancelable: true })
    page.window.dispatchEvent(leaving)
    expect(leaving.defaultPrevented).toBe(true)

    page.client.isOnline = true
    page.document.actions.saveNow()
    await until(() => server.revisions.length === 1)
    await page.document.actions.settled()
    const free = new Event('beforeunload', { cancelable: true })
    page.window.dispatchEvent(free)
    expect(free.defaultPrevented).toBe(false)

    page.isDiskFull = false
    paint(page.labels, 3, 5, 6)
    await page.document.actions.settled()
    expect(page.saveState).toBe('saved')
  })
})

describe('two people', () => {
  test('what both draw in different places merges on both screens', async () => {
    const [ada, bob] = [await open(), await open(new TestBrowser(server, 'bob'))]

    paint(ada.labels, 1, 0, 3)
    paint(bob.labels, 2, 3, 6)
    await ada.document.actions.settled()
    await bob.document.actions.settled()

    const merged = [1, 1, 1, 2, 2, 2]
    await until(() => row(ada.labels, 0, 6).join() === merged.join() && row(bob.labels, 0, 6).join() === merged.join())
    expect(ada.saveState).toBe('saved')
    expect(bob.saveState).toBe('saved')
  })

  test('others are seen under an unsent stroke, and the stroke stays on top', async () => {
    const page = await open()
    page.client.isDeaf = true
    page.client.isOnline = false
    paint(page.labels, 1, 0, 3)
    await until(() => page.saveState === 'offline')
    server.drawAs('bob', { k: 0, j: 0, i0: 5, i1: 8, number: 2 })

    page.client.isOnline = true
    page.document.actions.saveNow()
    await page.document.actions.settled()

    expect(row(page.labels, 0, 8)).toEqual([1, 1, 1, 0, 0, 2, 2, 2])
    expect(page.document.state.getState().revision).toBe(2)
  })

  test('a refresh without any notice shows what others did', async () => {
    const page = await open()
    page.client.isDeaf = true
    server.drawAs('bob', { k: 0, j: 0, i0: 2, i1: 4, number: 2 })

    await page.document.actions.refresh()

    expect(row(page.labels, 0, 6)).toEqual([0, 0, 2, 2, 0, 0])
  })

  test('what arrives during a stroke waits until it has ended', async () => {
    const page = await open()
    const stroke = page.labels.beginStroke('brush')
    stroke.fillRun(0, 0, 0, 3, 1)

    server.drawAs('bob', { k: 0, j: 0, i0: 2, i1: 6, number: 2 })
    await until(() => page.client.reads.length > 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(row(page.labels, 0, 6)).toEqual([1, 1, 1, 0, 0, 0])

    stroke.rollback()
    await page.document.actions.settled()
    expect(row(page.labels, 0, 6)).toEqual([0, 0, 2, 2, 2, 2])
  })
})

describe('a conflict', () => {
  async function inConflict(): Promise<TestPage> {
    const page = await open()
    page.client.isDeaf = true
    server.drawAs('bob', { k: 0, j: 0, i0: 4, i1: 8, number: 2 })
    paint(page.labels, 1, 0, 6)
    paint(page.labels, 3, 0, 1)
    paint(page.labels, 1, 20, 22)
    await page.document.actions.settled()
    return page
  }

  test('shows only the disputed voxels, everything else is merged', async () => {
    const page = await inConflict()

    const { saveState, conflict } = page.document.state.getState()
    expect(saveState).toEqual({ kind: 'conflict', voxels: 2 })
    expect(conflict?.islands).toHaveLength(1)
    expect(conflict?.islands[0]).toMatchObject({ layer: 0, k: 0, box: { i0: 4, j0: 0, i1: 6, j1: 1 } })
    expect([...(conflict?.islands[0]?.mine ?? [])]).toEqual([1, 1])
    expect([...(conflict?.islands[0]?.theirs ?? [])]).toEqual([2, 2])
    expect(row(page.labels, 0, 8)).toEqual([3, 1, 1, 1, 2, 2, 2, 2])
    expect(server.revisions).toHaveLength(1)
  })

  test.each([
    ['mine', [3, 1, 1, 1, 1, 1, 2, 2]],
    ['theirs', [3, 1, 1, 1, 2, 2, 2, 2]],
  ] as const)('decided as %s is saved as a merge with a new key', async (choice, expected) => {
    const page = await inConflict()
    const refused = page.client.sent.map(({ key }) => key)
    const id = page.document.state.getState().conflict?.islands[0]?.id ?? -1

    await page.document.actions.resolveConflict(new Map([[id, choice]]))
    await page.document.actions.settled()

    expect(page.saveState).toBe('saved')
    expect(row(page.labels, 0, 8)).toEqual(expected)
    expect(Array.from({ length: 8 }, (_, i) => server.labelAt(i, 0, 0))).toEqual(expected)
    expect(server.labelAt(21, 0, 0)).toBe(1)
    expect(server.revisions.some(({ key }) => refused.includes(key))).toBe(false)
    expect(server.revisions[1]?.source).toBe('merge')
    await until(async () => (await browser.unsent()).length === 0)
  })

  test('without a choice for every island nothing is decided', async () => {
    const page = await inConflict()

    await expect(page.document.actions.resolveConflict(new Map())).rejects.toThrow('have no choice')

    expect(page.saveState).toBe('conflict')
  })

  test('survives a crash in the middle', async () => {
    const page = await inConflict()
    await page.crash()

    const again = await open()
    await again.document.actions.settled()

    expect(again.saveState).toBe('conflict')
    const id = again.document.state.getState().conflict?.islands[0]?.id ?? -1
    await again.document.actions.resolveConflict(new Map([[id, 'mine']]))
    await again.document.actions.settled()
    expect(again.saveState).toBe('saved')
    expect(row(again.labels, 0, 8)).toEqual([3, 1, 1, 1, 1, 1, 2, 2])
  })

  test('a stroke that was undone before it was sent is no dispute', async () => {
    const page = await open()
    page.client.isDeaf = true
    page.client.isOnline = false
    paint(page.labels, 1, 0, 6)
    page.document.actions.undo()
    await until(() => page.saveState === 'offline')
    server.drawAs('bob', { k: 0, j: 0, i0: 4, i1: 8, number: 2 })

    page.client.isOnline = true
    page.document.actions.saveNow()
    await page.document.actions.settled()

    expect(row(page.labels, 0, 8)).toEqual([0, 0, 0, 0, 2, 2, 2, 2])
    expect(page.document.state.getState().conflict).toBe(null)
  })
})
