import type { Shape } from '../geometry/grid'

/** A changed part of one slice of one layer; the upper ends are not included. */
export interface DirtyBox {
  layer: number
  k: number
  i0: number
  j0: number
  i1: number
  j1: number
}

export interface StrokeOptions {
  /** Asked for each voxel with the number it has now; default: everything that is not locked. */
  allow?: (before: number) => boolean
}

/** One edit in progress: ends in `commit` (one undo step, one save) or in `rollback` (nothing happened). */
export interface Stroke {
  /** Sets voxels [i0, i1) of row j, slice k to `number`; parts outside the image are ignored. */
  fillRun(k: number, j: number, i0: number, i1: number, number: number): void
  readonly changedVoxels: number
  commit(): void
  rollback(): void
}

/** Types first; the body follows in the next commit. */
export declare class LabelStore {
  constructor(shape: Shape)
  readonly shape: Shape
  readonly layers: readonly number[]
  /** False while the document is read-only (another tab edits it, it is closed); `beginStroke` then throws. */
  readonly editable: boolean
  labelAt(i: number, j: number, k: number, layer?: number): number
  /** The tile's voxels, rows of its own (cut) width; null is background. Read only for callers. */
  tile(layer: number, k: number, tj: number, ti: number): Uint16Array | null
  /** Throws while another stroke is open. */
  beginStroke(tool: string, options?: StrokeOptions): Stroke
  /** Heard after any change, from any source: in the same task, at latest in a microtask. Returns the unsubscribe. */
  subscribe(listener: (boxes: readonly DirtyBox[]) => void): () => void
  voxelCount(number: number): number
  setLocked(numbers: ReadonlySet<number>): void
}
