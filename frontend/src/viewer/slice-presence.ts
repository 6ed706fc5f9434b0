import type { DirtyBox } from '../store/label-store'
import { LABEL_TILE } from './label-textures'
import type { LabelSource } from './view-state'

/** In which slices each number has voxels, for the bar beside the picture; counted in idle time, a slice at a time. */
export class SlicePresence {
  private readonly stale = new Set<number>()
  private readonly bySlice: (ReadonlySet<number> | undefined)[]
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(
    private readonly labels: LabelSource,
    private readonly onChange: () => void,
  ) {
    this.bySlice = new Array(labels.shape[0])
    for (let k = 0; k < labels.shape[0]; k++) this.stale.add(k)
    this.schedule()
  }

  markDirty(boxes: readonly DirtyBox[]): void {
    for (const { k } of boxes) this.stale.add(k)
    this.schedule()
  }

  has(number: number, k: number): boolean {
    return this.bySlice[k]?.has(number) ?? false
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.stale.clear()
  }

  private schedule(): void {
    if (this.timer === null && this.stale.size > 0) this.timer = setTimeout(() => this.work(), 60)
  }

  private work(): void {
    this.timer = null
    const until = performance.now() + 4
    let changed = false
    for (const k of this.stale) {
      this.stale.delete(k)
      const numbers = this.numbersIn(k)
      changed ||= !sameNumbers(numbers, this.bySlice[k])
      this.bySlice[k] = numbers
      if (performance.now() > until) break
    }
    if (changed) this.onChange()
    this.schedule()
  }

  private numbersIn(k: number): ReadonlySet<number> {
    const [, rows, columns] = this.labels.shape
    const numbers = new Set<number>()
    for (const layer of this.labels.layers) {
      for (let tj = 0; tj * LABEL_TILE < rows; tj++) {
        for (let ti = 0; ti * LABEL_TILE < columns; ti++) collect(this.labels.tile(layer, k, tj, ti), numbers)
      }
    }
    return numbers
  }
}

function sameNumbers(now: ReadonlySet<number>, before: ReadonlySet<number> | undefined): boolean {
  return now.size === (before?.size ?? 0) && [...now].every((number) => before?.has(number))
}

function collect(voxels: Uint16Array | null, numbers: Set<number>): void {
  if (voxels === null) return
  let last = 0
  for (let p = 0; p < voxels.length; p++) {
    const number = voxels[p] as number
    if (number === last) continue
    last = number
    if (number !== 0) numbers.add(number)
  }
}
