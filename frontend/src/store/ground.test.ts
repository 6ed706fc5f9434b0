import { describe, expect, test } from 'vitest'
import { type Patch, PatchBuilder } from '../labelmap/patch'
import { Ground } from './ground'
import { LabelStore } from './label-store'
import { paint, row } from './testing/test-browser'

const SHAPE = [1, 4, 16] as const
const AT = { layer: 0, k: 0, tj: 0, ti: 0 } as const

function tile(...numbers: number[]): Uint16Array {
  const voxels = new Uint16Array(4 * 16)
  voxels.set(numbers)
  return voxels
}

function body(seq: number, ...numbers: number[]) {
  return { seq, tiles: [{ position: AT, seq, voxels: tile(...numbers) }] }
}

function patch(...runs: [start: number, length: number, before: number, after: number][]): Patch {
  const builder = new PatchBuilder()
  for (const run of runs) builder.add(...run)
  return builder.finish()
}

/** A store in which strokes are pending edits of a ground at seq 0. */
function setUp(): { labels: LabelStore; ground: Ground } {
  const labels = new LabelStore(SHAPE)
  const ground = new Ground(labels)
  let count = 0
  labels.onStroke = ({ patches }) => ground.add({ uuid: `stroke ${++count}`, patches, isUndo: false }, true)
  return { labels, ground }
}

describe('the ground', () => {
  test('takes over a stroke whose answer follows what is known', () => {
    const { labels, ground } = setUp()
    paint(labels, 1, 0, 3)

    expect(ground.acknowledge('stroke 1', 1, 0)).toBe(false)

    expect(ground.seq).toBe(1)
    expect(ground.chains()).toEqual([])
    expect(row(labels, 0, 4)).toEqual([1, 1, 1, 0])
  })

  test('asks for a read when the answer shows that others came before, and then has both', () => {
    const { labels, ground } = setUp()
    paint(labels, 1, 0, 3)
    paint(labels, 2, 2, 5)

    expect(ground.acknowledge('stroke 1', 3, 2)).toBe(true)
    expect(ground.seq).toBe(0)
    ground.apply(body(3, 1, 1, 1, 0, 0, 0, 7), false)

    expect(ground.seq).toBe(3)
    expect(row(labels, 0, 8)).toEqual([1, 1, 2, 2, 2, 0, 7, 0])
    expect(ground.chains()).toMatchObject([{ edits: [{ uuid: 'stroke 2' }] }])
  })

  test('takes a repeated answer for what it is: what came after it stays', () => {
    const { labels, ground } = setUp()
    paint(labels, 1, 0, 3)
    // Stored as seq 1, the answer lost, and taken back by somebody as seq 2: read, it looks as if it had never been stored.
    ground.apply(body(2, 0, 0, 0, 9), false)
    expect(row(labels, 0, 4)).toEqual([1, 1, 1, 9])

    expect(ground.acknowledge('stroke 1', 1, 0)).toBe(false)

    expect(row(labels, 0, 4)).toEqual([0, 0, 0, 9])
    expect(ground.seq).toBe(2)
  })

  test('asks for a read after an undo: only the server knows what it skipped', () => {
    const { labels, ground } = setUp()
    paint(labels, 1, 0, 3)
    ground.acknowledge('stroke 1', 1, 0)
    ground.add({ uuid: 'undo', patches: [{ position: AT, patch: patch([0, 3, 1, 0]) }], isUndo: true }, false)
    expect(row(labels, 0, 4)).toEqual([0, 0, 0, 0])

    expect(ground.acknowledge('undo', 2, 1)).toBe(true)
    ground.apply(body(2, 0, 5, 0, 0), false)

    expect(row(labels, 0, 4)).toEqual([0, 5, 0, 0])
  })

  test('does not draw over what somebody else has drawn, and draws again when that is gone', () => {
    const { labels, ground } = setUp()
    paint(labels, 1, 0, 3)

    ground.apply(body(1, 0, 6, 6, 6), false)
    expect(row(labels, 0, 4)).toEqual([1, 6, 6, 6])
    ground.apply(body(2, 0, 0, 0, 6), false)

    expect(row(labels, 0, 4)).toEqual([1, 1, 1, 6])
  })

  test('a whole read empties the tiles that are not in it, and keeps what is pending', () => {
    const { labels, ground } = setUp()
    ground.apply(body(5, 3, 3, 3, 3), true)
    paint(labels, 1, 6, 8)

    ground.apply({ seq: 0, tiles: [] }, true)

    expect(ground.seq).toBe(0)
    expect(row(labels, 0, 9)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 0])
    expect(labels.voxelCount(3)).toBe(0)
  })

  test('a pending edit that is replaced or given up leaves no trace', () => {
    const { labels, ground } = setUp()
    paint(labels, 1, 0, 3)
    paint(labels, 2, 2, 5)

    ground.replacePending([{ uuid: 'new', patches: [{ position: AT, patch: patch([4, 2, 0, 8]) }], isUndo: false }])

    expect(row(labels, 0, 7)).toEqual([0, 0, 0, 0, 8, 8, 0])
  })
})
