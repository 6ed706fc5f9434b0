import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryServer } from './testing/memory-server'
import { paint, row, TestBrowser, type TestPage, until } from './testing/test-browser'

const SHAPE = [4, 300, 280] as const
const LABEL = '00000000-0000-7000-8000-000000000002'

let server: MemoryServer
let browser: TestBrowser
let pages: TestPage[]

beforeEach(() => {
  server = new MemoryServer(SHAPE) // 1 to 9 are single segments
  server.takeNumbers('block', 'bob', { label_id: LABEL, layer: 0, count: 64, numbering: 0 }) // 10 to 73
  browser = new TestBrowser(server, 'ada')
  pages = []
})

afterEach(async () => {
  await Promise.all(pages.map((page) => page.close()))
  expect([...server.stored()]).toEqual([...server.replayed()])
})

async function open(from = browser): Promise<TestPage> {
  const page = await from.open()
  pages.push(page)
  return page
}

describe('a renumbering', () => {
  test('is followed by who only looks on: voxels, rows, settings and the active segment', async () => {
    const page = await open()
    paint(page.labels, 20, 0, 3)
    paint(page.labels, 30, 3, 5)
    await page.document.actions.settled()
    page.document.actions.setActive(30)
    page.document.actions.setLocked(20, true)
    page.document.actions.setVisible(25, false)

    server.renumber()
    await until(() => page.document.state.getState().segmentation.numbering === server.numbering)

    expect(row(page.labels, 0, 6)).toEqual([10, 10, 10, 11, 11, 0])
    const { activeNumber, segments } = page.document.state.getState()
    expect(activeNumber).toBe(11)
    expect(segments.filter(({ locked }) => locked).map(({ number }) => number)).toEqual([10])
    expect(segments.every(({ visible }) => visible)).toBe(true)
    expect(page.saveState).toBe('saved')
    paint(page.labels, 11, 5, 6)
    await page.document.actions.settled()
    expect(server.labelAt(5, 0, 0)).toBe(11)
  })

  test('while strokes are unsent: they are said in the new numbers, under new keys', async () => {
    const page = await open()
    paint(page.labels, 20, 0, 3)
    await page.document.actions.settled()
    page.client.isOnline = false
    paint(page.labels, 20, 3, 5)
    paint(page.labels, 4, 0, 1)
    await until(() => page.saveState === 'offline')
    const first = page.client.sent.at(-1)?.key

    server.renumber()
    page.client.isOnline = true
    page.document.actions.saveNow()
    await page.document.actions.settled()

    expect(row(page.labels, 0, 6)).toEqual([4, 10, 10, 10, 10, 0])
    expect([0, 1, 2, 3, 4, 5].map((i) => server.labelAt(i, 0, 0))).toEqual([4, 10, 10, 10, 10, 0])
    expect(page.client.sent.filter(({ key }) => key === first).length).toBeGreaterThan(0)
    expect(server.revisions.some(({ key }) => key === first)).toBe(false)
    expect(page.saveState).toBe('saved')
    await until(async () => (await browser.unsent()).length === 0)
  })

  test('a stroke that was stored without an answer is not drawn twice', async () => {
    const page = await open()
    page.client.faults = ['lost-answer']
    paint(page.labels, 20, 0, 3)
    await until(() => page.saveState === 'offline')

    server.renumber()
    page.document.actions.saveNow()
    await page.document.actions.settled()

    expect(row(page.labels, 0, 4)).toEqual([10, 10, 10, 0])
    expect(server.revisions.map(({ source }) => source)).toEqual(['numbers', 'drawn', 'renumber'])
  })

  test('a new instance in a spare number that was freed gets a new one of its label', async () => {
    const page = await open()
    page.client.isOnline = false
    paint(page.labels, 40, 0, 2)
    paint(page.labels, 41, 4, 6)
    await until(() => page.saveState === 'offline')

    server.renumber()
    page.client.isOnline = true
    page.document.actions.saveNow()
    await page.document.actions.settled()

    const [left, right] = [server.labelAt(0, 0, 0), server.labelAt(4, 0, 0)]
    expect(new Set([0, left, right]).size).toBe(3)
    for (const number of [left, right]) {
      expect(server.segments.find((segment) => segment.number === number)?.label_id).toBe(LABEL)
    }
    expect(row(page.labels, 0, 6)).toEqual([left, left, 0, 0, right, right])
  })

  test('across a crash: what lay in the journal is said anew when the document is opened again', async () => {
    const page = await open()
    paint(page.labels, 20, 0, 3)
    await page.document.actions.settled()
    page.client.isOnline = false
    paint(page.labels, 20, 3, 5)
    page.document.actions.renameSegment(4, 'cyst')
    await until(async () => (await browser.unsent()).length === 2)
    await page.crash()
    server.renumber()

    const again = await open()
    await again.document.actions.settled()

    expect(row(again.labels, 0, 6)).toEqual([10, 10, 10, 10, 10, 0])
    expect(server.labelAt(4, 0, 0)).toBe(10)
    expect(server.segments.find(({ number }) => number === 4)?.name).toBe('cyst')
    await until(async () => (await browser.unsent()).length === 0)
  })

  test('undo still takes back what was drawn before it', async () => {
    const page = await open()
    paint(page.labels, 4, 0, 3)
    await page.document.actions.settled()
    paint(page.labels, 4, 5, 7)
    await page.document.actions.settled()

    server.renumber()
    await until(() => page.document.state.getState().segmentation.numbering === server.numbering)
    page.document.actions.undo()
    await page.document.actions.settled()

    expect(row(page.labels, 0, 8)).toEqual([4, 4, 4, 0, 0, 0, 0, 0])
  })

  test('spare numbers of before it are not used after the document is opened again', async () => {
    const page = await open()
    await page.document.actions.addSegment({ labelId: LABEL, kind: 'instance' })
    await page.document.actions.settled()
    page.document.actions.setLocked(4, true)
    await page.close()
    for (let n = 0; n < 20; n++) server.drawAs('bob', { k: 0, j: 5, i0: n * 3, i1: n * 3 + 2, number: 10 + n })
    server.renumber()

    const again = await open()

    expect(again.document.actions.nextInstance(LABEL)).toBeNull()
    expect(
      again.document.state
        .getState()
        .segments.filter(({ locked }) => locked)
        .map(({ number }) => number),
    ).toEqual([4])
    const number = await again.document.actions.addSegment({ labelId: LABEL, kind: 'instance' })
    expect([...server.stored().values()].some((voxels) => voxels.includes(number))).toBe(false)
  })

  test('a deletion that waits for a stroke never takes another segment', async () => {
    server.drawAs('bob', { k: 0, j: 5, i0: 0, i1: 4, number: 20 })
    for (let n = 0; n < 15; n++) server.drawAs('bob', { k: 0, j: 9, i0: n * 3, i1: n * 3 + 2, number: 40 + n })
    const page = await open()
    paint(page.labels, 4, 0, 3)
    const gone = page.document.actions.deleteSegment(20)
    server.renumber() // 20 is 10, and 40 to 54 are 11 to 25

    await expect(gone).rejects.toThrow()
    await page.document.actions.settled()

    expect(server.labelAt(0, 5, 0)).toBe(10)
    for (let n = 0; n < 15; n++) expect(server.labelAt(n * 3, 9, 0)).toBe(11 + n)
  })

  test('numbers are taken in those that the page follows, however late it hears', async () => {
    server.drawAs('bob', { k: 0, j: 5, i0: 0, i1: 4, number: 11 })
    const page = await open()
    page.client.faults = ['lost-answer']
    paint(page.labels, 4, 0, 3)
    await until(() => page.saveState === 'offline')
    server.renumber() // 11 is 10, and 11 comes next

    const asked = page.document.actions.addSegment({ labelId: LABEL, kind: 'semantic', name: 'new' })
    page.document.actions.saveNow()
    const number = await asked.catch(() => page.document.actions.addSegment({ labelId: LABEL, kind: 'semantic' }))
    paint(page.labels, number, 20, 24)
    await page.document.actions.settled()

    expect(server.labelAt(20, 0, 0)).toBe(number)
    expect(server.labelAt(0, 5, 0)).toBe(10)
    expect(number).not.toBe(10)
  })

  test('what was drawn in a segment that was deleted meanwhile is asked about', async () => {
    const page = await open()
    page.client.isOnline = false
    paint(page.labels, 5, 0, 3)
    await until(() => page.saveState === 'offline')
    server.operate('gone', 'bob', { kind: 'delete', numbers: [5], numbering: 0 })

    server.renumber()
    page.client.isOnline = true
    page.document.actions.saveNow()
    await until(() => page.saveState === 'refused')

    expect(page.document.state.getState().refusal?.code).toBe('segment-gone')
    expect([...server.stored().values()].every((voxels) => voxels.every((number) => number === 0))).toBe(true)
    await page.document.actions.replaceGoneSegment(2)
    await page.document.actions.settled()
    expect(server.labelAt(1, 0, 0)).toBe(2)
  })
})
