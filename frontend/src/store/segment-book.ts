import type { Segment } from '../api/segmentations'
import type { SegmentChange, SegmentField } from '../labelmap/stroke-body'
import type { SegmentView } from './document-state'

/** How this browser shows segments: settings, not history. */
export interface SegmentSettings {
  readonly hidden: ReadonlySet<number>
  readonly locked: ReadonlySet<number>
}

/** The segments of the document: rows of the server, with the unsent changes of their fields on top. */
export class SegmentBook {
  private list: Segment[] = []

  constructor(rows: readonly Segment[]) {
    this.reset(rows, [])
  }

  get rows(): readonly Segment[] {
    return this.list
  }

  /** Takes over the rows of the server and applies what is unsent again. */
  reset(rows: readonly Segment[], unsent: readonly SegmentChange[]): void {
    this.list = rows.map((row) => ({ ...row }))
    for (const change of unsent) this.apply(change)
  }

  /** Adds a fresh block before the server is asked again. */
  add(row: Segment): void {
    this.list = [...this.list, { ...row }]
  }

  /** The narrowest row that holds `number`, or null where it belongs to no living segment. */
  rowOf(number: number): Segment | null {
    let narrowest: Segment | null = null
    for (const row of this.list) {
      if (number < row.number || number > row.last_number) continue
      if (narrowest === null || row.last_number - row.number < narrowest.last_number - narrowest.number) narrowest = row
    }
    return narrowest?.deleted === true ? null : narrowest
  }

  /** The change of a field from what it is now; null when that changes nothing or there is no such segment. */
  change(number: number, field: SegmentField, after: string | null): SegmentChange | null {
    const row = this.rowOf(number)
    if (row === null || row[field] === after) return null
    return { number, field, before: row[field], after }
  }

  apply({ number, field, after }: SegmentChange): void {
    const row = this.rowOf(number)
    if (row === null) return
    if (row.number === row.last_number) {
      this.list = this.list.map((other) => (other === row ? { ...row, [field]: after } : other))
    } else this.list = [...this.list, { ...row, number, last_number: number, [field]: after }]
  }

  /** One view per segment, and one per instance that has voxels, by number. */
  views(settings: SegmentSettings, voxelCount: (number: number) => number): SegmentView[] {
    const views = new Map<number, SegmentView>()
    const byWidth = [...this.list].sort((a, b) => b.last_number - b.number - (a.last_number - a.number))
    for (const row of byWidth) {
      for (let number = row.number; number <= row.last_number; number++) {
        const voxels = voxelCount(number)
        const isThere = !row.deleted && (row.kind !== 'instance' || voxels > 0)
        if (isThere) views.set(number, viewOf(row, number, voxels, settings))
        else views.delete(number)
      }
    }
    return [...views.values()].sort((a, b) => a.number - b.number)
  }
}

function viewOf(row: Segment, number: number, voxels: number, { hidden, locked }: SegmentSettings): SegmentView {
  return {
    number,
    labelId: row.label_id,
    kind: row.kind,
    layer: row.layer,
    name: row.name,
    color: row.color,
    state: row.state,
    visible: !hidden.has(number),
    locked: locked.has(number),
    voxels,
  }
}
