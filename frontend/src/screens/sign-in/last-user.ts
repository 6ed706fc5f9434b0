import type { User } from '../../api/session'
import { readStoredJson, writeStored } from '../../panels/stored'

export interface LastUser {
  id: string
  login: string
}

/** Who signed in here last, to name the person whose strokes wait; a login, no secret. */
export function lastUser(): LastUser | null {
  const value = readStoredJson('lastUser')
  if (typeof value !== 'object' || value === null) return null
  const { id, login } = value as Partial<LastUser>
  return typeof id === 'string' && typeof login === 'string' ? { id, login } : null
}

export function rememberUser(user: User): void {
  writeStored('lastUser', JSON.stringify({ id: user.id, login: user.login }))
}
