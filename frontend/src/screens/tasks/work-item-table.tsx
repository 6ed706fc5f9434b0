import { type ReactNode, type RefObject, useEffect } from 'react'
import type { WorkItem } from '../../api/worklist'
import { DataTable, SkeletonRows } from '../../panels/data-table'
import { ProblemNote } from '../../panels/problem-note'
import { navigate } from '../../panels/router'
import { useWindowWidth } from '../../panels/window-width'
import { commonText } from '../../strings'
import type { WorkItems } from './use-work-items'
import { taskAddress, workItemColumns } from './work-item-columns'

export interface WorkItemTableProps {
  label: string
  source: WorkItems
  rows: readonly WorkItem[]
  labels: number
  selected: string | null
  onSelect: (id: string) => void
  scroller?: RefObject<HTMLDivElement | null>
  skeletonRows: number
  empty: ReactNode
}

const LOAD_AHEAD_PX = 800

export function WorkItemTable(props: WorkItemTableProps) {
  const { source, rows, scroller } = props
  const columns = workItemColumns(props.labels, useWindowWidth())
  useEffect(() => {
    const element = scroller?.current
    if (element === null || element === undefined) return
    const check = (): void => {
      if (element.scrollHeight - element.scrollTop - element.clientHeight < LOAD_AHEAD_PX) source.loadMore()
    }
    element.addEventListener('scroll', check, { passive: true })
    return () => element.removeEventListener('scroll', check)
  }, [scroller, source])

  if (source.isPending) return <SkeletonRows count={props.skeletonRows} rowHeight={55} label={commonText.loading} />
  if (rows.length === 0)
    return source.cause === null ? props.empty : <ProblemNote cause={source.cause} onRetry={source.retry} />
  return (
    <>
      {source.cause !== null && <p className="px-3.5 pb-2 text-warn">{commonText.stale(source.readAt)}</p>}
      <DataTable
        label={props.label}
        columns={columns}
        rows={rows}
        rowKey={(item) => item.id}
        rowHeight={55}
        selectedKey={props.selected}
        onRowClick={(item) => props.onSelect(item.id)}
        onRowOpen={(item) => navigate(taskAddress(item))}
        {...(scroller === undefined ? {} : { scroller })}
      />
    </>
  )
}
