import { type Metric, pixelSize } from './grid'
import type { SliceFrame } from './orientation'

/** A rectangle in CSS pixels of the view, or in voxels: half-open. */
export interface Rect {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

/** The smallest rectangle around both. */
export function join(a: Rect | null, b: Rect): Rect {
  if (a === null) return b
  return { x0: Math.min(a.x0, b.x0), y0: Math.min(a.y0, b.y0), x1: Math.max(a.x1, b.x1), y1: Math.max(a.y1, b.y1) }
}

/**
 * Where the slice is in the view. `zoom` is CSS pixels per pixel of the image along its finer side; the other side is
 * stretched so that millimetres look alike both ways. `center` is the (i, j) in the middle of the view.
 */
export interface Camera {
  readonly center: readonly [i: number, j: number]
  readonly zoom: number
  readonly width: number
  readonly height: number
}

/** Turns (i, j) steps into view pixels at zoom 1: a signed, stretched swap of axes. */
export interface SliceTransform {
  readonly xi: number
  readonly xj: number
  readonly yi: number
  readonly yj: number
  /** Length of one view pixel at zoom 1, in the metric's unit. */
  readonly unit: number
}

export const MIN_ZOOM = 0.005
export const MAX_ZOOM = 128

export function sliceTransform(frame: SliceFrame, metric: Metric): SliceTransform {
  const [si, sj] = pixelSize(metric)
  const unit = Math.min(si, sj)
  const stretch = { i: si / unit, j: sj / unit }
  const x = frame.right.sign * stretch[frame.right.axis]
  const y = frame.down.sign * stretch[frame.down.axis]
  return {
    xi: frame.right.axis === 'i' ? x : 0,
    xj: frame.right.axis === 'j' ? x : 0,
    yi: frame.down.axis === 'i' ? y : 0,
    yj: frame.down.axis === 'j' ? y : 0,
    unit,
  }
}

export function project(camera: Camera, t: SliceTransform, i: number, j: number): readonly [x: number, y: number] {
  const di = (i - camera.center[0]) * camera.zoom
  const dj = (j - camera.center[1]) * camera.zoom
  return [camera.width / 2 + t.xi * di + t.xj * dj, camera.height / 2 + t.yi * di + t.yj * dj]
}

/** The voxel position (with fractions) under a view pixel. */
export function unproject(camera: Camera, t: SliceTransform, x: number, y: number): readonly [i: number, j: number] {
  const [di, dj] = unprojectStep(camera, t, x - camera.width / 2, y - camera.height / 2)
  return [camera.center[0] + di, camera.center[1] + dj]
}

/** The voxel step of a step in view pixels. */
export function unprojectStep(
  camera: Camera,
  t: SliceTransform,
  dx: number,
  dy: number,
): readonly [di: number, dj: number] {
  const det = (t.xi * t.yj - t.xj * t.yi) * camera.zoom
  return [(t.yj * dx - t.xj * dy) / det, (t.xi * dy - t.yi * dx) / det]
}

/** The smallest view rectangle around a voxel box given by its outer edges. */
export function projectBox(camera: Camera, t: SliceTransform, box: Rect): Rect {
  const a = project(camera, t, box.x0 - 0.5, box.y0 - 0.5)
  const b = project(camera, t, box.x1 - 0.5, box.y1 - 0.5)
  return { x0: Math.min(a[0], b[0]), y0: Math.min(a[1], b[1]), x1: Math.max(a[0], b[0]), y1: Math.max(a[1], b[1]) }
}

/** Voxels (half-open, cut to the slice) that the view shows. */
export function visibleVoxels(camera: Camera, t: SliceTransform, columns: number, rows: number): Rect {
  const a = unproject(camera, t, 0, 0)
  const b = unproject(camera, t, camera.width, camera.height)
  const low = (p: number, q: number, size: number) => Math.min(size, Math.max(0, Math.floor(Math.min(p, q) + 0.5)))
  const high = (p: number, q: number, size: number) => Math.min(size, Math.max(0, Math.ceil(Math.max(p, q) + 0.5)))
  return {
    x0: low(a[0], b[0], columns),
    y0: low(a[1], b[1], rows),
    x1: high(a[0], b[0], columns),
    y1: high(a[1], b[1], rows),
  }
}

export function fitZoom(t: SliceTransform, columns: number, rows: number, width: number, height: number): number {
  const across = Math.abs(t.xi) * columns + Math.abs(t.xj) * rows
  const along = Math.abs(t.yi) * columns + Math.abs(t.yj) * rows
  return clampZoom(Math.min(width / across, height / along))
}

export function clampZoom(zoom: number): number {
  return Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom))
}

/** Zooms so that the place under (x, y) stays there. */
export function zoomAbout(camera: Camera, t: SliceTransform, factor: number, x: number, y: number): Camera {
  const zoom = clampZoom(camera.zoom * factor)
  const [i, j] = unproject(camera, t, x, y)
  const [di, dj] = unprojectStep({ ...camera, zoom }, t, x - camera.width / 2, y - camera.height / 2)
  return { ...camera, zoom, center: [i - di, j - dj] }
}

export function panBy(camera: Camera, t: SliceTransform, dx: number, dy: number): Camera {
  const [di, dj] = unprojectStep(camera, t, dx, dy)
  return { ...camera, center: [camera.center[0] - di, camera.center[1] - dj] }
}

/** Keeps a part of the picture in sight: the middle of the view never leaves the slice. */
export function keepInSight(camera: Camera, columns: number, rows: number): Camera {
  const i = Math.min(columns - 0.5, Math.max(-0.5, camera.center[0]))
  const j = Math.min(rows - 0.5, Math.max(-0.5, camera.center[1]))
  return { ...camera, center: [i, j] }
}

/** Moves by less than a device pixel so that the image's corner lies on one: pixels of image and screen then coincide. */
export function snapToPixels(camera: Camera, t: SliceTransform, dpr: number): Camera {
  const [x, y] = project(camera, t, -0.5, -0.5)
  return panBy(camera, t, Math.round(x * dpr) / dpr - x, Math.round(y * dpr) / dpr - y)
}
