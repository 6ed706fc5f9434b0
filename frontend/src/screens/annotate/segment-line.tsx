import { Ellipsis, Eye, EyeOff, Lock, LockOpen, Plus } from 'lucide-react'
import { type MouseEvent, useState } from 'react'
import { useStore } from 'zustand'
import type { Label } from '../../api/labels'
import { cx, IconButton } from '../../panels/button'
import { Menu, type MenuEntry } from '../../panels/menu'
import { segmentText, UNKNOWN } from '../../strings'
import { DeleteSegmentDialog } from './delete-segment-dialog'
import { type Measure, sizeText } from './measure'
import { startSegment } from './segment-actions'
import { SegmentNameField } from './segment-name-field'
import type { SegmentRow } from './segment-rows'
import { useWorkspace } from './workspace-context'

export function SegmentLine({ row, isActive }: { row: SegmentRow; isActive: boolean }) {
  switch (row.kind) {
    case 'segment':
      return <DrawnLine row={row} isActive={isActive} />
    case 'unused':
      return <UnusedLine label={row.label} />
    case 'instances':
      return <InstancesLine row={row} />
  }
}

function SizeCell({ measure, voxels }: { measure: Measure; voxels: number }) {
  const text = sizeText(measure, voxels)
  const title = [measure.remark, segmentText.voxels(voxels)].filter(Boolean).join(' · ')
  return (
    <span className={cx('flex-none', text === null ? 'text-fg-3' : 'text-fg-2')} title={title}>
      {text ?? UNKNOWN}
    </span>
  )
}

type DrawnRow = Extract<SegmentRow, { kind: 'segment' }>

function DrawnLine({ row, isActive }: { row: DrawnRow; isActive: boolean }) {
  const { document, measure } = useWorkspace()
  const { actions } = document
  const { view, name, color } = row
  const [isRenaming, setRenaming] = useState(false)
  const isEditor = useMayEdit()

  function rename(next: string | null): void {
    setRenaming(false)
    if (next !== null) actions.renameSegment(view.number, next)
  }

  return (
    <div className="sr" data-active={isActive} data-number={view.number}>
      <span className="num">{view.number}</span>
      <span className="sw" style={{ background: color }} aria-hidden />
      {isRenaming ? (
        <SegmentNameField name={name} onEnd={rename} />
      ) : (
        <button
          type="button"
          className={cx(
            'h-full min-w-0 flex-1 truncate text-left',
            isActive && 'font-medium',
            !view.visible && 'text-fg-3',
          )}
          aria-pressed={isActive}
          aria-label={segmentText.choose(name)}
          title={name}
          onClick={() => actions.setActive(view.number)}
          onDoubleClick={() => setRenaming(isEditor)}
        >
          {name}
        </button>
      )}
      <SizeCell measure={measure} voxels={view.voxels} />
      <span className="row gap-0">
        {isEditor && <LineMenu row={row} onRename={() => setRenaming(true)} />}
        <LockAndEye row={row} />
      </span>
    </div>
  )
}

function LockAndEye({ row: { view, name } }: { row: DrawnRow }) {
  const { document, looks } = useWorkspace()
  const { actions } = document
  const isSolo = useStore(looks, ({ solo }) => solo === view.number)

  function toggleEye(event: MouseEvent): void {
    if (event.altKey) looks.setState({ solo: isSolo ? null : view.number })
    else actions.setVisible(view.number, !view.visible)
  }

  return (
    <>
      <IconButton
        icon={view.locked ? Lock : LockOpen}
        size="sm"
        className={view.locked ? '' : '!text-fg-4'}
        label={view.locked ? segmentText.unlock(name) : segmentText.lock(name)}
        aria-pressed={view.locked}
        onClick={() => actions.setLocked(view.number, !view.locked)}
      />
      <IconButton
        icon={view.visible ? Eye : EyeOff}
        size="sm"
        className={isSolo ? '!text-accent' : view.visible ? '' : '!text-fg-4'}
        label={view.visible ? segmentText.hide(name) : segmentText.show(name)}
        aria-pressed={!view.visible}
        onClick={toggleEye}
      />
    </>
  )
}

function useMayEdit(): boolean {
  const { document, mayDraw } = useWorkspace()
  return useStore(document.state, ({ access }) => access.kind === 'editor') && mayDraw
}

function LineMenu({ row, onRename }: { row: DrawnRow; onRename: () => void }) {
  const { document, looks } = useWorkspace()
  const [isDeleting, setDeleting] = useState(false)
  const isSolo = useStore(looks, ({ solo }) => solo === row.view.number)
  const { number } = row.view
  const entries: MenuEntry[] = [
    { id: 'rename', text: segmentText.renameEntry, onSelect: () => setTimeout(onRename) },
    {
      id: 'solo',
      text: isSolo ? segmentText.soloOff : segmentText.solo,
      onSelect: () => looks.setState({ solo: isSolo ? null : number }),
    },
  ]
  return (
    <>
      <Menu
        align="end"
        heading={
          <ColorRow
            name={row.name}
            color={row.color}
            onChange={(color) => document.actions.recolorSegment(number, color)}
          />
        }
        groups={[
          entries,
          [{ id: 'delete', text: segmentText.delete, danger: true, onSelect: () => setDeleting(true) }],
        ]}
        trigger={
          <IconButton
            icon={Ellipsis}
            size="sm"
            className="!text-fg-4 hover:!text-fg-1"
            label={segmentText.more(row.name)}
          />
        }
      />
      <DeleteSegmentDialog number={number} name={row.name} open={isDeleting} onOpenChange={setDeleting} />
    </>
  )
}

/** The browser's own colour picker; it saves once, when it is closed. */
function ColorRow({ name, color, onChange }: { name: string; color: string; onChange: (color: string) => void }) {
  return (
    <label className="row justify-between">
      {segmentText.color(name)}
      <input
        type="color"
        className="h-6 w-9 bg-transparent"
        defaultValue={color}
        onBlur={(event) => {
          if (event.target.value !== color) onChange(event.target.value)
        }}
      />
    </label>
  )
}

function UnusedLine({ label }: { label: Label }) {
  const workspace = useWorkspace()
  const isEditor = useMayEdit()
  return (
    <div className="sr">
      <span className="num" />
      <span className="sw opacity-50" style={{ background: label.color }} aria-hidden />
      <button
        type="button"
        className="h-full min-w-0 flex-1 truncate text-left text-fg-3 hover:text-fg-1"
        disabled={!isEditor}
        aria-label={segmentText.start(label.name)}
        onClick={() => void startSegment(workspace, label)}
      >
        {label.name}
      </button>
      {isEditor && label.key !== null ? (
        <kbd aria-hidden>{label.key}</kbd>
      ) : (
        <span className="text-fg-3">{UNKNOWN}</span>
      )}
    </div>
  )
}

function InstancesLine({ row }: { row: Extract<SegmentRow, { kind: 'instances' }> }) {
  const workspace = useWorkspace()
  const isEditor = useMayEdit()
  const { label, count, voxels } = row
  return (
    <div className="sr">
      <span className="num" />
      <span className="sw" style={{ background: label.color }} aria-hidden />
      <span className="min-w-0 flex-1 truncate font-medium">{label.name}</span>
      <span className="text-fg-3">{segmentText.instances(count)}</span>
      <SizeCell measure={workspace.measure} voxels={voxels} />
      {isEditor && (
        <IconButton
          icon={Plus}
          size="sm"
          label={segmentText.newInstance(label.name)}
          onClick={() => void startSegment(workspace, label)}
        />
      )}
    </div>
  )
}
