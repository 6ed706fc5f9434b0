import { useState } from 'react'
import type { WorkItem } from '../../api/worklist'
import { useKeys } from '../../panels/keys'
import { navigate } from '../../panels/router'
import { taskAddress } from './work-item-columns'

/** Arrows choose a row over all tables in order, Enter opens it, Space starts the next task. */
export function useTaskKeys(rows: readonly WorkItem[], startNext: () => void) {
  const [selected, setSelected] = useState<string | null>(null)
  const at = rows.findIndex((item) => item.id === selected)

  function move(by: number): void {
    const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))]
    if (next === undefined) return
    setSelected(next.id)
    document.querySelector(`[data-row="${next.id}"]`)?.scrollIntoView({ block: 'nearest' })
  }

  useKeys('tasks', {
    'tasks.startNext': startNext,
    'tasks.next': { down: () => move(1), repeats: true },
    'tasks.previous': { down: () => move(-1), repeats: true },
    'tasks.open': () => {
      const item = rows[at]
      if (item !== undefined) navigate(taskAddress(item))
    },
  })
  return { selected, setSelected }
}
