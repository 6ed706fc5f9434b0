import { readStoredJson, writeStored } from '../../panels/stored'

const KEPT = 5

/** The last five commands of this browser, newest first. */
export function recentCommands(): string[] {
  const value = readStoredJson('recentCommands')
  return Array.isArray(value) ? value.filter((id): id is string => typeof id === 'string') : []
}

export function rememberCommand(id: string): void {
  const kept = [id, ...recentCommands().filter((other) => other !== id)].slice(0, KEPT)
  writeStored('recentCommands', JSON.stringify(kept))
}
