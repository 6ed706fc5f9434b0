import { type ReactNode, type RefObject, useLayoutEffect, useState } from 'react'

export interface Column<T> {
  id: string
  title: string
  /** The heading is for screen readers only: the cells say enough. */
  hideTitle?: boolean
  width?: number
  align?: 'right'
  cell: (row: T) => ReactNode
}

export interface DataTableProps<T> {
  label: string
  columns: readonly Column<T>[]
  rows: readonly T[]
  rowKey: (row: T) => string
  rowHeight?: number
  /** The element that scrolls; over 100 rows only what is visible in it is in the document. */
  scroller?: RefObject<HTMLElement | null>
  selectedKey?: string | null
  onRowClick?: (row: T) => void
  onRowOpen?: (row: T) => void
}

const VIRTUAL_FROM = 100
const OVERSCAN = 12

/** Which rows are in sight of the scrolling element, with some to spare. */
function useVisibleRange(count: number, rowHeight: number, scroller: RefObject<HTMLElement | null> | undefined) {
  const isVirtual = count > VIRTUAL_FROM && scroller !== undefined
  const [range, setRange] = useState({ from: 0, to: VIRTUAL_FROM })
  useLayoutEffect(() => {
    const element = scroller?.current
    if (!isVirtual || element === null || element === undefined) return
    const measure = (): void => {
      const from = Math.max(0, Math.floor(element.scrollTop / rowHeight) - OVERSCAN)
      const to = Math.min(count, Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + OVERSCAN)
      setRange((old) => (old.from === from && old.to === to ? old : { from, to }))
    }
    measure()
    element.addEventListener('scroll', measure, { passive: true })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', measure)
      observer.disconnect()
    }
  }, [isVirtual, count, rowHeight, scroller])
  return isVirtual ? range : { from: 0, to: count }
}

export function DataTable<T>(props: DataTableProps<T>) {
  const { label, columns, rows, rowHeight = 41, scroller } = props
  const { from, to } = useVisibleRange(rows.length, rowHeight, scroller)
  const isTall = rowHeight > 45
  return (
    <table className={isTall ? 'list tall' : 'list'} aria-label={label} aria-rowcount={rows.length + 1}>
      <colgroup>
        {columns.map(({ id, width }) => (
          <col key={id} style={width === undefined ? {} : { width }} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {columns.map(({ id, title, hideTitle, align }) => (
            <th key={id} scope="col" className={align === 'right' ? 'n' : undefined}>
              {hideTitle === true ? <span className="visually-hidden">{title}</span> : title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {from > 0 && <Spacer height={from * rowHeight} span={columns.length} />}
        {rows.slice(from, to).map((row, index) => (
          <Row key={props.rowKey(row)} row={row} rowIndex={from + index + 2} {...props} />
        ))}
        {to < rows.length && <Spacer height={(rows.length - to) * rowHeight} span={columns.length} />}
      </tbody>
    </table>
  )
}

function Spacer({ height, span }: { height: number; span: number }) {
  return (
    <tr>
      <td colSpan={span} style={{ height, padding: 0, border: 0 }} />
    </tr>
  )
}

interface RowProps<T> extends DataTableProps<T> {
  row: T
  rowIndex: number
}

function Row<T>({ row, rowIndex, columns, rowKey, selectedKey, onRowClick, onRowOpen }: RowProps<T>) {
  const isClickable = onRowClick !== undefined || onRowOpen !== undefined
  return (
    <tr
      aria-rowindex={rowIndex}
      aria-selected={selectedKey === undefined ? undefined : selectedKey === rowKey(row)}
      data-clickable={isClickable ? '' : undefined}
      data-row={rowKey(row)}
      onClick={onRowClick === undefined ? undefined : () => onRowClick(row)}
      onDoubleClick={onRowOpen === undefined ? undefined : () => onRowOpen(row)}
    >
      {columns.map(({ id, align, cell }) => (
        <td key={id} className={align === 'right' ? 'n' : undefined}>
          {cell(row)}
        </td>
      ))}
    </tr>
  )
}

/** Grey rows of the right height while the first page is on its way. */
export function SkeletonRows({ count, rowHeight = 41, label }: { count: number; rowHeight?: number; label: string }) {
  return (
    <div role="status" aria-label={label}>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike and never move
        <div key={index} className="row gap-4 border-b border-line-1 px-3.5" style={{ height: rowHeight }}>
          {rowHeight > 45 && <span className="skeleton h-[42px] w-16" />}
          <span className="skeleton h-3 w-44" />
          <span className="skeleton h-3 w-16" />
          <span className="skeleton ml-auto h-3 w-24" />
        </div>
      ))}
    </div>
  )
}
