import type { StoreApi } from 'zustand/vanilla'
import { type Grid, nearestVoxel, type Voxel } from '../geometry/grid'
import type { ToolPointer } from '../store/editor'
import { readVoxel, sameCursor } from './readout'
import type { LabelSource, ViewState } from './view-state'

/** While a tool is busy the readout follows this often: the page paints every change of its texts. */
const BUSY_MS = 100

/** Keeps `state.cursor` at what lies under the pointer. */
export class PointerReadout {
  private readAt = Number.NEGATIVE_INFINITY
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(
    private readonly state: StoreApi<ViewState>,
    private readonly grid: Grid,
    private readonly labels: LabelSource | null,
    private readonly valueAt: (voxel: Voxel) => readonly number[] | null,
  ) {}

  /** Once a frame. `again` is called later when this one was left out. */
  read(pointer: ToolPointer | null, busy: boolean, again: () => void): void {
    const wait = busy ? this.readAt + BUSY_MS - performance.now() : 0
    if (wait > 0) {
      this.timer ??= setTimeout(() => {
        this.timer = null
        again()
      }, wait)
      return
    }
    this.readAt = performance.now()
    const before = this.state.getState().cursor
    const cursor =
      pointer === null ? null : readVoxel(nearestVoxel(pointer.voxel), this.grid, this.labels, this.valueAt)
    if (!sameCursor(before, cursor)) this.state.setState({ cursor })
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer)
  }
}
