import { readStored, writeStored } from '../panels/stored'

/** The project that was open last: the navigation keeps it on screens that belong to none. */
export function lastProject(): string | null {
  return readStored('lastProject')
}

export function rememberProject(projectId: string): void {
  writeStored('lastProject', projectId)
}

export function forgetProject(): void {
  writeStored('lastProject', null)
}
