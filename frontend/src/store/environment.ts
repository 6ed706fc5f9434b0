import type { InputSource } from './active-time'
import { type Clock, systemClock } from './clock'
import { IndexedDbJournal } from './journal'

/** What the document takes from the browser; tests give their own. */
export interface Environment {
  readonly clock: Clock
  readonly journal: IndexedDbJournal
  /** Missing where there is no secure context. */
  readonly locks: LockManager | undefined
  /** Between the tabs of this browser. */
  readonly channel: (name: string) => BroadcastChannel
  readonly storage: Storage | undefined
  readonly input: InputSource
  /** Where `online`, `focus` and `beforeunload` come from. */
  readonly window: Pick<Window, 'addEventListener' | 'removeEventListener'>
}

let journal: IndexedDbJournal | null = null

/** One connection for all documents of this page. */
export function browserJournal(): IndexedDbJournal {
  journal ??= new IndexedDbJournal()
  return journal
}

export function browserEnvironment(): Environment {
  return {
    clock: systemClock,
    journal: browserJournal(),
    locks: globalThis.navigator?.locks,
    channel: (name) => new BroadcastChannel(name),
    storage: storage(),
    input: document,
    window,
  }
}

function storage(): Storage | undefined {
  try {
    return globalThis.localStorage
  } catch {
    return undefined // Blocked by the browser's privacy settings.
  }
}
