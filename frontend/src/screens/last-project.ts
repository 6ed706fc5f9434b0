const KEY = 'maskloop.lastProject'

/** The project that was open last: the navigation keeps it on screens that belong to none. */
export function lastProject(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null // Storage may be blocked: then the list of projects is the start.
  }
}

export function rememberProject(projectId: string): void {
  try {
    localStorage.setItem(KEY, projectId)
  } catch {
    // Storage may be blocked: the next visit then starts at the list of projects.
  }
}
