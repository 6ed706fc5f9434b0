import { type Affine, affineFromRows, affineFromSpacing } from './affine'
import { dot, type Vec3 } from './vector'

/** Number of slices, rows and columns: the shape of `voxels[k, j, i]`. */
export type Shape = readonly [k: number, j: number, i: number]

/** A place on the voxel grid: column, row, slice; whole numbers are voxel centres. */
export type Voxel = readonly [i: number, j: number, k: number]

/** Lengths on the grid: `|d|² = ii·di² + jj·dj² + kk·dk² + 2(ij·di·dj + ik·di·dk + jk·dj·dk)`. Holds shear and anisotropy. */
export interface Metric {
  readonly ii: number
  readonly jj: number
  readonly kk: number
  readonly ij: number
  readonly ik: number
  readonly jk: number
  readonly unit: 'mm' | 'px'
}

export const PIXEL_METRIC: Metric = { ii: 1, jj: 1, kk: 1, ij: 0, ik: 0, jk: 0, unit: 'px' }

/** Where the voxels of an image are. `affine` is null when the patient position is unknown, even if the size is known. */
export interface Grid {
  readonly shape: Shape
  readonly affine: Affine | null
  readonly spacing: Vec3 | null
  readonly metric: Metric
}

export function makeGrid(
  shape: Shape,
  rows: readonly (readonly number[])[] | null,
  spacing: readonly [number, number, number] | null,
): Grid {
  const affine = rows === null ? null : affineFromRows(rows)
  const sizes = affine ?? (spacing === null ? null : affineFromSpacing(spacing))
  return { shape, affine, spacing, metric: sizes === null ? PIXEL_METRIC : metricOf(sizes) }
}

export function metricOf({ i, j, k }: Affine): Metric {
  return { ii: dot(i, i), jj: dot(j, j), kk: dot(k, k), ij: dot(i, j), ik: dot(i, k), jk: dot(j, k), unit: 'mm' }
}

/** Edge lengths of a pixel of the slice, in the metric's unit. */
export function pixelSize(metric: Metric): readonly [si: number, sj: number] {
  return [Math.sqrt(metric.ii), Math.sqrt(metric.jj)]
}

export function nearestVoxel([i, j, k]: Voxel): Voxel {
  return [Math.round(i), Math.round(j), Math.round(k)]
}

export function contains([sk, sj, si]: Shape, [i, j, k]: Voxel): boolean {
  return i >= 0 && j >= 0 && k >= 0 && i < si && j < sj && k < sk
}
