import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryServer } from './testing/memory-server'
import { paint, row, TestBrowser, type TestPage, until } from './testing/test-browser'

const SHAPE = [2, 300, 280] as const

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

async function open(from = browser): Promise<TestPage> {
  const page = await from.open()
  pages.push(page)
  return page
}

function onServer(i0: number, i1: number): number[] {
  return Array.from({ length: i1 - i0 }, (_, n) => server.labelAt(i0 + n, 0, 0))
}

describe('undo and redo', () => {
  test('an undo is shown at once and is a revision that undoes', async () => {
    const page = await open()
    paint(page.labels, 1, 0, 4)
    await page.document.actions.settled()

    expect(page.document.actions.undo()).toBe(true)
    expect(row(page.labels, 0, 4)).toEqual([0, 0, 0, 0])
    await page.document.actions.settled()

    expect(onServer(0, 4)).toEqual([0, 0, 0, 0])
    expect(server.revisions.map(({ depth }) => depth)).toEqual([0, 1])
    expect(server.revisions[1]?.undoes).toBe(server.revisions[0]?.key)
  })

  test('three strokes go back one by one and come again in order', async () => {
    const page = await open()
    for (const number of [1, 2, 3]) paint(page.labels, number, 0, number)
    const steps = [row(page.labels, 0, 3)]
    for (let n = 0; n < 3; n++) {
      page.document.actions.undo()
      steps.push(row(page.labels, 0, 3))
    }
    expect(page.document.actions.undo()).toBe(false)
    for (let n = 0; n < 3; n++) {
      page.document.actions.redo()
      steps.push(row(page.labels, 0, 3))
    }
    expect(page.document.actions.redo()).toBe(false)
    await page.document.actions.settled()

    expect(steps).toEqual([
      [3, 3, 3],
      [2, 2, 0],
      [1, 0, 0],
      [0, 0, 0],
      [1, 0, 0],
      [2, 2, 0],
      [3, 3, 3],
    ])
    expect(onServer(0, 3)).toEqual([3, 3, 3])
    expect(page.saveState).toBe('saved')
  })

  test('a new stroke ends what could be redone', async () => {
    const page = await open()
    paint(page.labels, 1, 0, 4)
    page.document.actions.undo()

    paint(page.labels, 2, 6, 8)

    expect(page.document.state.getState().redoKey).toBe(null)
    expect(page.document.actions.redo()).toBe(false)
    await page.document.actions.settled()
    expect(onServer(0, 8)).toEqual([0, 0, 0, 0, 0, 0, 2, 2])
  })

  test('works offline behind strokes that are not sent yet', async () => {
    const page = await open()
    page.client.isOnline = false
    paint(page.labels, 1, 0, 4)
    paint(page.labels, 2, 2, 6)
    page.document.actions.undo()
    page.document.actions.undo()
    page.document.actions.redo()
    expect(row(page.labels, 0, 6)).toEqual([1, 1, 1, 1, 0, 0])

    page.client.isOnline = true
    page.document.actions.saveNow()
    await page.document.actions.settled()

    expect(server.revisions).toHaveLength(5)
    expect(onServer(0, 6)).toEqual([1, 1, 1, 1, 0, 0])
    expect(row(page.labels, 0, 6)).toEqual([1, 1, 1, 1, 0, 0])
  })

  test('survives a reload: every step back to the first', async () => {
    const page = await open()
    for (const number of [1, 2, 3]) paint(page.labels, number, 0, number)
    await page.document.actions.settled()
    await page.crash()

    const again = await open()
    for (const expected of [
      [2, 2, 0],
      [1, 0, 0],
      [0, 0, 0],
    ]) {
      expect(again.document.actions.undo()).toBe(true)
      await again.document.actions.settled()
      expect(row(again.labels, 0, 3)).toEqual(expected)
      await until(() => again.document.state.getState().undoKey === server.undoKeys('ada').undo)
    }

    expect(again.document.actions.undo()).toBe(false)
    expect(again.document.actions.redo()).toBe(true)
    await again.document.actions.settled()
    expect(row(again.labels, 0, 3)).toEqual([1, 0, 0])
  })

  test('unsent undos survive a crash', async () => {
    const page = await open()
    page.client.isOnline = false
    paint(page.labels, 1, 0, 4)
    paint(page.labels, 2, 2, 6)
    page.document.actions.undo()
    await until(async () => (await browser.unsent()).length === 3)
    await page.crash()

    const again = await open()
    expect(row(again.labels, 0, 6)).toEqual([1, 1, 1, 1, 0, 0])
    await again.document.actions.settled()

    expect(onServer(0, 6)).toEqual([1, 1, 1, 1, 0, 0])
    await until(() => again.document.state.getState().undoKey === server.revisions[0]?.key)
  })

  test('leaves alone what somebody else has drawn over since, and says how much', async () => {
    const page = await open()
    paint(page.labels, 1, 0, 4)
    await page.document.actions.settled()
    server.drawAs('bob', { k: 0, j: 0, i0: 2, i1: 6, number: 5 })
    await until(() => row(page.labels, 5, 6)[0] === 5)

    page.document.actions.undo()
    expect(row(page.labels, 0, 6)).toEqual([0, 0, 5, 5, 5, 5])
    await page.document.actions.settled()

    expect(onServer(0, 6)).toEqual([0, 0, 5, 5, 5, 5])
    expect(page.document.state.getState().skippedVoxels).toBe(2)
  })

  test('an undo that another browser has made already is let go', async () => {
    const [here, there] = [await open(), await open(new TestBrowser(server, 'ada'))]
    paint(here.labels, 1, 0, 4)
    await here.document.actions.settled()
    await there.document.actions.refresh()
    here.client.isDeaf = true
    there.document.actions.undo()
    await there.document.actions.settled()

    here.document.actions.undo()
    await here.document.actions.settled()

    expect(here.saveState).toBe('saved')
    expect(row(here.labels, 0, 4)).toEqual([0, 0, 0, 0])
    expect(server.revisions).toHaveLength(2)
  })

  test('an undo during a stroke does nothing', async () => {
    const page = await open()
    paint(page.labels, 1, 0, 4)
    const stroke = page.labels.beginStroke('brush')
    stroke.fillRun(0, 0, 6, 8, 2)

    expect(page.document.actions.undo()).toBe(false)

    stroke.commit()
    await page.document.actions.settled()
    expect(onServer(0, 8)).toEqual([1, 1, 1, 1, 0, 0, 2, 2])
  })
})

describe('segments', () => {
  test('a new name is shown at once, saved, and undone like a stroke', async () => {
    const page = await open()
    const nameOf = (number: number): string | null | undefined =>
      page.document.state.getState().segments.find((segment) => segment.number === number)?.name

    page.document.actions.renameSegment(3, ' Left kidney ')
    expect(nameOf(3)).toBe('Left kidney')
    await page.document.actions.settled()
    expect(server.segments[2]?.name).toBe('Left kidney')

    page.document.actions.undo()
    expect(nameOf(3)).toBe(null)
    await page.document.actions.settled()
    expect(server.segments[2]?.name).toBe(null)
    expect(page.saveState).toBe('saved')
  })

  test('a name that both changed asks, and mine comes after theirs', async () => {
    const page = await open()
    page.client.isDeaf = true
    server.segments = server.segments.map((row_) => (row_.number === 3 ? { ...row_, name: 'theirs' } : row_))
    page.document.actions.renameSegment(3, 'mine')
    await page.document.actions.settled()
    expect(page.document.state.getState().refusal?.code).toBe('stale-segment')

    await page.document.actions.retryRefused()
    await page.document.actions.settled()

    expect(page.saveState).toBe('saved')
    expect(server.segments[2]?.name).toBe('mine')
  })

  test('what was drawn in a segment that is gone can be kept in another one', async () => {
    const page = await open()
    page.client.isOnline = false
    paint(page.labels, 3, 0, 4)
    paint(page.labels, 4, 6, 8)
    await until(() => page.saveState === 'offline')
    server.operate('key', 'bob', { kind: 'delete', numbers: [3], numbering: 0 })
    page.client.isOnline = true
    page.document.actions.saveNow()
    await page.document.actions.settled()
    expect(page.document.state.getState().refusal).toMatchObject({ code: 'segment-gone', numbers: [3] })

    await page.document.actions.replaceGoneSegment(5)
    await page.document.actions.settled()

    expect(page.saveState).toBe('saved')
    expect(onServer(0, 8)).toEqual([5, 5, 5, 5, 0, 0, 4, 4])
  })

  test('a refused stroke that is given up is taken back, the others go on', async () => {
    const page = await open()
    page.client.isOnline = false
    paint(page.labels, 3, 0, 4)
    paint(page.labels, 4, 6, 8)
    await until(() => page.saveState === 'offline')
    server.operate('key', 'bob', { kind: 'delete', numbers: [3], numbering: 0 })
    page.client.isOnline = true
    page.document.actions.saveNow()
    await page.document.actions.settled()

    await page.document.actions.discardRefused()
    await page.document.actions.settled()

    expect(page.saveState).toBe('saved')
    expect(row(page.labels, 0, 8)).toEqual([0, 0, 0, 0, 0, 0, 4, 4])
    expect(onServer(0, 8)).toEqual([0, 0, 0, 0, 0, 0, 4, 4])
    await until(async () => (await browser.unsent()).length === 0)
  })

  test('deleting waits for the queue and clears every voxel', async () => {
    const page = await open()
    paint(page.labels, 3, 0, 4)
    paint(page.labels, 4, 2, 6)

    await page.document.actions.deleteSegment(4)

    expect(row(page.labels, 0, 6)).toEqual([3, 3, 0, 0, 0, 0])
    expect(page.labels.voxelCount(4)).toBe(0)
    expect(page.document.state.getState().segments.some(({ number }) => number === 4)).toBe(false)
  })

  test('deleting is refused while something cannot be sent', async () => {
    const page = await open()
    page.client.isOnline = false
    paint(page.labels, 3, 0, 4)
    await until(() => page.saveState === 'offline')

    await expect(page.document.actions.deleteSegment(3)).rejects.toThrow('saved first')
  })

  test('a new segment gets a number and becomes active', async () => {
    const page = await open()

    const number = await page.document.actions.addSegment({ labelId: 'label', kind: 'semantic', name: 'Tumour' })

    expect(number).toBe(10)
    expect(page.document.state.getState().activeNumber).toBe(10)
    expect(page.document.state.getState().segments.at(-1)).toMatchObject({ number: 10, name: 'Tumour', voxels: 0 })
  })

  test('instances come from a spare block that works offline and outlives the page', async () => {
    const page = await open()
    const first = await page.document.actions.addSegment({ labelId: 'nuclei', kind: 'instance' })
    page.client.isOnline = false
    expect(page.document.actions.nextInstance('nuclei')).toBe(first + 1)
    await page.crash()

    const again = await open()

    expect(again.document.actions.nextInstance('nuclei')).toBe(first + 2)
  })

  test('an instance is listed while it has voxels', async () => {
    const page = await open()
    const first = await page.document.actions.addSegment({ labelId: 'nuclei', kind: 'instance' })
    const listed = (): number[] =>
      page.document.state
        .getState()
        .segments.filter(({ kind }) => kind === 'instance')
        .map(({ number }) => number)
    expect(listed()).toEqual([])

    paint(page.labels, first, 0, 4)
    await until(() => listed().includes(first))
    paint(page.labels, 0, 0, 4)
    await until(() => listed().length === 0)
  })

  test('a locked segment is neither changed nor painted, and that outlives the page', async () => {
    const page = await open()
    paint(page.labels, 3, 0, 4)
    page.document.actions.setLocked(3, true)
    page.document.actions.setVisible(4, false)
    paint(page.labels, 4, 2, 6)
    paint(page.labels, 3, 5, 8)
    expect(row(page.labels, 0, 8)).toEqual([3, 3, 3, 3, 4, 4, 0, 0])
    await page.document.actions.settled()
    await page.crash()

    const again = await open()
    paint(again.labels, 1, 0, 8)

    expect(row(again.labels, 0, 8)).toEqual([3, 3, 3, 3, 1, 1, 1, 1])
    const { segments } = again.document.state.getState()
    expect(segments.find(({ number }) => number === 3)?.locked).toBe(true)
    expect(segments.find(({ number }) => number === 4)?.visible).toBe(false)
  })
})
