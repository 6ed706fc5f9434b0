import { useInfiniteQuery } from '@tanstack/react-query'
import { History } from 'lucide-react'
import { useMemo, useRef } from 'react'
import { type AuditEvent, readAudit } from '../../api/audit'
import { Chip, Empty } from '../../panels/bits'
import type { Column } from '../../panels/data-table'
import { ListCard } from '../../panels/list-card'
import { auditText, formatMoment } from '../../strings'

const COLUMNS: readonly Column<AuditEvent>[] = [
  {
    id: 'at',
    title: auditText.columns.at,
    width: 170,
    cell: ({ at }) => <span className="mono text-fg-3">{formatMoment(at)}</span>,
  },
  {
    id: 'actor',
    title: auditText.columns.actor,
    width: 220,
    cell: ({ actor }) =>
      actor === null ? (
        <span className="text-fg-3">{auditText.nobody}</span>
      ) : (
        <span className="block truncate">{actor.name}</span>
      ),
  },
  {
    id: 'action',
    title: auditText.columns.action,
    width: 220,
    cell: ({ action }) => <span className="mono">{action}</span>,
  },
  {
    id: 'subject',
    title: auditText.columns.subject,
    cell: ({ subject }) => <span className="mono block truncate text-fg-3">{subject}</span>,
  },
  {
    id: 'outcome',
    title: auditText.columns.outcome,
    width: 120,
    cell: ({ outcome }) => <Chip tone={outcome === 'success' || outcome === 'ok' ? 'ok' : 'warn'}>{outcome}</Chip>,
  },
]

export function AuditScreen() {
  const scroller = useRef<HTMLDivElement>(null)
  const query = useInfiniteQuery({
    queryKey: ['audit'],
    queryFn: ({ pageParam, signal }) => readAudit(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  })
  const events = useMemo(() => query.data?.pages.flatMap((page) => page.items), [query.data])

  function loadAhead(): void {
    const element = scroller.current
    if (element === null || !query.hasNextPage || query.isFetchingNextPage) return
    if (element.scrollHeight - element.scrollTop - element.clientHeight < 800) void query.fetchNextPage()
  }

  return (
    <>
      <header className="flex-none">
        <h1>{auditText.title}</h1>
        <p className="text-fg-2">{auditText.note}</p>
      </header>
      <ListCard
        label={auditText.title}
        columns={COLUMNS}
        rows={events}
        cause={query.error}
        readAt={query.dataUpdatedAt}
        retry={() => void query.refetch()}
        rowKey={({ id }) => String(id)}
        scroller={scroller}
        onScroll={loadAhead}
        empty={<Empty icon={History} title={auditText.empty} />}
      />
    </>
  )
}
