import type { Voxel } from './grid'
import { cross, dot, norm, type Vec3 } from './vector'

/** The columns of a 4 × 4 voxel-to-patient matrix (LPS mm): one step along i, j and k, and the centre of voxel (0, 0, 0). */
export interface Affine {
  readonly i: Vec3
  readonly j: Vec3
  readonly k: Vec3
  readonly origin: Vec3
}

/** Reads the row-major matrix of the API; throws when it is not 4 × 4, not finite or not invertible. */
export function affineFromRows(rows: readonly (readonly number[])[]): Affine {
  if (rows.length !== 4 || rows.some((row) => row.length !== 4 || row.some((value) => !Number.isFinite(value)))) {
    throw new RangeError('an affine is four rows of four finite numbers')
  }
  const column = (c: number): Vec3 => [rows[0]?.[c] ?? 0, rows[1]?.[c] ?? 0, rows[2]?.[c] ?? 0]
  const affine = { i: column(0), j: column(1), k: column(2), origin: column(3) }
  if (Math.abs(determinant(affine)) < 1e-12) throw new RangeError('the affine is not invertible')
  return affine
}

/** An affine without orientation: only the voxel's size is known. */
export function affineFromSpacing([si, sj, sk]: Vec3): Affine {
  return { i: [si, 0, 0], j: [0, sj, 0], k: [0, 0, sk], origin: [0, 0, 0] }
}

export function toPatient({ i, j, k, origin }: Affine, [vi, vj, vk]: Voxel): Vec3 {
  return [
    i[0] * vi + j[0] * vj + k[0] * vk + origin[0],
    i[1] * vi + j[1] * vj + k[1] * vk + origin[1],
    i[2] * vi + j[2] * vj + k[2] * vk + origin[2],
  ]
}

export function toVoxel(affine: Affine, point: Vec3): Voxel {
  const { i, j, k, origin } = affine
  const offset: Vec3 = [point[0] - origin[0], point[1] - origin[1], point[2] - origin[2]]
  const det = determinant(affine)
  return [dot(offset, cross(j, k)) / det, dot(offset, cross(k, i)) / det, dot(offset, cross(i, j)) / det]
}

/** Length of one step along i, j and k in mm: of a tilted series the k step is the table step, not the distance of the planes. */
export function spacingOf({ i, j, k }: Affine): Vec3 {
  return [norm(i), norm(j), norm(k)]
}

/** True when k does not stand on the slice: gantry tilt, for example. */
export function isSheared({ i, j, k }: Affine, tolerance = 1e-3): boolean {
  const n = cross(i, j)
  return Math.abs(Math.abs(dot(n, k)) / (norm(n) * norm(k)) - 1) > tolerance
}

function determinant({ i, j, k }: Affine): number {
  return dot(i, cross(j, k))
}
