import { CircleCheck, CircleDashed, CircleDot, CircleSlash, Undo2 } from 'lucide-react'
import type { WorkItem, WorkItemState } from '../../api/worklist'
import { Avatar, Chip } from '../../panels/bits'
import type { Column } from '../../panels/data-table'
import { Link } from '../../panels/router'
import { Thumbnail } from '../../panels/thumbnail'
import { formatAge, formatShape, taskText } from '../../strings'

const STATES = {
  todo: { icon: CircleDashed, tone: 'text-fg-1' },
  in_progress: { icon: CircleDot, CircleSlash, tone: 'text-accent' },
  returned: { icon: Undo2, tone: 'text-warn' },
  submitted: { icon: CircleCheck, tone: 'text-ok' },
  skipped: { icon: CircleSlash, tone: 'text-fg-3' },
} as const satisfies Record<WorkItemState, unknown>

export function taskAddress(item: WorkItem): string {
  return `/annotate/${item.image.id}?task=${item.id}`
}

function StateCell({ state }: { state: WorkItemState }) {
  const { icon: Icon, tone } = STATES[state]
  return (
    <span className={`row gap-1.5 ${tone}`}>
      <Icon size={14} aria-hidden />
      {taskText.states[state]}
    </span>
  )
}

function PriorityCell({ priority }: { priority: number | null }) {
  if (priority === null) return <span className="text-fg-3">{taskText.hidden}</span>
  const tone = priority >= 0.6 ? 'var(--warn)' : priority >= 0.35 ? '#8d9a5f' : 'var(--fg-4)'
  return (
    <span className="row gap-1.5">
      <span className="bar w-[54px]" aria-hidden>
        <i style={{ width: `${Math.min(1, Math.max(0, priority)) * 100}%`, background: tone }} />
      </span>
      <span className={`mono ${priority >= 0.6 ? 'text-warn' : 'text-fg-2'}`}>{priority.toFixed(2)}</span>
    </span>
  )
}

function progressOf(item: WorkItem, labels: number): { fraction: number; text: string } {
  const { segments, proposal } = item.progress
  if (item.state === 'submitted') return { fraction: 1, text: taskText.segments(segments) }
  if (segments === 0) return { fraction: 0, text: proposal ? taskText.proposalReady : taskText.nothingDrawn }
  if (segments > labels) return { fraction: 1, text: taskText.segments(segments) }
  return { fraction: segments / labels, text: taskText.ofLabels(segments, labels) }
}

function ProgressCell({ item, labels }: { item: WorkItem; labels: number }) {
  const { fraction, text } = progressOf(item, labels)
  const tone = item.state === 'submitted' ? 'var(--ok)' : 'var(--accent)'
  return (
    <>
      <div className="bar" aria-hidden>
        <i style={{ width: `${fraction * 100}%`, background: tone }} />
      </div>
      <div className="mt-[3px] truncate text-11 text-fg-3">{text}</div>
    </>
  )
}

interface SizedColumn extends Column<WorkItem> {
  /** Narrower windows leave it out. */
  from?: number
}

const titles = taskText.columns

function ImageCell({ item }: { item: WorkItem }) {
  const { name, description } = item.image
  return (
    <>
      <Link
        to={taskAddress(item)}
        className="block truncate font-semibold hover:text-accent"
        aria-label={taskText.open(name)}
      >
        {name}
      </Link>
      <div className="truncate text-11 text-fg-3">{description}</div>
    </>
  )
}

function ReaderCell({ assignee }: Pick<WorkItem, 'assignee'>) {
  if (assignee === null) return <span className="text-fg-3">{taskText.free}</span>
  return <Avatar name={assignee.name} id={assignee.id} />
}

const FIRST_COLUMNS: readonly SizedColumn[] = [
  {
    id: 'thumbnail',
    title: titles.thumbnail,
    hideTitle: true,
    width: 92,
    cell: (item) => <Thumbnail src={item.image.thumbnail} />,
  },
  { id: 'image', title: titles.image, width: 250, cell: (item) => <ImageCell item={item} /> },
  { id: 'modality', title: titles.modality, width: 96, cell: (item) => <Chip>{item.image.modality}</Chip> },
  {
    id: 'size',
    title: titles.size,
    width: 170,
    from: 1200,
    cell: (item) => <span className="mono text-fg-3">{formatShape(item.image.shape)}</span>,
  },
  { id: 'state', title: titles.state, width: 150, cell: (item) => <StateCell state={item.state} /> },
  {
    id: 'priority',
    title: titles.priority,
    width: 140,
    from: 1360,
    cell: (item) => <PriorityCell priority={item.priority} />,
  },
  {
    id: 'reason',
    title: titles.reason,
    from: 1600,
    cell: (item) => <span className="block truncate text-fg-2">{item.reason}</span>,
  },
  { id: 'reader', title: titles.reader, width: 80, cell: (item) => <ReaderCell assignee={item.assignee} /> },
]

function allColumns(labels: number): SizedColumn[] {
  return [
    ...FIRST_COLUMNS,
    {
      id: 'progress',
      title: titles.progress,
      width: 190,
      cell: (item) => <ProgressCell item={item} labels={labels} />,
    },
    {
      id: 'updated',
      title: titles.updated,
      width: 90,
      align: 'right',
      cell: (item) => <span className="text-fg-3">{formatAge(item.updated_at, Date.now())}</span>,
    },
  ]
}

/** The columns that fit the window, in the order of the mock. */
export function workItemColumns(labels: number, windowWidth: number): Column<WorkItem>[] {
  const fitting = allColumns(labels).filter(({ from = 0 }) => windowWidth >= from)
  if (fitting.some(({ id }) => id === 'reason')) return fitting
  // Without the flexible column the name takes what is left.
  return fitting.map(({ width, ...column }) =>
    column.id === 'image' || width === undefined ? column : { ...column, width },
  )
}
