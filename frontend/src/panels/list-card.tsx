import type { ReactNode, RefObject } from 'react'
import { commonText } from '../strings'
import { type Column, DataTable, SkeletonRows } from './data-table'
import { ProblemNote } from './problem-note'

export interface ListCardProps<T> {
  label: string
  columns: readonly Column<T>[]
  rows: readonly T[] | undefined
  cause: unknown
  readAt: number
  retry: () => void
  rowKey: (row: T) => string
  empty: ReactNode
  rowHeight?: number
  scroller?: RefObject<HTMLDivElement | null>
  onRowOpen?: (row: T) => void
  onScroll?: () => void
  className?: string
}

/** A table in a card with its three other faces: loading, empty, and an error that keeps the last rows. */
export function ListCard<T>(props: ListCardProps<T>) {
  const { rows, cause } = props
  return (
    <section className={`card ${props.className ?? 'min-h-[200px] flex-1'}`} aria-label={props.label}>
      {cause !== null && rows !== undefined && (
        <p className="px-3.5 py-2 text-warn">{commonText.stale(props.readAt)}</p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long table without links must still scroll by the keyboard */}
      <div className="flex-1 overflow-auto" tabIndex={0} ref={props.scroller} onScroll={props.onScroll}>
        {rows === undefined ? (
          cause === null ? (
            <SkeletonRows count={6} rowHeight={props.rowHeight ?? 41} label={commonText.loading} />
          ) : (
            <ProblemNote cause={cause} onRetry={props.retry} />
          )
        ) : rows.length === 0 ? (
          props.empty
        ) : (
          <DataTable
            label={props.label}
            columns={props.columns}
            rows={rows}
            rowKey={props.rowKey}
            {...(props.rowHeight === undefined ? {} : { rowHeight: props.rowHeight })}
            {...(props.scroller === undefined ? {} : { scroller: props.scroller })}
            {...(props.onRowOpen === undefined ? {} : { onRowOpen: props.onRowOpen })}
          />
        )}
      </div>
    </section>
  )
}
