import { toPatient } from '../geometry/affine'
import { contains, type Grid, type Voxel } from '../geometry/grid'
import type { CursorState, LabelSource, SegmentStyle, ViewerImage, ViewState } from './view-state'

/** A projection radiograph or a photograph has a pixel size but no place in the patient: no letters, no positions. */
export function hasPatientAxes(image: ViewerImage): boolean {
  return image.affine !== null && image.spacingSource !== 'detector'
}

export function firstState(image: ViewerImage): ViewState {
  const [slices] = image.shape
  return {
    k: Math.floor(slices / 2),
    slices,
    window: image.window ?? { center: 127.5, width: 255 },
    invert: false,
    zoom: 1,
    center: [0, 0],
    interpolation: 'linear',
    cursor: null,
    crosshair: null,
    tilesLoaded: 0,
    tilesWanted: 0,
    slicesLoaded: 0,
    loadProblem: null,
    renderer: '',
    frameMs: { p50: 0, p95: 0 },
    qualityScale: 1,
    firstSlice: null,
    allSlices: null,
    contextLost: false,
    activeTool: 'pan',
    labelStyle: { fill: 0.36, outlinePx: 1.8, visible: true },
  }
}

/** The number on top at a voxel: later layers lie over earlier ones. */
export function labelUnder(voxel: Voxel, { shape }: Grid, labels: LabelSource | null): number {
  if (labels === null || !contains(shape, voxel)) return 0
  for (let at = labels.layers.length - 1; at >= 0; at--) {
    const number = labels.labelAt(voxel[0], voxel[1], voxel[2], labels.layers[at])
    if (number !== 0) return number
  }
  return 0
}

export function readVoxel(
  voxel: Voxel,
  grid: Grid,
  labels: LabelSource | null,
  valueAt: (voxel: Voxel) => readonly number[] | null,
): CursorState | null {
  if (!contains(grid.shape, voxel)) return null
  return {
    voxel,
    patient: grid.affine === null ? null : toPatient(grid.affine, voxel),
    value: valueAt(voxel),
    number: labelUnder(voxel, grid, labels),
  }
}

export function sameCursor(a: CursorState | null, b: CursorState | null): boolean {
  if (a === null || b === null) return a === b
  return String(a.voxel) === String(b.voxel) && a.number === b.number && String(a.value) === String(b.value)
}

/** Whether any field of `next` is another value; ranges are compared by what they hold. */
export function differs<T extends object>(before: T, next: Partial<T>): boolean {
  return (Object.keys(next) as (keyof T)[]).some((key) => JSON.stringify(before[key]) !== JSON.stringify(next[key]))
}

export function sameStyle(a: SegmentStyle, b: SegmentStyle | undefined): boolean {
  return b !== undefined && !differs(b, a) && a.lastNumber === b.lastNumber
}
