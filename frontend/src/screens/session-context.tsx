import { createContext, useContext } from 'react'
import type { User } from '../api/session'

export interface SessionState {
  user: User
  /** How many times somebody signed in again in this page: a change means "try again now". */
  renewals: number
}

export const SessionContext = createContext<SessionState | null>(null)

export function useSession(): SessionState {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('useSession outside of a signed-in page')
  return session
}
