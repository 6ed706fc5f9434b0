import type { Metric, Shape, Voxel } from '../geometry/grid'

/** Called for each run of voxels [i0, i1) in row j of slice k. */
export type RunSink = (k: number, j: number, i0: number, i1: number) => void

export type BrushShape = 'circle' | 'sphere'

interface Interval {
  lo: number
  hi: number
}

/** Borders that rounding errors put a hair outside still count as inside. */
const SLACK = 1e-9
/** A segment shorter than a millionth of a voxel (squared) is a point. */
const POINT = 1e-12

/**
 * Runs of all voxels whose centre is at most `radius` (in the metric's unit) from the segment `from`–`to`, cut to the
 * grid. A circle stays in the slice of `from`; a sphere crosses slices by the full metric, shear included. The capsule
 * is convex, so each row is one run. A brush finer than a voxel still paints the voxels the segment passes through.
 */
export function capsuleRuns(
  from: Voxel,
  to: Voxel,
  radius: number,
  brush: BrushShape,
  metric: Metric,
  shape: Shape,
  sink: RunSink,
): void {
  const [slices] = shape
  const reach = brush === 'sphere' ? axisReach(metric, radius) : 0
  const k0 = Math.max(0, Math.ceil(Math.min(from[2], to[2]) - reach - SLACK))
  const k1 = Math.min(slices - 1, Math.floor(Math.max(from[2], to[2]) + reach + SLACK))
  if (brush === 'circle') sliceRuns(from, to, radius, metric, shape, Math.round(from[2]), true, sink)
  else for (let k = k0; k <= k1; k++) sliceRuns(from, to, radius, metric, shape, k, false, sink)
  if (radius * radius < Math.max(metric.ii, metric.jj)) thinLine(from, to, shape, sink)
}

function sliceRuns(
  from: Voxel,
  to: Voxel,
  radius: number,
  metric: Metric,
  [slices, rows, columns]: Shape,
  k: number,
  flat: boolean,
  sink: RunSink,
): void {
  if (k < 0 || k >= slices) return
  const dk = flat ? 0 : k - from[2]
  const axis: Voxel = [to[0] - from[0], to[1] - from[1], flat ? 0 : to[2] - from[2]]
  const [low, high] = rowRange(from, to, radius, metric, flat ? 0 : k - from[2], flat ? 0 : k - to[2])
  const j0 = Math.max(0, Math.ceil(low - SLACK))
  const j1 = Math.min(rows - 1, Math.floor(high + SLACK))
  for (let j = j0; j <= j1; j++) {
    const run = rowInterval(j - from[1], dk, axis, radius, metric)
    if (run === null) continue
    const i0 = Math.max(0, Math.ceil(from[0] + run.lo - SLACK))
    const i1 = Math.min(columns - 1, Math.floor(from[0] + run.hi + SLACK))
    if (i0 <= i1) sink(k, j, i0, i1 + 1)
  }
}

/** The rows a capsule can touch: generous where the exact border would cost more than trying the row. */
function rowRange(from: Voxel, to: Voxel, radius: number, m: Metric, dk0: number, dk1: number): [number, number] {
  // Extent of the ellipse (dj, di free) along j, about the centre that the shear moves with k.
  const flatJ = m.jj - (m.ij * m.ij) / m.ii
  const reach = radius / Math.sqrt(flatJ)
  const drift = (m.jk - (m.ij * m.ik) / m.ii) / flatJ
  const a = [from[1], from[1] - drift * dk0, from[1] - drift * dk1]
  const b = [to[1], to[1] - drift * dk0, to[1] - drift * dk1]
  return [Math.min(...a, ...b) - reach, Math.max(...a, ...b) + reach]
}

/**
 * The part of one row inside the capsule, as offsets from the start point: the union of the ball about each end and of
 * the cylinder between them, each an interval; the whole is convex, so their hull is exact.
 */
function rowInterval(dj: number, dk: number, axis: Voxel, radius: number, m: Metric): Interval | null {
  const [ai, aj, ak] = axis
  let hull = ballInterval(dj, dk, 0, radius, m)
  if (ai * ai + aj * aj + ak * ak < POINT) return hull
  hull = join(hull, ballInterval(dj - aj, dk - ak, ai, radius, m))
  return join(hull, cylinderInterval(dj, dk, axis, radius, m))
}

function ballInterval(dj: number, dk: number, shift: number, radius: number, m: Metric): Interval | null {
  const b = m.ij * dj + m.ik * dk
  const c = m.jj * dj * dj + m.kk * dk * dk + 2 * m.jk * dj * dk - radius * radius
  return quadraticInterval(m.ii, b, c, shift)
}

function cylinderInterval(dj: number, dk: number, [ai, aj, ak]: Voxel, radius: number, m: Metric): Interval | null {
  const gi = m.ii * ai + m.ij * aj + m.ik * ak
  const gj = m.ij * ai + m.jj * aj + m.jk * ak
  const gk = m.ik * ai + m.jk * aj + m.kk * ak
  const length2 = ai * gi + aj * gj + ak * gk
  const along = gj * dj + gk * dk // u·axis = gi * x + along, of u = (x, dj, dk)
  const a = m.ii - (gi * gi) / length2
  const b = m.ij * dj + m.ik * dk - (gi * along) / length2
  const c = m.jj * dj * dj + m.kk * dk * dk + 2 * m.jk * dj * dk - (along * along) / length2 - radius * radius
  const across = a <= m.ii * 1e-12 ? (c <= SLACK ? everything() : null) : quadraticInterval(a, b, c, 0)
  if (across === null) return null
  if (gi * gi < m.ii * length2 * 1e-20) return along >= 0 && along <= length2 ? across : null
  const s = -along / gi
  const e = (length2 - along) / gi
  const lo = Math.max(across.lo, Math.min(s, e))
  const hi = Math.min(across.hi, Math.max(s, e))
  return lo <= hi ? { lo, hi } : null
}

/** Where a·x² + 2b·x + c ≤ 0. */
function quadraticInterval(a: number, b: number, c: number, shift: number): Interval | null {
  const discriminant = b * b - a * c
  if (discriminant < -SLACK) return null
  const root = Math.sqrt(Math.max(0, discriminant))
  return { lo: shift + (-b - root) / a, hi: shift + (-b + root) / a }
}

function everything(): Interval {
  return { lo: -Infinity, hi: Infinity }
}

function join(a: Interval | null, b: Interval | null): Interval | null {
  if (a === null) return b
  if (b === null) return a
  return { lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) }
}

/** How many slices a ball of this radius reaches from its centre: the slice axis of the metric's inverse. */
function axisReach(m: Metric, radius: number): number {
  const minor = m.ii * m.jj - m.ij * m.ij
  const det =
    m.ii * (m.jj * m.kk - m.jk * m.jk) - m.ij * (m.ij * m.kk - m.jk * m.ik) + m.ik * (m.ij * m.jk - m.jj * m.ik)
  return radius * Math.sqrt(minor / det)
}

/** The voxels a line passes through, 8-connected: what a brush finer than a voxel paints. */
function thinLine(from: Voxel, to: Voxel, [slices, rows, columns]: Shape, sink: RunSink): void {
  const k = Math.round(from[2])
  if (k < 0 || k >= slices) return
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]))))
  for (let step = 0; step <= steps; step++) {
    const t = step / steps
    const i = Math.round(from[0] + (to[0] - from[0]) * t)
    const j = Math.round(from[1] + (to[1] - from[1]) * t)
    if (i >= 0 && j >= 0 && i < columns && j < rows) sink(k, j, i, i + 1)
  }
}
