import type { Label } from '../../api/labels'
import type { DocumentState } from '../../store/document-state'
import type { SegmentStyle } from '../../viewer/view-state'
import { expose } from './expose'
import { segmentColor } from './segment-rows'
import type { Workspace } from './workspace-context'

/** How the viewer shows the segments: blocks of instances as one row each, then what is special about single numbers. */
export function stylesOf(state: DocumentState, labels: readonly Label[], solo: number | null): SegmentStyle[] {
  const byId = new Map(labels.map((label) => [label.id, label]))
  const blocks = state.segmentation.segments
    .filter(({ kind, deleted, number, last_number }) => kind === 'instance' && !deleted && last_number > number)
    .map(({ number, last_number, label_id }) => ({
      number,
      lastNumber: last_number,
      color: byId.get(label_id)?.color ?? '#ffffff',
      visible: true,
      locked: false,
      solo: false,
    }))
  const single = state.segments.map((view) => ({
    number: view.number,
    color: segmentColor(view, byId.get(view.labelId)),
    visible: view.visible,
    locked: view.locked,
    solo: view.number === solo,
  }))
  return [...blocks, ...single]
}

/** Keeps viewer and document at one: colours, the active segment, the label style. Returns what ends it. */
export function followDocument(workspace: Workspace): () => void {
  const { document, viewer, labels, looks } = workspace
  const { state, actions } = document

  function restyle(): void {
    viewer.setSegments(stylesOf(state.getState(), labels, looks.getState().solo))
  }

  function adopt(next: DocumentState, before: DocumentState | null): void {
    if (next.segments !== before?.segments || next.segmentation !== before?.segmentation) restyle()
    if (next.activeNumber !== viewer.settings.getState().activeNumber) {
      viewer.settings.setState({ activeNumber: next.activeNumber })
    }
    if (next.labelStyle !== before?.labelStyle) viewer.setLabelStyle(next.labelStyle)
  }

  adopt(state.getState(), null)
  const first = state.getState().segments.find((view) => view.kind !== 'answer')
  if (state.getState().activeNumber === null && first !== undefined) actions.setActive(first.number)
  const ends = [
    state.subscribe(adopt),
    looks.subscribe((next, before) => {
      if (next.solo !== before.solo) restyle()
    }),
    // Ctrl + click picks the segment under the cursor; Alt + wheel changes the opacity.
    viewer.settings.subscribe(({ activeNumber }) => {
      if (activeNumber !== state.getState().activeNumber) actions.setActive(activeNumber)
    }),
    viewer.state.subscribe(({ labelStyle }) => {
      const { fill } = state.getState().labelStyle
      if (labelStyle.fill !== fill) actions.setLabelStyle({ fill: labelStyle.fill })
    }),
    expose(workspace),
  ]
  return () => {
    for (const end of ends) end()
  }
}
