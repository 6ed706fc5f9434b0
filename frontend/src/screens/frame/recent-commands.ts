const KEY = 'maskloop.recentCommands'
const KEPT = 5

/** The last five commands of this browser, newest first. */
export function recentCommands(): string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(value) ? value.filter((id): id is string => typeof id === 'string') : []
  } catch {
    return [] // Storage may be blocked, or hold what an older version wrote.
  }
}

export function rememberCommand(id: string): void {
  try {
    const kept = [id, ...recentCommands().filter((other) => other !== id)].slice(0, KEPT)
    localStorage.setItem(KEY, JSON.stringify(kept))
  } catch {
    // Storage may be blocked: the palette then has no list of the last used.
  }
}
