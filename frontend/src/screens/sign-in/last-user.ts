import type { User } from '../../api/session'

const KEY = 'maskloop.lastUser'

export interface LastUser {
  id: string
  login: string
}

/** Who signed in here last, to name the person whose strokes wait; a login, no secret. */
export function lastUser(): LastUser | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null')
    if (typeof value !== 'object' || value === null) return null
    const { id, login } = value as Partial<LastUser>
    return typeof id === 'string' && typeof login === 'string' ? { id, login } : null
  } catch {
    return null // Storage may be blocked, or hold what an older version wrote: then nobody is named.
  }
}

export function rememberUser(user: User): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ id: user.id, login: user.login }))
  } catch {
    // Storage may be blocked: the sign-in page then does not name the person.
  }
}
