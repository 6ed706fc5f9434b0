import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { draw, undraw } from '../labelmap/patch'
import { type DirtyBox, type FinishedStroke, LabelStore } from './label-store'

const SHAPE = [3, 260, 300] as const
const [SLICES, ROWS, COLUMNS] = SHAPE

interface Run {
  k: number
  j: number
  i0: number
  i1: number
  number: number
}

const run: fc.Arbitrary<Run> = fc
  .record({
    k: fc.integer({ min: -1, max: SLICES }),
    // Around the border of two tiles and the edges of the image, where mistakes live.
    j: fc.oneof(fc.integer({ min: -1, max: 4 }), fc.integer({ min: 253, max: ROWS })),
    i: fc.oneof(fc.integer({ min: -2, max: 8 }), fc.integer({ min: 250, max: COLUMNS })),
    length: fc.integer({ min: 0, max: 20 }),
    number: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ k, j, i, length, number }) => ({ k, j, i0: i, i1: i + length, number }))

const runs = fc.array(run, { maxLength: 25 })

/** A plain slow labelmap. */
class Plain {
  readonly voxels = new Uint16Array(SLICES * ROWS * COLUMNS)

  fill({ k, j, i0, i1, number }: Run, locked: ReadonlySet<number>): void {
    if (k < 0 || k >= SLICES || j < 0 || j >= ROWS || locked.has(number)) return
    for (let i = Math.max(0, i0); i < Math.min(COLUMNS, i1); i++) {
      const at = (k * ROWS + j) * COLUMNS + i
      if (!locked.has(this.voxels[at] ?? 0)) this.voxels[at] = number
    }
  }
}

function voxelsOf(labels: LabelStore): Uint16Array {
  const voxels = new Uint16Array(SLICES * ROWS * COLUMNS)
  for (const { k, tj, ti } of labels.positions()) {
    const tile = labels.tile(0, k, tj, ti) ?? new Uint16Array()
    const width = Math.min(256, COLUMNS - ti * 256)
    for (let y = 0; y * width < tile.length; y++) {
      voxels.set(tile.subarray(y * width, (y + 1) * width), (k * ROWS + tj * 256 + y) * COLUMNS + ti * 256)
    }
  }
  return voxels
}

function same(a: Uint16Array, b: Uint16Array): boolean {
  return Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0
}

function drawStroke(labels: LabelStore, list: readonly Run[]): FinishedStroke | null {
  let finished: FinishedStroke | null = null
  labels.onStroke = (stroke) => {
    finished = stroke
  }
  const stroke = labels.beginStroke('brush')
  for (const { k, j, i0, i1, number } of list) stroke.fillRun(k, j, i0, i1, number)
  stroke.commit()
  return finished
}

describe('strokes', () => {
  test('draw what a plain labelmap draws, and never touch a locked segment', () => {
    fc.assert(
      fc.property(fc.array(runs, { maxLength: 4 }), fc.uniqueArray(fc.integer({ min: 1, max: 4 })), (strokes, list) => {
        const labels = new LabelStore(SHAPE)
        const plain = new Plain()
        strokes.forEach((stroke, n) => {
          const locked = new Set(n === 0 ? [] : list)
          labels.setLocked(locked)
          drawStroke(labels, stroke)
          for (const each of stroke) plain.fill(each, locked)
        })

        expect(same(voxelsOf(labels), plain.voxels)).toBe(true)
        for (let number = 1; number <= 4; number++) {
          expect(labels.voxelCount(number)).toBe(plain.voxels.filter((value) => value === number).length)
        }
      }),
    )
  })

  test('a rollback restores exactly, also the absence of tiles', () => {
    fc.assert(
      fc.property(runs, runs, (first, second) => {
        const labels = new LabelStore(SHAPE)
        drawStroke(labels, first)
        const [before, tiles] = [voxelsOf(labels), labels.positions()]
        const counts = [1, 2, 3, 4].map((number) => labels.voxelCount(number))

        const stroke = labels.beginStroke('brush')
        for (const { k, j, i0, i1, number } of second) stroke.fillRun(k, j, i0, i1, number)
        stroke.rollback()

        expect(same(voxelsOf(labels), before)).toBe(true)
        expect(labels.positions()).toEqual(tiles)
        expect([1, 2, 3, 4].map((number) => labels.voxelCount(number))).toEqual(counts)
      }),
    )
  })

  test('a patch holds exactly what changed: drawing it gives the result, taking it back the start', () => {
    fc.assert(
      fc.property(runs, runs, (first, second) => {
        const labels = new LabelStore(SHAPE)
        drawStroke(labels, first)
        const before = new Map(
          labels.positions().map((at) => [labels.keyOf(at), labels.tile(0, at.k, at.tj, at.ti)?.slice()]),
        )
        const start = voxelsOf(labels)

        const stroke = drawStroke(labels, second)

        const after = voxelsOf(labels)
        const changed = after.filter((value, at) => value !== start[at]).length
        expect(stroke?.voxels ?? 0).toBe(changed)
        for (const { position, patch } of stroke?.patches ?? []) {
          const { k, tj, ti } = position
          const height = Math.min(256, ROWS - tj * 256)
          const voxels =
            before.get(labels.keyOf(position)) ?? new Uint16Array(height * Math.min(256, COLUMNS - ti * 256))
          const kept = voxels.slice()
          expect(draw(voxels, patch)).toBe(patch)
          expect(same(labels.tile(0, k, tj, ti) ?? new Uint16Array(voxels.length), voxels)).toBe(true)
          undraw(voxels, patch)
          expect(same(voxels, kept)).toBe(true)
        }
      }),
    )
  })

  test('listeners hear of every changed voxel', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (list) => {
        const labels = new LabelStore(SHAPE)
        const boxes: DirtyBox[] = []
        labels.subscribe((heard) => boxes.push(...heard.map((box) => ({ ...box }))))

        drawStroke(labels, list)
        await Promise.resolve()

        const isHeard = (i: number, j: number, k: number): boolean =>
          boxes.some((box) => k === box.k && i >= box.i0 && i < box.i1 && j >= box.j0 && j < box.j1)
        voxelsOf(labels).forEach((value, at) => {
          if (value === 0) return
          const [i, j, k] = [at % COLUMNS, Math.floor(at / COLUMNS) % ROWS, Math.floor(at / COLUMNS / ROWS)]
          expect(isHeard(i, j, k)).toBe(true)
        })
      }),
      { numRuns: 40 },
    )
  })

  test('only one can be open', () => {
    const labels = new LabelStore(SHAPE)
    const stroke = labels.beginStroke('brush')

    expect(() => labels.beginStroke('brush')).toThrow('open already')

    stroke.rollback()
    labels.beginStroke('brush').commit()
  })

  test('what is over cannot draw any more', () => {
    const labels = new LabelStore(SHAPE)
    const stroke = labels.beginStroke('brush')
    stroke.commit()

    stroke.fillRun(0, 0, 0, 5, 1)
    stroke.rollback()

    expect(labels.labelAt(0, 0, 0)).toBe(0)
  })

  test('a stroke that changes nothing is none', () => {
    const labels = new LabelStore(SHAPE)
    drawStroke(labels, [{ k: 0, j: 0, i0: 0, i1: 5, number: 1 }])

    expect(drawStroke(labels, [{ k: 0, j: 0, i0: 0, i1: 5, number: 1 }])).toBe(null)
    expect(drawStroke(labels, [{ k: 1, j: 0, i0: 0, i1: 5, number: 0 }])).toBe(null)
  })

  test('allow decides by the number that is there', () => {
    const labels = new LabelStore(SHAPE)
    drawStroke(labels, [{ k: 0, j: 0, i0: 0, i1: 3, number: 1 }])

    const stroke = labels.beginStroke('brush', { allow: (before) => before === 0 })
    stroke.fillRun(0, 0, 0, 5, 2)
    stroke.commit()

    expect([0, 1, 2, 3, 4].map((i) => labels.labelAt(i, 0, 0))).toEqual([1, 1, 1, 2, 2])
  })
})

describe('layers', () => {
  test('painting clears the other layers, in one stroke', () => {
    const labels = new LabelStore(SHAPE)
    labels.setLayer(7, 7, 1)
    drawStroke(labels, [{ k: 0, j: 0, i0: 0, i1: 4, number: 1 }])

    const stroke = drawStroke(labels, [{ k: 0, j: 0, i0: 2, i1: 6, number: 7 }])

    expect([0, 1, 2, 3, 4, 5].map((i) => labels.labelAt(i, 0, 0, 0))).toEqual([1, 1, 0, 0, 0, 0])
    expect([0, 1, 2, 3, 4, 5].map((i) => labels.labelAt(i, 0, 0, 1))).toEqual([0, 0, 7, 7, 7, 7])
    expect(labels.labelAt(3, 0, 0)).toBe(7)
    expect(stroke?.patches.map(({ position }) => position.layer)).toEqual([0, 1])
  })

  test('a locked segment of another layer is not painted over', () => {
    const labels = new LabelStore(SHAPE)
    labels.setLayer(7, 7, 1)
    drawStroke(labels, [{ k: 0, j: 0, i0: 2, i1: 4, number: 7 }])
    labels.setLocked(new Set([7]))

    drawStroke(labels, [{ k: 0, j: 0, i0: 0, i1: 6, number: 1 }])
    drawStroke(labels, [{ k: 0, j: 0, i0: 0, i1: 1, number: 0 }])

    expect([0, 1, 2, 3, 4, 5].map((i) => labels.labelAt(i, 0, 0))).toEqual([0, 1, 7, 7, 1, 1])
  })
})
