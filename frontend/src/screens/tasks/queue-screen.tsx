import { useRef } from 'react'
import { Card, Empty } from '../../panels/bits'
import { taskText } from '../../strings'
import type { ScreenProps } from '../routes'
import { StartNextButton, useStartCommand } from './start-next-button'
import { TaskFilters, useFilterValues } from './task-filters'
import { useLabelCount } from './use-label-count'
import { useStartNext } from './use-start-next'
import { useTaskKeys } from './use-task-keys'
import { useWorkItems } from './use-work-items'
import { WorkItemTable } from './work-item-table'

export function QueueScreen({ projectId }: ScreenProps) {
  const filter = useFilterValues()
  const queue = useWorkItems(projectId, filter)
  const labels = useLabelCount(projectId)
  const next = useStartNext(projectId)
  const scroller = useRef<HTMLDivElement>(null)
  const { selected, setSelected } = useTaskKeys(queue.items, next.start)
  useStartCommand(next.start)
  const isFiltered = filter.q !== '' || filter.modality !== '' || filter.state !== ''
  const modalities = [...new Set(queue.items.map((item) => item.image.modality))].sort()
  return (
    <>
      <header className="row flex-none">
        <h1>{taskText.queue}</h1>
        <span className="text-fg-3">{taskText.queueCount(queue.items.length, queue.hasMore)}</span>
        <StartNextButton next={next} />
      </header>
      <TaskFilters modalities={modalities} />
      <Card title={taskText.queue} className="min-h-[220px] flex-1">
        <div className="flex-1 overflow-auto" ref={scroller}>
          <WorkItemTable
            label={taskText.queue}
            source={queue}
            rows={queue.items}
            labels={labels}
            selected={selected}
            onSelect={setSelected}
            scroller={scroller}
            skeletonRows={12}
            empty={<Empty title={isFiltered ? taskText.nothingFits : taskText.nothingQueued} />}
          />
        </div>
      </Card>
    </>
  )
}
