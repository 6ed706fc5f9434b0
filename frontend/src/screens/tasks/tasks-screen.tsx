import { Inbox, Play, Upload } from 'lucide-react'
import { useMemo, useRef } from 'react'
import type { WorkItem } from '../../api/worklist'
import { Card, Empty } from '../../panels/bits'
import { Button } from '../../panels/button'
import { Link } from '../../panels/router'
import { formatPlural, taskText } from '../../strings'
import type { ScreenProps } from '../routes'
import { useSession } from '../session-context'
import { StartNextButton, useStartCommand } from './start-next-button'
import { TaskFilters, useFilterValues } from './task-filters'
import { useLabelCount } from './use-label-count'
import { type StartNext, useStartNext } from './use-start-next'
import { useTaskKeys } from './use-task-keys'
import { useWorkItems } from './use-work-items'
import { WorkItemTable } from './work-item-table'

/** One's own open tasks, and the rest of the queue without them. */
function useTaskLists(projectId: string) {
  const filter = useFilterValues()
  const mine = useWorkItems(projectId, { ...filter, mine: true })
  const queue = useWorkItems(projectId, filter)
  const own = useMemo(
    () => mine.items.filter(({ state }) => filter.state !== '' || (state !== 'submitted' && state !== 'skipped')),
    [mine.items, filter.state],
  )
  const waiting = useMemo(() => {
    const ownIds = new Set(own.map((item) => item.id))
    return queue.items.filter((item) => !ownIds.has(item.id))
  }, [own, queue.items])
  const isFiltered = filter.q !== '' || filter.modality !== '' || filter.state !== ''
  const modalities = [...new Set([...mine.items, ...queue.items].map((item) => item.image.modality))].sort()
  return { mine, queue, own, waiting, isFiltered, modalities }
}

export function TasksScreen({ projectId }: ScreenProps) {
  const { mine, queue, own, waiting, isFiltered, modalities } = useTaskLists(projectId)
  const labels = useLabelCount(projectId)
  const next = useStartNext(projectId)
  const scroller = useRef<HTMLDivElement>(null)
  const { selected, setSelected } = useTaskKeys([...own, ...waiting], next.start)
  useStartCommand(next.start)
  const lease = own
    .map((item) => item.lease_until)
    .filter((until) => until !== null)
    .sort()
    .at(-1)
  const table = { labels, selected, onSelect: setSelected }
  const nothingWaits = queue.items.length > 0 ? taskText.queueDone : taskText.nothingQueued
  const nothingMine = { projectId, waiting: waiting.length, hasMore: queue.hasMore, isFiltered, onStart: next.start }
  return (
    <>
      <TasksHead own={own} next={next} />
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
            empty={<NothingMine {...nothingMine} />}
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
            empty={<Empty title={isFiltered ? taskText.nothingFits : nothingWaits} />}
          />
        </div>
      </Card>
    </>
  )
}

function TasksHead({ own, next }: { own: readonly WorkItem[]; next: StartNext }) {
  const { user } = useSession()
  const returned = own.filter((item) => item.state === 'returned').length
  return (
    <header className="row flex-none">
      <div>
        <h1>{taskText.greeting(new Date().getHours(), user.name.split(' ')[0] ?? user.name)}</h1>
        <p className="text-fg-2">{taskText.summary(own.length, returned)}</p>
      </div>
      <StartNextButton next={next} />
    </header>
  )
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
