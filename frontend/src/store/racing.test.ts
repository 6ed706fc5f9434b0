import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { positionText } from '../labelmap/position'
import type { Choice } from './document-state'
import type { Fault } from './testing/memory-client'
import { MemoryServer } from './testing/memory-server'
import { paint, TestBrowser, type TestPage, until } from './testing/test-browser'

const SHAPE = [2, 8, 24] as const
const [SLICES, ROWS, COLUMNS] = SHAPE

/** `MASKLOOP_TEST_FACTOR=20 npm test` looks longer. */
const FACTOR = Number(process.env.MASKLOOP_TEST_FACTOR ?? 1)
const LIMIT_MS = 60_000 * FACTOR

type Step =
  | { kind: 'paint'; number: number; i: number; length: number; j: number; k: number }
  | { kind: 'undo' | 'redo' | 'crash' | 'pause' | 'wake' }
  | { kind: 'online'; isOnline: boolean }
  | { kind: 'fault'; fault: Fault }
  | { kind: 'decide'; choice: Choice }

/** Who paints where decides whether there can be a conflict: rows of one's own, or all the same. */
function steps(rows: readonly number[]): fc.Arbitrary<Step> {
  const paintStep = fc.record({
    kind: fc.constant('paint' as const),
    number: fc.integer({ min: 0, max: 5 }),
    i: fc.integer({ min: 0, max: COLUMNS - 1 }),
    length: fc.integer({ min: 1, max: 9 }),
    j: fc.constantFrom(...rows),
    k: fc.integer({ min: 0, max: SLICES - 1 }),
  })
  const fault = fc.constantFrom<Fault>('lost-request', 'lost-answer', 'proxy-page', 'stored-behind-proxy')
  return fc.oneof(
    { weight: 8, arbitrary: paintStep },
    { weight: 3, arbitrary: fc.constantFrom<Step>({ kind: 'undo' }, { kind: 'redo' }) },
    { weight: 3, arbitrary: fc.constantFrom<Step>({ kind: 'pause' }, { kind: 'wake' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'crash' }) },
    { weight: 2, arbitrary: fc.boolean().map((isOnline): Step => ({ kind: 'online', isOnline })) },
    { weight: 2, arbitrary: fault.map((each): Step => ({ kind: 'fault', fault: each })) },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Choice>('mine', 'theirs').map((choice): Step => ({ kind: 'decide', choice })),
    },
  )
}

/** One person at work: paints, loses the network, crashes, comes back. */
class Person {
  readonly browser: TestBrowser
  private opened: TestPage | null = null

  constructor(server: MemoryServer, userId: string) {
    this.browser = new TestBrowser(server, userId)
  }

  get page(): TestPage {
    if (this.opened === null) throw new Error('not there')
    return this.opened
  }

  async come(): Promise<void> {
    this.opened = await this.browser.open((page) => {
      page.speed = 50
    })
  }

  async take(step: Step): Promise<void> {
    const { page } = this
    switch (step.kind) {
      case 'paint':
        return paint(page.labels, step.number, step.i, step.i + step.length, step.j, step.k)
      case 'undo':
        page.document.actions.undo()
        return
      case 'redo':
        page.document.actions.redo()
        return
      case 'pause':
        return new Promise((resolve) => setTimeout(resolve, 3))
      case 'wake':
        return page.document.actions.saveNow()
      case 'online':
        page.client.isOnline = step.isOnline
        return
      case 'fault':
        page.client.faults.push(step.fault)
        return
      case 'decide':
        return this.decide(step.choice)
      case 'crash':
        // What was drawn in the very last moment may not be on the disk yet; here it must be, to know what to expect.
        await until(async () => (await this.browser.unsent()).length >= page.document.state.getState().pending)
        await page.crash()
        return this.come()
    }
  }

  async decide(choice: Choice): Promise<void> {
    const { conflict } = this.page.document.state.getState()
    if (conflict === null) return
    await this.page.document.actions.resolveConflict(new Map(conflict.islands.map(({ id }) => [id, choice])))
  }

  /** Everything goes well from now on: until all is saved. */
  async finish(choice: Choice): Promise<void> {
    const { client, document } = this.page
    client.isOnline = true
    client.faults = []
    while (document.state.getState().saveState.kind !== 'saved') {
      document.actions.saveNow()
      await document.actions.settled()
      await this.decide(choice)
    }
  }

  async settle(): Promise<void> {
    await this.finish('mine')
    await this.page.document.actions.refresh()
  }
}

function shown({ page }: Person): string {
  return slices((i, j, k) => page.labels.labelAt(i, j, k))
}

function slices(at: (i: number, j: number, k: number) => number): string {
  const lines: string[] = []
  for (let k = 0; k < SLICES; k++)
    for (let j = 0; j < ROWS; j++) lines.push(Array.from({ length: COLUMNS }, (_, i) => at(i, j, k)).join(''))
  return lines.join('\n')
}

function expectSoundLog(server: MemoryServer): void {
  const replay = server.replayed()
  for (const [name, voxels] of server.stored()) expect([...(replay.get(name) ?? [])]).toEqual([...voxels])
  const keys = server.revisions.map(({ key }) => key)
  expect(new Set(keys).size).toBe(keys.length)
  for (const { patches } of server.revisions)
    expect(new Set(patches.map(({ position }) => positionText(position))).size).toBe(patches.length)
}

/** A plain model of one person's strokes, undos and redos. */
class Expected {
  private readonly done: { before: string; after: string }[] = []
  private readonly undone: { before: string; after: string }[] = []
  private voxels = slices(() => 0)

  get shown(): string {
    return this.voxels
  }

  take(step: Step): void {
    if (step.kind === 'paint') {
      const after = this.painted(step)
      if (after === this.voxels) return
      this.done.push({ before: this.voxels, after })
      this.undone.length = 0
      this.voxels = after
    } else if (step.kind === 'undo') {
      const last = this.done.pop()
      if (last === undefined) return
      this.undone.push(last)
      this.voxels = last.before
    } else if (step.kind === 'redo') {
      const last = this.undone.pop()
      if (last === undefined) return
      this.done.push(last)
      this.voxels = last.after
    }
  }

  private painted({ number, i, length, j, k }: Step & { kind: 'paint' }): string {
    const lines = this.voxels.split('\n')
    const line = lines[k * ROWS + j] ?? ''
    const end = Math.min(COLUMNS, i + length)
    lines[k * ROWS + j] = line.slice(0, i) + String(number).repeat(end - i) + line.slice(end)
    return lines.join('\n')
  }
}

describe('one person with a bad network and a browser that crashes', () => {
  test(
    'sees and has saved exactly what was drawn, undone and redone',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(steps([0, 1, 2]), { maxLength: 25 }), async (list) => {
          const server = new MemoryServer(SHAPE)
          const person = new Person(server, 'ada')
          const expected = new Expected()
          await person.come()
          let hasCrashed = false
          for (const step of list) {
            const isHistory = step.kind === 'undo' || step.kind === 'redo'
            hasCrashed ||= step.kind === 'crash'
            // After a crash only the server knows the steps before it: it is asked for each, and shows it when it is done.
            if (isHistory && hasCrashed) await person.settle()
            await person.take(step)
            if (isHistory && hasCrashed) await person.settle()
            expected.take(step)
            expect(shown(person)).toBe(expected.shown)
          }
          await person.finish('mine')

          expect(shown(person)).toBe(expected.shown)
          expect(slices((i, j, k) => server.labelAt(i, j, k))).toBe(expected.shown)
          expectSoundLog(server)
          await until(async () => (await person.browser.unsent()).length === 0)
          person.page.document.dispose()
        }),
        { numRuns: 30 * FACTOR },
      )
    },
    LIMIT_MS,
  )
})

describe('two people on the same image', () => {
  test(
    'who draw in rows of their own: nothing is lost and nobody is asked',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof(fc.tuple(fc.constant(0), steps([0, 1, 2])), fc.tuple(fc.constant(1), steps([4, 5, 6]))), {
            maxLength: 30,
          }),
          async (list) => {
            const server = new MemoryServer(SHAPE)
            const people = [new Person(server, 'ada'), new Person(server, 'bob')] as const
            const drawn = slices(() => 0).split('\n')
            for (const person of people) await person.come()
            for (const [who, step] of list) {
              if (step.kind === 'undo' || step.kind === 'redo') continue
              await people[who === 0 ? 0 : 1].take(step)
              if (step.kind !== 'paint') continue
              const at = step.k * ROWS + step.j
              const end = Math.min(COLUMNS, step.i + step.length)
              drawn[at] =
                (drawn[at] ?? '').slice(0, step.i) +
                String(step.number).repeat(end - step.i) +
                (drawn[at] ?? '').slice(end)
            }
            for (const person of people) await person.finish('mine')
            for (const person of people) await person.settle()

            expect(slices((i, j, k) => server.labelAt(i, j, k))).toBe(drawn.join('\n'))
            for (const person of people) expect(shown(person)).toBe(drawn.join('\n'))
            expect(server.revisions.some(({ source }) => source === 'merge')).toBe(false)
            expectSoundLog(server)
            for (const person of people) person.page.document.dispose()
          },
        ),
        { numRuns: 20 * FACTOR },
      )
    },
    LIMIT_MS,
  )

  test(
    'who draw over each other: no voxel is overwritten unseen, and both see the same in the end',
    async () => {
      const anywhere = steps([0, 1])
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.boolean(), anywhere), { maxLength: 30 }),
          fc.constantFrom<Choice>('mine', 'theirs'),
          async (list, choice) => {
            const server = new MemoryServer(SHAPE)
            const people = [new Person(server, 'ada'), new Person(server, 'bob')] as const
            for (const person of people) await person.come()
            for (const [isFirst, step] of list) await people[isFirst ? 0 : 1].take(step)
            for (const person of people) await person.finish(choice)
            for (const person of people) await person.settle()

            const stored = slices((i, j, k) => server.labelAt(i, j, k))
            for (const person of people) expect(shown(person)).toBe(stored)
            expectSoundLog(server)
            for (const person of people) {
              await until(async () => (await person.browser.unsent()).length === 0)
              person.page.document.dispose()
            }
          },
        ),
        { numRuns: 30 * FACTOR },
      )
    },
    LIMIT_MS,
  )
})
