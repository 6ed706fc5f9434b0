import { useQuery } from '@tanstack/react-query'
import { Inbox, Play, Upload } from 'lucide-react'
import { useMemo, useRef } from 'react'
import { labelsQuery } from '../../api/labels'
import { Card, Empty } from '../../panels/bits'
import { Button } from '../../panels/button'
import { useCommands } from '../../panels/commands'
import { keysOf } from '../../panels/key-table'
import { Link } from '../../panels/router'
import { formatPlural, paletteText, taskText } from '../../strings'
import type { ScreenProps } from '../routes'
import { useSession } from '../session-context'
import { TaskFilters, useFilterValues } from './task-filters'
import { useStartNext } from './use-start-next'
import { useTaskKeys } from './use-task-keys'
import { useWorkItems } from './use-work-items'
import { WorkItemTable } from './work-item-table'

export function TasksScreen({ projectId }: ScreenProps) {
  const { user } = useSession()
  const filter = useFilterValues()
  const mine = useWorkItems(projectId, { ...filter, mine: true })
  const queue = useWorkItems(projectId, filter)
  const labels = useQuery(labelsQuery(projectId)).data?.filter((label) => !label.archived).length ?? 0
  const next = useStartNext(projectId)
  const scroller = useRef<HTMLDivElement>(null)
  const own = useMemo(
    () => mine.items.filter((item) => item.state !== 'submitted' || filter.state !== ''),
    [mine.items, filter.state],
  )
  const ownIds = useMemo(() => new Set(own.map((item) => item.id)), [own])
  const waiting = useMemo(() => queue.items.filter((item) => !ownIds.has(item.id)), [queue.items, ownIds])
  const { selected, setSelected } = useTaskKeys([...own, ...waiting], next.start)
  useStartCommand(next.start)
  const isFiltered = filter.q !== '' || filter.modality !== '' || filter.state !== ''
  const lease = own
    .map((item) => item.lease_until)
    .filter((until) => until !== null)
    .sort()
    .at(-1)
  const modalities = [...new Set([...mine.items, ...queue.items].map((item) => item.image.modality))].sort()
  const table = { labels, selected, onSelect: setSelected }
  return (
    <>
      <header className="row flex-none">
        <div>
          <h1>{taskText.greeting(new Date().getHours(), user.name.split(' ')[0] ?? user.name)}</h1>
          <p className="text-fg-2">
            {taskText.summary(own.length, own.filter((item) => item.state === 'returned').length)}
          </p>
        </div>
        <Button
          kind="primary"
          icon={Play}
          className="ml-auto !h-8"
          keys={keysOf('tasks.startNext') ?? []}
          busy={next.isBusy}
          onClick={next.start}
        >
          {taskText.startNext}
        </Button>
      </header>
      <TaskFilters modalities={modalities} />
      <Card
        title={taskText.mine}
        note={lease === undefined ? taskText.mineNote : taskText.leased(lease)}
        className="max-h-[45%] flex-none"
      >
        <div className="overflow-auto">
          <WorkItemTable
            {...table}
            label={taskText.mine}
            source={mine}
            rows={own}
            skeletonRows={3}
            empty={
              <NothingMine
                projectId={projectId}
                waiting={waiting.length}
                hasMore={queue.hasMore}
                isFiltered={isFiltered}
                onStart={next.start}
              />
            }
          />
        </div>
      </Card>
      <Card
        title={taskText.queue}
        note={taskText.queueCount(waiting.length, queue.hasMore)}
        className="min-h-[220px] flex-1"
      >
        <div className="flex-1 overflow-auto" ref={scroller}>
          <WorkItemTable
            {...table}
            label={taskText.queue}
            source={queue}
            rows={waiting}
            scroller={scroller}
            skeletonRows={8}
            empty={
              <Empty
                title={
                  isFiltered
                    ? taskText.nothingFits
                    : queue.items.length > 0
                      ? taskText.queueDone
                      : taskText.nothingQueued
                }
              />
            }
          />
        </div>
      </Card>
    </>
  )
}

export function useStartCommand(start: () => void): void {
  const latest = useRef(start)
  latest.current = start
  const commands = useMemo(
    () => [
      {
        id: 'tasks.startNext',
        title: taskText.startNext,
        group: paletteText.actions,
        icon: Play,
        keys: keysOf('tasks.startNext') ?? [],
        run: () => latest.current(),
      },
    ],
    [],
  )
  useCommands('tasks', commands)
}

interface NothingMineProps {
  projectId: string
  waiting: number
  hasMore: boolean
  isFiltered: boolean
  onStart: () => void
}

function NothingMine({ projectId, waiting, hasMore, isFiltered, onStart }: NothingMineProps) {
  if (isFiltered) return <Empty title={taskText.nothingFits} />
  return (
    <Empty icon={Inbox} title={taskText.nothingMine(waiting, hasMore)}>
      {waiting > 0 ? (
        <Button
          kind="primary"
          icon={Play}
          onClick={onStart}
          aria-label={`${taskText.startNext}, ${formatPlural(waiting, 'image')}`}
        >
          {taskText.startNext}
        </Button>
      ) : (
        <Link to={`/projects/${projectId}/import`} className="btn primary">
          <Upload size={14} aria-hidden />
          {taskText.importImages}
        </Link>
      )}
    </Empty>
  )
}
