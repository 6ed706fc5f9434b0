import { describe, expect, test } from 'vitest'
import { LabelStore } from '../../store/label-store'
import { clearOnSlice, nextBorderSlice } from './segment-actions'

/** 300 columns: two tiles side by side. */
function store(): LabelStore {
  const labels = new LabelStore([10, 40, 300])
  const stroke = labels.beginStroke('test')
  for (const k of [3, 4, 5]) {
    stroke.fillRun(k, 7, 250, 262, 1)
    stroke.fillRun(k, 8, 10, 14, 2)
  }
  stroke.commit()
  return labels
}

describe('clearing a segment on a slice', () => {
  test('takes its voxels in every tile of that slice and no others', () => {
    const labels = store()

    const changed = clearOnSlice(labels, 1, 4)

    expect(changed).toBe(12)
    expect([labels.voxelCount(1), labels.voxelCount(2)]).toEqual([24, 12])
    expect(labels.labelAt(255, 7, 4)).toBe(0)
    expect(labels.labelAt(255, 7, 3)).toBe(1)
  })

  test('is no stroke where there is nothing', () => {
    const labels = store()

    expect(clearOnSlice(labels, 1, 0)).toBe(0)
    expect(labels.isDrawing).toBe(false)
  })
})

describe('the next slice where a segment starts or ends', () => {
  test('is its first slice from outside, and its last from inside', () => {
    const labels = store()

    expect(nextBorderSlice(labels, 1, 0, 1)).toBe(3)
    expect(nextBorderSlice(labels, 1, 3, 1)).toBe(5)
    expect(nextBorderSlice(labels, 1, 9, -1)).toBe(5)
    expect(nextBorderSlice(labels, 1, 5, -1)).toBe(3)
  })

  test('is none behind its end', () => {
    expect(nextBorderSlice(store(), 1, 5, 1)).toBeNull()
  })
})
