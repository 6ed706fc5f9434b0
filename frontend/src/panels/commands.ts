import type { LucideIcon } from 'lucide-react'
import { useEffect } from 'react'
import { createStore } from 'zustand'

/** What the command palette offers: each screen adds its own while it is shown. */
export interface Command {
  id: string
  title: string
  group: string
  icon?: LucideIcon
  keys?: readonly string[]
  /** More words that find it. */
  words?: string
  run: () => void
}

interface CommandState {
  byOwner: ReadonlyMap<string, readonly Command[]>
}

export const commandStore = createStore<CommandState>(() => ({ byOwner: new Map() }))

/** Offers `commands` while mounted. Give a stable list (useMemo) or one that changes rarely. */
export function useCommands(owner: string, commands: readonly Command[]): void {
  useEffect(() => {
    commandStore.setState(({ byOwner }) => ({ byOwner: new Map(byOwner).set(owner, commands) }))
    return () => {
      commandStore.setState(({ byOwner }) => {
        const rest = new Map(byOwner)
        rest.delete(owner)
        return { byOwner: rest }
      })
    }
  }, [owner, commands])
}
