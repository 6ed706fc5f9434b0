import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { affineFromRows, isSheared, spacingOf, toPatient, toVoxel } from './affine'
import { makeGrid } from './grid'

const TILT = (18.5 * Math.PI) / 180
/** Gantry tilt: the slices are inclined, their positions move along z only. */
const TILTED = [
  [0.5, 0, 0, -120],
  [0, 0.5 * Math.cos(TILT), 0, -80],
  [0, -0.5 * Math.sin(TILT), 2.5, 700],
  [0, 0, 0, 1],
]

describe('affine', () => {
  test('one column right and one row down follow the columns of the matrix', () => {
    const affine = affineFromRows([
      [0.5, 0, 0, -10],
      [0, 2, 0, 20],
      [0, 0, 3, 5],
      [0, 0, 0, 1],
    ])

    expect(toPatient(affine, [1, 0, 0])).toEqual([-9.5, 20, 5])
    expect(toPatient(affine, [0, 1, 0])).toEqual([-10, 22, 5])
    expect(toPatient(affine, [0, 0, 2])).toEqual([-10, 20, 11])
  })

  test('spacing of a tilted series is the pixel size and the table step', () => {
    const [si, sj, sk] = spacingOf(affineFromRows(TILTED))

    expect(si).toBeCloseTo(0.5, 12)
    expect(sj).toBeCloseTo(0.5, 12)
    expect(sk).toBeCloseTo(2.5, 12)
  })

  test('a tilted series is sheared, an oblique one is not', () => {
    const oblique = TILTED.map((row) => [...row])
    oblique[1]![2] = 2.5 * Math.sin(TILT)
    oblique[2]![2] = 2.5 * Math.cos(TILT)

    expect(isSheared(affineFromRows(TILTED))).toBe(true)
    expect(isSheared(affineFromRows(oblique))).toBe(false)
  })

  test('patient and back is the same voxel, shear included', () => {
    const affine = affineFromRows(TILTED)
    const index = fc.double({ min: -600, max: 600, noNaN: true })

    fc.assert(
      fc.property(index, index, index, (i, j, k) => {
        const back = toVoxel(affine, toPatient(affine, [i, j, k]))
        expect(back[0]).toBeCloseTo(i, 6)
        expect(back[1]).toBeCloseTo(j, 6)
        expect(back[2]).toBeCloseTo(k, 6)
      }),
    )
  })

  test.each([
    ['three rows', TILTED.slice(0, 3)],
    ['a NaN', [[Number.NaN, 0, 0, 0], ...TILTED.slice(1)]],
    [
      'a flat matrix',
      [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 0, 1],
      ],
    ],
  ])('refuses %s', (_, rows) => {
    expect(() => affineFromRows(rows)).toThrow(RangeError)
  })
})

describe('grid', () => {
  test('without affine and spacing, lengths are in pixels', () => {
    expect(makeGrid([1, 10, 10], null, null).metric).toMatchObject({ unit: 'px', ii: 1, jj: 1, kk: 1 })
  })

  test('a known pixel size without a position is millimetres', () => {
    const grid = makeGrid([1, 10, 10], null, [0.139, 0.2, 1])

    expect(grid.affine).toBeNull()
    expect(Math.sqrt(grid.metric.jj)).toBeCloseTo(0.2, 12)
    expect(grid.metric.unit).toBe('mm')
  })

  test('the metric measures a tilted step as the patient does', () => {
    const grid = makeGrid([10, 10, 10], TILTED, null)
    const { ii, jj, kk, ij, ik, jk } = grid.metric
    const [i, j, k] = [3, -4, 5]
    const metric = ii * i * i + jj * j * j + kk * k * k + 2 * (ij * i * j + ik * i * k + jk * j * k)
    const a = toPatient(affineFromRows(TILTED), [0, 0, 0])
    const b = toPatient(affineFromRows(TILTED), [i, j, k])

    expect(Math.sqrt(metric)).toBeCloseTo(Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]), 9)
  })
})
