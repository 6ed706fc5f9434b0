import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { Button, cx } from '../../panels/button'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import type { Choice, Conflict, ConflictIsland } from '../../store/document-state'
import { conflictText } from '../../strings'
import { drawIsland } from './draw-island'
import { useWorkspace } from './workspace-context'

/** Both versions of what two people changed, place by place. Opens by itself: nothing is sent until it is decided. */
export function ConflictView() {
  const { document } = useWorkspace()
  const conflict = useStore(document.state, (state) => state.conflict)
  const isOpen = conflict !== null && conflict.voxels > 0
  return (
    <Dialog
      open={isOpen}
      onOpenChange={() => undefined}
      title={conflictText.title}
      description={conflictText.note}
      modalOnly
      className="!w-[min(880px,94vw)]"
    >
      {isOpen && <Choices conflict={conflict} />}
    </Dialog>
  )
}

function Choices({ conflict }: { conflict: Conflict }) {
  const { document } = useWorkspace()
  const { isBusy, run } = useAction()
  const [choices, setChoices] = useState<ReadonlyMap<number, Choice>>(new Map())
  const { islands } = conflict
  const left = islands.filter(({ id }) => !choices.has(id)).length
  const choose = (id: number, choice: Choice): void => setChoices((old) => new Map(old).set(id, choice))
  const chooseAll = (choice: Choice): void => setChoices(new Map(islands.map(({ id }) => [id, choice])))

  async function merge(): Promise<void> {
    if (await run(() => document.actions.resolveConflict(choices))) say(conflictText.merged)
  }

  return (
    <>
      <ul className="min-h-0 flex-1 overflow-auto px-4">
        {islands.map((island, index) => (
          <IslandRow
            key={island.id}
            island={island}
            place={index + 1}
            choice={choices.get(island.id) ?? null}
            onChoose={(choice) => choose(island.id, choice)}
          />
        ))}
      </ul>
      <DialogFoot>
        <Button onClick={() => chooseAll('mine')}>{conflictText.allMine}</Button>
        <Button onClick={() => chooseAll('theirs')}>{conflictText.allTheirs}</Button>
        <span className="flex-1 text-fg-3" role="status">
          {conflictText.left(left)}
        </span>
        <Button kind="primary" busy={isBusy} disabled={left > 0} onClick={() => void merge()}>
          {conflictText.merge}
        </Button>
      </DialogFoot>
    </>
  )
}

interface IslandRowProps {
  island: ConflictIsland
  place: number
  choice: Choice | null
  onChoose: (choice: Choice) => void
}

function IslandRow({ island, place, choice, onChoose }: IslandRowProps) {
  return (
    <li className="border-t border-line-1 py-3">
      <p className="pb-2 text-fg-2">{conflictText.island(place, island.k, island.voxels.length / 2)}</p>
      <div className="grid grid-cols-2 gap-3">
        <Version
          island={island}
          version="mine"
          isChosen={choice === 'mine'}
          label={conflictText.mineOf(place)}
          onChoose={onChoose}
        />
        <Version
          island={island}
          version="theirs"
          isChosen={choice === 'theirs'}
          label={conflictText.theirsOf(place)}
          onChoose={onChoose}
        />
      </div>
    </li>
  )
}

interface VersionProps {
  island: ConflictIsland
  version: Choice
  isChosen: boolean
  label: string
  onChoose: (choice: Choice) => void
}

function Version({ island, version, isChosen, label, onChoose }: VersionProps) {
  const workspace = useWorkspace()
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (canvas.current !== null) drawIsland(canvas.current, workspace, island, version)
  }, [workspace, island, version])
  return (
    <button
      type="button"
      className={cx(
        'col gap-1.5 rounded-2 border p-2 text-left',
        isChosen ? 'border-accent bg-accent-soft' : 'border-line-2 bg-bg-2',
      )}
      aria-label={label}
      aria-pressed={isChosen}
      onClick={() => onChoose(version)}
    >
      <canvas ref={canvas} className="h-40 w-full bg-black" aria-hidden />
      <span className={isChosen ? 'font-semibold text-accent' : 'font-medium'}>
        {version === 'mine' ? conflictText.mine : conflictText.theirs}
      </span>
    </button>
  )
}
