import type { Label } from '../../api/labels'
import { LABEL_TILE } from '../../labelmap/position'
import { sentenceOf } from '../../panels/problem-note'
import { say } from '../../panels/toast'
import type { LabelStore } from '../../store/label-store'
import { segmentText } from '../../strings'
import { type SegmentRow, segmentColor, segmentName, segmentRows } from './segment-rows'
import type { Workspace } from './workspace-context'

export function rowsOf({ document, labels }: Workspace): SegmentRow[] {
  return segmentRows(document.state.getState().segments, labels)
}

/** Name and colour of a number, or null where no segment has it. */
export function segmentInfo({ document, labels }: Workspace, number: number): { name: string; color: string } | null {
  const view = document.state.getState().segments.find((candidate) => candidate.number === number)
  if (view === undefined) return null
  const label = labels.find(({ id }) => id === view.labelId)
  return { name: segmentName(view, label), color: segmentColor(view, label) }
}

export function canEdit({ document, mayDraw }: Workspace): boolean {
  return mayDraw && document.state.getState().access.kind === 'editor'
}

/** Documents whose server is being asked for a number: a second click, or a tool, must not ask for another. */
const starting = new WeakSet<Workspace['document']>()

/** Starts a segment of a label: its only region, or the next of its instances. */
export async function startSegment(workspace: Workspace, label: Label): Promise<void> {
  const { document } = workspace
  if (!canEdit(workspace) || label.kind === 'answer' || starting.has(document)) return
  starting.add(document)
  try {
    const spare = label.kind === 'instance' ? document.actions.nextInstance(label.id) : null
    if (spare !== null) document.actions.setActive(spare)
    else await document.actions.addSegment({ labelId: label.id, kind: label.kind })
    say(segmentText.drawing(label.name))
  } catch (cause) {
    say(sentenceOf(cause), 'bad')
  } finally {
    starting.delete(document)
  }
}

export async function chooseRow(workspace: Workspace, row: SegmentRow): Promise<void> {
  if (row.kind === 'segment') workspace.document.actions.setActive(row.view.number)
  else await startSegment(workspace, row.label)
}

/** A drawing tool needs a segment: the first one, or a new one of the first label. */
export async function activeSegmentOrFirst(workspace: Workspace): Promise<void> {
  if (workspace.document.state.getState().activeNumber !== null) return
  const first = rowsOf(workspace)[0]
  if (first === undefined) say(workspace.labels.length === 0 ? segmentText.empty : segmentText.chooseFirst, 'bad')
  else await chooseRow(workspace, first)
}

/** The next or previous segment of the panel becomes the active one. */
export function stepSegment(workspace: Workspace, by: 1 | -1): void {
  const rows = rowsOf(workspace).filter((row) => row.kind === 'segment')
  const active = workspace.document.state.getState().activeNumber
  const at = rows.findIndex((row) => row.view.number === active)
  const next = rows[at < 0 ? 0 : (at + by + rows.length) % rows.length]
  if (next !== undefined) workspace.document.actions.setActive(next.view.number)
}

function tilesAcross(size: number): number {
  return Math.ceil(size / LABEL_TILE)
}

/** Calls `visit` with each tile of a slice that holds something. */
function eachTile(
  labels: LabelStore,
  k: number,
  visit: (voxels: Uint16Array, tj: number, ti: number) => boolean,
): boolean {
  const [, rows, columns] = labels.shape
  for (const layer of labels.layers) {
    for (let tj = 0; tj < tilesAcross(rows); tj += 1) {
      for (let ti = 0; ti < tilesAcross(columns); ti += 1) {
        const voxels = labels.tile(layer, k, tj, ti)
        if (voxels !== null && visit(voxels, tj, ti)) return true
      }
    }
  }
  return false
}

function isInSlice(labels: LabelStore, number: number, k: number): boolean {
  return eachTile(labels, k, (voxels) => voxels.includes(number))
}

/** The next slice in a direction where the segment starts or ends; null when there is none. */
export function nextBorderSlice(labels: LabelStore, number: number, from: number, by: 1 | -1): number | null {
  const slices = labels.shape[0]
  let before = isInSlice(labels, number, from)
  for (let k = from + by; k >= 0 && k < slices; k += by) {
    const now = isInSlice(labels, number, k)
    const isLast = now && (k + by < 0 || k + by >= slices)
    if (now && !before) return k
    if (!now && before && k - by !== from) return k - by
    if (isLast) return k
    before = now
  }
  return null
}

/** Clears a segment on one slice, as one stroke. */
export function clearOnSlice(labels: LabelStore, number: number, k: number): number {
  const [, , columns] = labels.shape
  const runs: [j: number, i0: number, i1: number][] = []
  eachTile(labels, k, (voxels, tj, ti) => {
    const width = Math.min(LABEL_TILE, columns - ti * LABEL_TILE)
    for (let at = voxels.indexOf(number); at >= 0; at = voxels.indexOf(number, at)) {
      const row = Math.floor(at / width)
      const start = at
      while (at < (row + 1) * width && voxels[at] === number) at += 1
      runs.push([
        tj * LABEL_TILE + row,
        ti * LABEL_TILE + (start % width),
        ti * LABEL_TILE + (start % width) + at - start,
      ])
    }
    return false
  })
  if (runs.length === 0) return 0
  const stroke = labels.beginStroke(segmentText.clearSlice, { allow: (before) => before === number })
  for (const [j, i0, i1] of runs) stroke.fillRun(k, j, i0, i1, 0)
  const changed = stroke.changedVoxels
  stroke.commit()
  return changed
}
