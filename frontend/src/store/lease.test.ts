import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryLocks } from './testing/memory-locks'
import { MemoryServer } from './testing/memory-server'
import { paint, row, TestBrowser, type TestPage, until } from './testing/test-browser'

const SHAPE = [2, 300, 280] as const

let server: MemoryServer
let pages: TestPage[]

beforeEach(() => {
  server = new MemoryServer(SHAPE)
  pages = []
})

afterEach(async () => {
  await Promise.all(pages.map((page) => page.close()))
})

async function open(browser: TestBrowser): Promise<TestPage> {
  const page = await browser.open()
  pages.push(page)
  return page
}

function access(page: TestPage): string {
  return page.document.state.getState().access.kind
}

describe.each([
  ['with web locks', () => new MemoryLocks()],
  ['without a secure context', () => undefined],
])('two tabs of one browser, %s', (_name, locks) => {
  let browser: TestBrowser

  beforeEach(() => {
    browser = new TestBrowser(server, 'ada', locks())
  })

  test('the first one edits, the second one looks', async () => {
    const [first, second] = [await open(browser), await open(browser)]

    expect([access(first), access(second)]).toEqual(['editor', 'other-tab'])
    expect(second.labels.editable).toBe(false)
    expect(() => second.labels.beginStroke('brush')).toThrow('read-only')

    paint(first.labels, 1, 0, 4)
    await until(() => row(second.labels, 0, 4).join('') === '1111')
    expect(second.client.sent).toHaveLength(0)
  })

  test('taking over changes the roles and loses nothing that was unsent', async () => {
    const [first, second] = [await open(browser), await open(browser)]
    first.client.isOnline = false
    paint(first.labels, 1, 0, 4)
    paint(first.labels, 2, 2, 6)

    await second.document.actions.takeOver()
    expect([access(first), access(second)]).toEqual(['other-tab', 'editor'])
    expect(row(second.labels, 0, 6)).toEqual([1, 1, 2, 2, 2, 2])
    await second.document.actions.settled()

    expect(server.revisions).toHaveLength(2)
    expect(first.client.sent.every(({ key }) => second.client.sent.some((sent) => sent.key === key))).toBe(true)
    first.client.isOnline = true
    first.document.actions.saveNow()
    await until(() => row(first.labels, 0, 6).join('') === '112222')
  })

  test('a stroke in progress ends before the other tab takes over', async () => {
    const [first, second] = [await open(browser), await open(browser)]
    const stroke = first.labels.beginStroke('brush')
    stroke.fillRun(0, 0, 0, 4, 1)

    const taking = second.document.actions.takeOver()
    await new Promise((resolve) => setTimeout(resolve, 30))
    stroke.commit()
    await taking
    await second.document.actions.settled()

    await until(() => row(second.labels, 0, 4).join('') === '1111')
    expect(server.revisions).toHaveLength(1)
  })

  test('a stroke that goes on too long is saved all the same', async () => {
    const [first, second] = [await open(browser), await open(browser)]
    second.speed = 50
    const stroke = first.labels.beginStroke('brush')
    stroke.fillRun(0, 0, 0, 4, 1)
    await second.document.actions.takeOver()
    expect(access(second)).toBe('editor')

    stroke.commit()
    await first.document.actions.settled()

    await until(() => row(second.labels, 0, 4).join('') === '1111')
    expect(server.revisions).toHaveLength(1)
    await until(async () => (await browser.unsent()).length === 0)
  })

  test('closing the first one makes the second one the editor', async () => {
    const [first, second] = [await open(browser), await open(browser)]

    first.document.dispose()

    await until(() => access(second) === 'editor')
    expect(second.labels.editable).toBe(true)
  })

  test('after a crash of the first one the next one edits at once', async () => {
    const first = await open(browser)
    await first.crash()
    locksOf(browser)?.drop()

    const second = await open(browser)

    expect(access(second)).toBe('editor')
  })

  test('leaving and coming back in the same tab finds its own work saved', async () => {
    const first = await open(browser)
    paint(first.labels, 1, 0, 4)
    first.document.dispose()

    const second = await open(browser)
    await second.document.actions.settled()

    expect(access(second)).toBe('editor')
    expect(row(second.labels, 0, 4)).toEqual([1, 1, 1, 1])
    expect(server.revisions).toHaveLength(1)
  })

  test('what is drawn just before leaving is still sent', async () => {
    const page = await open(browser)
    paint(page.labels, 1, 0, 4)

    page.document.dispose()

    await until(() => server.revisions.length === 1)
    await until(async () => (await browser.unsent()).length === 0)
  })
})

test('a closed segmentation can be looked at only', async () => {
  server.state = 'submitted'

  const page = await open(new TestBrowser(server, 'ada'))

  expect(access(page)).toBe('closed')
  expect(page.labels.editable).toBe(false)
})

function locksOf(browser: TestBrowser): MemoryLocks | undefined {
  return browser.locks instanceof MemoryLocks ? browser.locks : undefined
}
