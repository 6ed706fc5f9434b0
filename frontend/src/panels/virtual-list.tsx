import { type ReactNode, useLayoutEffect, useRef, useState } from 'react'

export interface VirtualListProps<T> {
  label: string
  items: readonly T[]
  itemHeight: number
  itemKey: (item: T) => string
  /** Kept in sight when it changes. */
  activeIndex?: number
  className?: string
  children: (item: T, index: number) => ReactNode
}

const OVERSCAN = 8

/** A list of equal rows of which only those in sight are in the document. The rows are `li` elements' content. */
export function VirtualList<T>({
  label,
  items,
  itemHeight,
  itemKey,
  activeIndex = -1,
  className,
  children,
}: VirtualListProps<T>) {
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 600 })

  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight })
    measure()
    element.addEventListener('scroll', measure, { passive: true })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', measure)
      observer.disconnect()
    }
  }, [])

  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null || activeIndex < 0) return
    const top = activeIndex * itemHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + itemHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + itemHeight - element.clientHeight
  }, [activeIndex, itemHeight])

  const from = Math.max(0, Math.floor(view.top / itemHeight) - OVERSCAN)
  const to = Math.min(items.length, Math.ceil((view.top + view.height) / itemHeight) + OVERSCAN)
  return (
    <div ref={scroller} className={`overflow-auto ${className ?? ''}`}>
      <ul aria-label={label} style={{ paddingTop: from * itemHeight, paddingBottom: (items.length - to) * itemHeight }}>
        {items.slice(from, to).map((item, index) => (
          <li key={itemKey(item)} aria-setsize={items.length} aria-posinset={from + index + 1}>
            {children(item, from + index)}
          </li>
        ))}
      </ul>
    </div>
  )
}
