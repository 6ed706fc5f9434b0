import { describe, expect, test } from 'vitest'
import { measureOf, sizeText } from './measure'

const CT = { kind: 'volume', spacing: [0.5, 0.5, 4], spacing_source: 'pixel', partial: false } as const

describe('a voxel', () => {
  test('of a tilted gantry is a sheared box: its volume is the determinant', () => {
    const angle = (18.5 * Math.PI) / 180
    const affine = [
      [0.5, 0, 0, 0],
      [0, 0.5 * Math.cos(angle), 0, 0],
      [0, 0.5 * Math.sin(angle), 4, 0],
      [0, 0, 0, 1],
    ]

    const { perVoxel } = measureOf({ ...CT, spacing: [0.5, 0.5, 4], affine })

    expect(perVoxel).toBeCloseTo(0.5 * 0.5 * 4 * Math.cos(angle), 9)
  })

  test('of a projection has an area at the detector', () => {
    const measure = measureOf({
      kind: 'planar',
      affine: null,
      spacing: [0.3, 0.2, 1],
      spacing_source: 'detector',
      partial: false,
    })

    expect(measure).toMatchObject({ kind: 'area', perVoxel: 0.06 })
    expect(measure.remark).not.toBeNull()
  })
})

describe('a size', () => {
  test('is a volume in ml', () => {
    const measure = measureOf({ ...CT, spacing: [1, 1, 1], affine: null })

    expect(sizeText(measure, 126_900)?.replace('\u2009', ' ')).toBe('126.9 ml')
  })

  test('is unknown while nothing is drawn, and where slices are missing', () => {
    const partial = measureOf({ ...CT, spacing: [1, 1, 1], affine: null, partial: true })

    expect(sizeText(partial, 0)).toBeNull()
    expect(sizeText(partial, 1000)).toBeNull()
  })

  test('without a physical size is a count of pixels', () => {
    const measure = measureOf({ kind: 'planar', affine: null, spacing: null, spacing_source: null, partial: false })

    expect(sizeText(measure, 1204)?.replace('\u2009', ' ')).toBe('1,204 px')
  })
})
