import { useStore } from 'zustand'
import { MenuAt, type MenuEntry } from '../../panels/menu'
import { menuText } from '../../strings'
import { canEdit, clearOnSlice, segmentInfo } from './segment-actions'
import { useWorkspace, type Workspace } from './workspace-context'

type Place = { clientX: number; clientY: number; voxel: readonly [number, number, number] | null }

function segmentEntries(workspace: Workspace, number: number, k: number): MenuEntry[] {
  const { document } = workspace
  const { actions, state } = document
  const view = state.getState().segments.find((candidate) => candidate.number === number)
  const info = segmentInfo(workspace, number)
  if (view === undefined || info === null) return []
  const looking: MenuEntry[] = [
    { id: 'draw', text: menuText.draw(info.name), onSelect: () => actions.setActive(number) },
    { id: 'lock', text: menuText.lock(view.locked), onSelect: () => actions.setLocked(number, !view.locked) },
    { id: 'hide', text: menuText.hide, onSelect: () => actions.setVisible(number, false) },
  ]
  if (!canEdit(workspace) || view.locked) return looking
  return [
    ...looking,
    { id: 'clear', text: menuText.clear, danger: true, onSelect: () => clearOnSlice(document.labels, number, k) },
  ]
}

function viewEntries({ viewer }: Workspace, { voxel }: Place): MenuEntry[] {
  const crosshair: MenuEntry[] =
    viewer.state.getState().crosshair !== null
      ? [{ id: 'uncross', text: menuText.noCrosshair, onSelect: () => viewer.setCrosshair(null) }]
      : voxel === null
        ? []
        : [{ id: 'cross', text: menuText.crosshair, onSelect: () => viewer.setCrosshair(voxel) }]
  return [
    ...crosshair,
    { id: 'fit', text: menuText.fit, onSelect: () => viewer.fit() },
    { id: 'one', text: menuText.oneToOne, onSelect: () => viewer.oneToOne() },
  ]
}

/** Right click without a drag: what can be done with what lies under the cursor. */
export function ViewportMenu() {
  const workspace = useWorkspace()
  const { looks, document } = workspace
  const place = useStore(looks, ({ menuAt }) => menuAt)
  if (place === null) return null
  const { voxel } = place
  const number = voxel === null ? 0 : document.labels.labelAt(...voxel)
  const groups = [
    voxel === null || number === 0 ? [] : segmentEntries(workspace, number, voxel[2]),
    viewEntries(workspace, place),
  ]
  return (
    <MenuAt
      x={place.clientX}
      y={place.clientY}
      label={menuText.label}
      groups={groups}
      onClose={() => looks.setState({ menuAt: null })}
    />
  )
}
