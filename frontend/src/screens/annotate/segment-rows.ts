import type { Label } from '../../api/labels'
import type { SegmentView } from '../../store/document-state'
import { segmentText } from '../../strings'
import { instanceColor } from '../../viewer/lut'

/** A line of the segments panel. */
export type SegmentRow =
  | {
      readonly kind: 'segment'
      readonly key: string
      readonly view: SegmentView
      readonly name: string
      readonly color: string
    }
  /** A label that nothing has been drawn with yet: choosing it starts its segment. */
  | { readonly kind: 'unused'; readonly key: string; readonly label: Label }
  /** The head of a label's instances. */
  | {
      readonly kind: 'instances'
      readonly key: string
      readonly label: Label
      readonly count: number
      readonly voxels: number
    }

function hexOf([r, g, b]: readonly [number, number, number]): string {
  return `#${[r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

export function segmentColor(view: SegmentView, label: Label | undefined): string {
  if (view.color !== null) return view.color
  if (view.kind === 'instance') return hexOf(instanceColor(view.number))
  return label?.color ?? hexOf(instanceColor(view.number))
}

export function segmentName(view: SegmentView, label: Label | undefined): string {
  if (view.name !== null) return view.name
  const name = label?.name ?? String(view.number)
  return view.kind === 'instance' ? segmentText.instance(name, view.number) : name
}

/** The rows in the order of the project's labels: each with its segments, or waiting for its first stroke. */
export function segmentRows(views: readonly SegmentView[], labels: readonly Label[]): SegmentRow[] {
  const byLabel = new Map<string, SegmentView[]>()
  for (const view of views) {
    const own = byLabel.get(view.labelId)
    if (own === undefined) byLabel.set(view.labelId, [view])
    else own.push(view)
  }
  const rows: SegmentRow[] = []
  for (const label of labels) {
    const own = byLabel.get(label.id) ?? []
    byLabel.delete(label.id)
    if (label.kind === 'answer' || (label.archived && own.length === 0)) continue
    if (label.kind === 'instance') {
      const voxels = own.reduce((sum, view) => sum + view.voxels, 0)
      rows.push({ kind: 'instances', key: `label-${label.id}`, label, count: own.length, voxels })
    } else if (own.length === 0) rows.push({ kind: 'unused', key: `label-${label.id}`, label })
    for (const view of own) rows.push(rowOf(view, label))
  }
  for (const orphans of byLabel.values()) for (const view of orphans) rows.push(rowOf(view, undefined))
  return rows
}

function rowOf(view: SegmentView, label: Label | undefined): SegmentRow {
  return {
    kind: 'segment',
    key: `segment-${view.number}`,
    view,
    name: segmentName(view, label),
    color: segmentColor(view, label),
  }
}

/** What a digit chooses: the label with that key, else the row in that place. */
export function rowForDigit(
  rows: readonly SegmentRow[],
  labels: readonly Label[],
  place: number,
): SegmentRow | undefined {
  const digit = String(place % 10)
  const label = labels.find(({ key, archived }) => key === digit && !archived)
  if (label !== undefined) {
    const own = rows.find((row) => (row.kind === 'segment' ? row.view.labelId : row.label.id) === label.id)
    if (own !== undefined) return own
  }
  const withoutKeys = labels.every(({ key }) => key === null)
  return withoutKeys ? rows[place - 1] : undefined
}
