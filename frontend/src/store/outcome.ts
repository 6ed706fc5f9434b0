import { ApiProblem } from '../api/http'
import type { Refusal } from './document-state'

/** What an answer to a save that is not "stored" asks for. */
export type Outcome =
  /** Nobody knows whether it was stored, or the server asks to come back: the same bytes again, later. */
  | { readonly kind: 'again'; readonly afterMs: number | null }
  | { readonly kind: 'signedOut' }
  /** Voxels changed under it; nothing was stored. */
  | { readonly kind: 'stale' }
  /** The segments were renumbered since: nothing was stored, and it must be said in the new numbers. */
  | { readonly kind: 'renumbered'; readonly refusal: Refusal }
  /** Somebody has undone it already: there is nothing left to do. */
  | { readonly kind: 'undone' }
  /** Kept and shown until the user decides. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }

const COME_BACK = new Set([408, 425, 429])

/** Reads the failure of a save by RELIABILITY section 2.5. */
export function outcomeOf(cause: unknown): Outcome {
  if (!(cause instanceof ApiProblem)) return { kind: 'again', afterMs: null }
  const { status, code, retryAfterS } = cause
  // Somebody else has signed in on this browser: what was drawn here is never saved as theirs.
  if (status === 401 || code === 'another-user') return { kind: 'signedOut' }
  if (status >= 500 || COME_BACK.has(status)) return { kind: 'again', afterMs: pause(retryAfterS) }
  if (status === 409 && code === 'in-progress') return { kind: 'again', afterMs: pause(retryAfterS) }
  if (status === 413) return { kind: 'refused', refusal: refusalOf(cause) }
  // No code of ours: a proxy or a log-in page speaks, not the service.
  if (code.startsWith('http-')) return { kind: 'again', afterMs: null }
  if (status === 412 && code === 'stale-voxels') return { kind: 'stale' }
  if (status === 412 && code === 'renumbered') return { kind: 'renumbered', refusal: refusalOf(cause) }
  if (code === 'already-undone') return { kind: 'undone' }
  return { kind: 'refused', refusal: refusalOf(cause) }
}

function pause(seconds: number | null): number | null {
  return seconds === null ? null : Math.min(Math.max(seconds, 0), 60) * 1000
}

function refusalOf({ status, code, title, detail, members }: ApiProblem): Refusal {
  const numbers = Array.isArray(members.numbers) ? members.numbers.map(Number).filter(Number.isSafeInteger) : []
  return { status, code, title, detail, numbers }
}
