import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Metric, makeGrid, PIXEL_METRIC, type Shape, type Voxel } from '../geometry/grid'
import { type BrushShape, capsuleRuns } from './capsule'

const TILT = (18.5 * Math.PI) / 180
const SHEARED = makeGrid(
  [1, 1, 1],
  [
    [0.8, 0, 0, 0],
    [0, 1.1 * Math.cos(TILT), 0, 0],
    [0, -1.1 * Math.sin(TILT), 2.5, 0],
    [0, 0, 0, 1],
  ],
  null,
).metric

function paint(from: Voxel, to: Voxel, radius: number, brush: BrushShape, metric: Metric, shape: Shape): Set<string> {
  const voxels = new Set<string>()
  capsuleRuns(from, to, radius, brush, metric, shape, (k, j, i0, i1) => {
    for (let i = i0; i < i1; i++) voxels.add(`${i},${j},${k}`)
  })
  return voxels
}

const dot = (m: Metric, [ai, aj, ak]: Voxel, [bi, bj, bk]: Voxel): number =>
  m.ii * ai * bi +
  m.jj * aj * bj +
  m.kk * ak * bk +
  m.ij * (ai * bj + aj * bi) +
  m.ik * (ai * bk + ak * bi) +
  m.jk * (aj * bk + ak * bj)

/** The plain slow version: the distance of every voxel to the segment. */
function slow(from: Voxel, to: Voxel, radius: number, metric: Metric, [slices, rows, columns]: Shape): Set<string> {
  const voxels = new Set<string>()
  const axis: Voxel = [to[0] - from[0], to[1] - from[1], to[2] - from[2]]
  const squared = dot(metric, axis, axis)
  for (let k = 0; k < slices; k++)
    for (let j = 0; j < rows; j++)
      for (let i = 0; i < columns; i++) {
        const u: Voxel = [i - from[0], j - from[1], k - from[2]]
        const t = squared === 0 ? 0 : Math.min(1, Math.max(0, dot(metric, u, axis) / squared))
        const d: Voxel = [u[0] - t * axis[0], u[1] - t * axis[1], u[2] - t * axis[2]]
        if (Math.sqrt(dot(metric, d, d)) <= radius) voxels.add(`${i},${j},${k}`)
      }
  return voxels
}

describe('disc', () => {
  test.each([
    [1, 5],
    [2, 13],
    [3, 29],
    [5, 81],
    [10, 317],
  ])('of radius %d px has %d voxels (Gauss circle problem)', (radius, count) => {
    expect(paint([20, 20, 0], [20, 20, 0], radius, 'circle', PIXEL_METRIC, [1, 41, 41]).size).toBe(count)
  })

  test('in millimetres is wide where voxels are narrow', () => {
    const metric = makeGrid([1, 41, 41], null, [0.5, 2, 1]).metric
    const voxels = paint([20, 20, 0], [20, 20, 0], 4, 'circle', metric, [1, 41, 41])

    expect(voxels.has('28,20,0') && voxels.has('12,20,0') && voxels.has('20,22,0')).toBe(true)
    expect(voxels.has('29,20,0') || voxels.has('20,23,0')).toBe(false)
  })

  test('stays in its slice', () => {
    const voxels = paint([5, 5, 2], [5, 5, 2], 3, 'circle', PIXEL_METRIC, [5, 11, 11])

    expect([...voxels].every((voxel) => voxel.endsWith(',2'))).toBe(true)
  })

  test('is cut at the border of the image', () => {
    expect(paint([0, 0, 0], [0, 0, 0], 2, 'circle', PIXEL_METRIC, [1, 9, 9]).size).toBe(6)
    expect(paint([-50, -50, 0], [-50, -50, 0], 2, 'circle', PIXEL_METRIC, [1, 9, 9]).size).toBe(0)
  })

  test('finer than a voxel still paints the voxel under it', () => {
    expect([...paint([4.3, 4.6, 0], [4.3, 4.6, 0], 0.01, 'circle', PIXEL_METRIC, [1, 9, 9])]).toEqual(['4,5,0'])
  })
})

describe('sphere', () => {
  test('has the volume of a sphere, anisotropic and sheared', () => {
    const shape: Shape = [40, 100, 100]
    const voxels = paint([50, 50, 20], [50, 50, 20], 18, 'sphere', SHEARED, shape)
    const voxelVolume = 0.8 * 1.1 * Math.cos(TILT) * 2.5

    // Voxel counting of a ball of 11,000 voxels is within 1 %.
    expect((voxels.size * voxelVolume) / ((4 / 3) * Math.PI * 18 ** 3)).toBeCloseTo(1, 2)
  })

  test('is shifted from slice to slice by the shear', () => {
    const voxels = paint([50, 50, 20], [50, 50, 20], 10, 'sphere', SHEARED, [40, 100, 100])
    const mean = (k: number): number => {
      const rows = [...voxels].map((voxel) => voxel.split(',').map(Number)).filter((voxel) => voxel[2] === k)
      return rows.reduce((sum, voxel) => sum + (voxel[1] ?? 0), 0) / rows.length
    }

    // Two slices up, the closest point of the slanted slice lies 2 · 2.5 · sin(18.5°) mm further down its rows.
    expect(mean(22) - 50).toBeCloseTo((2 * 2.5 * Math.sin(TILT)) / 1.1, 0)
    expect(mean(18) - 50).toBeCloseTo((-2 * 2.5 * Math.sin(TILT)) / 1.1, 0)
  })
})

describe('capsule', () => {
  const place = fc.double({ min: -2, max: 14, noNaN: true })
  const radius = fc.double({ min: 1.6, max: 5, noNaN: true })
  const shape: Shape = [5, 12, 12]

  test.each([
    ['circle', PIXEL_METRIC],
    ['circle', makeGrid(shape, null, [0.7, 1.5, 2]).metric],
    ['sphere', makeGrid(shape, null, [0.7, 1.5, 2]).metric],
    ['sphere', SHEARED],
  ] as const)('%s equals the plain slow version', (brush, metric) => {
    fc.assert(
      fc.property(place, place, place, place, radius, (i0, j0, i1, j1, r) => {
        const [from, to]: [Voxel, Voxel] = [
          [i0, j0, 2],
          [i1, j1, 2],
        ]
        const fast = paint(from, to, r, brush, metric, shape)
        const inside = [...slow(from, to, r - 1e-6, metric, shape)]
        const around = slow(from, to, r + 1e-6, metric, shape)
        expect(inside.filter((voxel) => isMeant(voxel, brush) && !fast.has(voxel))).toEqual([])
        expect([...fast].filter((voxel) => !around.has(voxel))).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('a stroke of any thinness has no gap', () => {
    const point = fc.tuple(fc.double({ min: 0, max: 59, noNaN: true }), fc.double({ min: 0, max: 59, noNaN: true }))
    fc.assert(
      fc.property(point, point, fc.double({ min: 0.01, max: 3, noNaN: true }), (a, b, r) => {
        const voxels = paint([...a, 0], [...b, 0], r, 'circle', PIXEL_METRIC, [1, 60, 60])
        expect(isConnected(voxels)).toBe(true)
        expect(voxels.has(`${Math.round(a[0])},${Math.round(a[1])},0`)).toBe(true)
        expect(voxels.has(`${Math.round(b[0])},${Math.round(b[1])},0`)).toBe(true)
      }),
    )
  })
})

const isMeant = (voxel: string, brush: BrushShape): boolean => brush === 'sphere' || voxel.endsWith(',2')

function isConnected(voxels: Set<string>): boolean {
  const open = new Set(voxels)
  const first = open.values().next().value
  if (first === undefined) return true
  const queue = [first]
  open.delete(first)
  for (let voxel = queue.pop(); voxel !== undefined; voxel = queue.pop()) {
    const [i = 0, j = 0] = voxel.split(',').map(Number)
    for (let dj = -1; dj <= 1; dj++)
      for (let di = -1; di <= 1; di++) if (open.delete(`${i + di},${j + dj},0`)) queue.push(`${i + di},${j + dj},0`)
  }
  return open.size === 0
}
