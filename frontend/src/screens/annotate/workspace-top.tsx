import { ChevronLeft, Flag, Redo2, Undo2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import { Chip } from '../../panels/bits'
import { Button, IconButton } from '../../panels/button'
import { keysOf } from '../../panels/key-table'
import { Logo } from '../../panels/logo'
import { Link, navigate } from '../../panels/router'
import { Tooltip } from '../../panels/tooltip'
import { annotateText, commandText, formatShape, formatStopwatch, PRODUCT } from '../../strings'
import { saveLook } from './save-look'
import { SkipDialog } from './skip-dialog'
import { submit } from './submit'
import { useWorkspace } from './workspace-context'

export function WorkspaceTop() {
  const workspace = useWorkspace()
  const { image, project, task, document } = workspace
  const mayEdit = useStore(document.state, ({ access }) => access.kind === 'editor') && workspace.mayDraw
  const [isSkipping, setSkipping] = useState(false)
  const tasks = `/projects/${project.id}/tasks`
  const what = [
    image.modality,
    image.source?.text,
    image.channels === 1 && image.spacing === null ? annotateText.notPhysical : null,
  ]
  return (
    <header className="top">
      <Link to={tasks} aria-label={PRODUCT}>
        <Logo />
      </Link>
      <IconButton icon={ChevronLeft} label={annotateText.back} onClick={() => navigate(tasks)} />
      <h1 className="max-w-[30%] flex-none truncate text-12">{image.name}</h1>
      <span className="truncate text-fg-3">{[...what.filter(Boolean), formatShape(image.shape)].join(' · ')}</span>
      {task !== null && (
        <Chip tone={task.state === 'returned' ? 'warn' : 'plain'}>
          {task.state === 'returned' ? annotateText.returned : annotateText.stage(task.stage)}
        </Chip>
      )}
      {image.notes.length > 0 && (
        <span title={image.notes.join('\n')}>
          <Chip tone="warn">{annotateText.showNotes(image.notes.length)}</Chip>
        </span>
      )}
      <span className="flex-1" />
      <SaveChip />
      {mayEdit && (
        <>
          <span className="sep" />
          <UndoButtons />
          <span className="sep" />
          <ActiveTime />
          {task !== null && (
            <Button icon={Flag} onClick={() => setSkipping(true)}>
              {annotateText.skip}
            </Button>
          )}
          <Button kind="primary" keys={keysOf('submit') ?? []} onClick={() => void submit(workspace)}>
            {annotateText.submit}
          </Button>
        </>
      )}
      {task !== null && <SkipDialog open={isSkipping} onOpenChange={setSkipping} />}
    </header>
  )
}

function SaveChip() {
  const { document } = useWorkspace()
  const look = saveLook(useStore(document.state, (state) => state.saveState))
  const Icon = look.icon
  return (
    <span
      role="status"
      aria-live={look.live}
      className={`chip ${look.tone} !h-6 max-w-[340px] !px-[9px] !text-[11.5px]`}
      data-testid="save-state"
    >
      <Icon size={14} aria-hidden />
      <span className="truncate">{look.text}</span>
    </span>
  )
}

function UndoButtons() {
  const { document } = useWorkspace()
  const canUndo = useStore(document.state, ({ undoKey }) => undoKey !== null)
  const canRedo = useStore(document.state, ({ redoKey }) => redoKey !== null)
  const undo = commandText.undo ?? ''
  const redo = commandText.redo ?? ''
  return (
    <span className="row gap-0.5">
      <Tooltip title={undo} keys="Z">
        <IconButton icon={Undo2} label={undo} title="" disabled={!canUndo} onClick={() => document.actions.undo()} />
      </Tooltip>
      <Tooltip title={redo} keys="Y">
        <IconButton icon={Redo2} label={redo} title="" disabled={!canRedo} onClick={() => document.actions.redo()} />
      </Tooltip>
    </span>
  )
}

function ActiveTime() {
  const { document } = useWorkspace()
  const [ms, setMs] = useState(() => document.actions.activeMs())
  useEffect(() => {
    const timer = setInterval(() => setMs(document.actions.activeMs()), 1000)
    return () => clearInterval(timer)
  }, [document])
  return (
    <span className="whitespace-nowrap text-fg-3 max-[1200px]:hidden" title={annotateText.activeNote}>
      {annotateText.active(formatStopwatch(ms))}
    </span>
  )
}
