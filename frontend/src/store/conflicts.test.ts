import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { draw, eachRun, type Patch, PatchBuilder } from '../labelmap/patch'
import { decide, findDispute } from './conflicts'
import type { Choice } from './document-state'
import type { TileChain } from './ground'

const WIDTH = 16
const SIZE = 64
const AT = { layer: 0, k: 3, tj: 1, ti: 2 } as const

const number = fc.integer({ min: 0, max: 3 })
const tile = fc.array(number, { minLength: SIZE, maxLength: SIZE }).map((numbers) => Uint16Array.from(numbers))
const stroke = fc.record({
  start: fc.integer({ min: 0, max: SIZE - 1 }),
  length: fc.integer({ min: 1, max: 20 }),
  number,
})

/** Strokes drawn one after another on `start`, as the patches that they would be. */
function chainOf(
  start: Uint16Array,
  base: Uint16Array,
  strokes: readonly { start: number; length: number; number: number }[],
): TileChain {
  const voxels = start.slice()
  const edits = strokes.map((each, n) => {
    const builder = new PatchBuilder()
    for (let at = each.start; at < Math.min(SIZE, each.start + each.length); at++) {
      const before = voxels[at] ?? 0
      if (before === each.number) continue
      builder.add(at, 1, before, each.number)
      voxels[at] = each.number
    }
    return { uuid: `stroke ${n}`, isUndo: false, patch: builder.finish() }
  })
  return { position: AT, width: WIDTH, base, edits: edits.filter(({ patch }) => patch.starts.length > 0) }
}

function isStale(voxels: Uint16Array, patch: Patch): boolean {
  let stale = false
  eachRun(patch, (start, end, before, after) => {
    for (let at = start; at < end; at++) stale ||= voxels[at] !== before && voxels[at] !== after
  })
  return stale
}

/** What the server makes of the edits after a decision; fails if it would refuse one. */
function saved({ base, edits }: TileChain, decided: ReadonlyMap<string, readonly { patch: Patch }[]>): Uint16Array {
  const voxels = base.slice()
  for (const { uuid, patch } of edits) {
    const next = decided.get(uuid)?.[0]?.patch ?? patch
    expect(isStale(voxels, next)).toBe(false)
    draw(voxels, next)
  }
  return voxels
}

function all(choice: Choice, islands: readonly { id: number }[]): Map<number, Choice> {
  return new Map(islands.map(({ id }) => [id, choice]))
}

describe('a dispute', () => {
  test('is there exactly when the server would refuse one of the edits', () => {
    fc.assert(
      fc.property(tile, tile, fc.array(stroke, { maxLength: 5 }), (mine, theirs, strokes) => {
        const chain = chainOf(mine, theirs, strokes)

        const voxels = chain.base.slice()
        const isRefused = chain.edits.some(({ patch }) => {
          const stale = isStale(voxels, patch)
          draw(voxels, patch)
          return stale
        })

        expect(findDispute([chain]) !== null).toBe(isRefused)
      }),
    )
  })

  test('decided as mine gives what I drew, as theirs what they drew, and the rest is merged either way', () => {
    fc.assert(
      fc.property(tile, tile, fc.array(stroke, { minLength: 1, maxLength: 5 }), (start, theirs, strokes) => {
        const chain = chainOf(start, theirs, strokes)
        const dispute = findDispute([chain])
        if (dispute === null) return
        const { islands } = dispute.conflict
        const disputed = new Map<number, { mine: number; theirs: number }>()
        for (const { voxels, mine, theirs: others } of islands)
          mine.forEach((value, n) => {
            const at = ((voxels[2 * n + 1] ?? 0) - 256) * WIDTH + (voxels[2 * n] ?? 0) - 512
            disputed.set(at, { mine: value, theirs: others[n] ?? -1 })
          })
        const final = start.slice()
        for (const { patch } of chain.edits) draw(final, patch)

        const asMine = saved(chain, decide(dispute, all('mine', islands)))
        const asTheirs = saved(chain, decide(dispute, all('theirs', islands)))

        for (let at = 0; at < SIZE; at++) {
          const both = disputed.get(at)
          if (both === undefined) expect(asMine[at]).toBe(asTheirs[at])
          else {
            expect(both).toEqual({ mine: final[at], theirs: theirs[at] })
            expect([asMine[at], asTheirs[at]]).toEqual([both.mine, both.theirs])
          }
        }
      }),
    )
  })

  test('has one island for voxels that touch, also over the border of two tiles', () => {
    const wide = (ti: number, columns: readonly number[]): TileChain => {
      const builder = new PatchBuilder()
      for (const at of columns) builder.add(at, 1, 0, 1)
      const edits = [{ uuid: 'stroke', isUndo: false, patch: builder.finish() }]
      return { position: { ...AT, ti }, width: 256, base: new Uint16Array(256 * 4).fill(9), edits }
    }

    const dispute = findDispute([wide(0, [10, 254, 255, 256 + 10]), wide(1, [0, 1, 5])])

    const islands = dispute?.conflict.islands.map(({ voxels, box }) => [voxels.length / 2, box.i0, box.i1])
    expect(islands).toEqual([
      [2, 10, 11],
      [4, 254, 258],
      [1, 261, 262],
    ])
  })

  test('does not ask where mine is back to what it was', () => {
    const start = new Uint16Array(SIZE)
    const chain = chainOf(start, new Uint16Array(SIZE).fill(9), [
      { start: 4, length: 2, number: 1 },
      { start: 4, length: 2, number: 0 },
    ])

    const dispute = findDispute([chain])

    expect(dispute?.conflict).toEqual({ voxels: 0, islands: [] })
    expect(dispute && [...saved(chain, decide(dispute, new Map()))]).toEqual([...chain.base])
  })
})
