import type { Dispute } from './conflicts'
import type { Refusal, SaveState } from './document-state'
import type { Entry } from './entry'

/** Where the save machine stands. */
export type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'journalling' }
  | { readonly kind: 'queued' }
  | { readonly kind: 'sending' }
  | { readonly kind: 'checking' }
  | { readonly kind: 'waiting'; readonly retryAt: number }
  | { readonly kind: 'signedOut' }
  | { readonly kind: 'conflict'; readonly dispute: Dispute }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Phases in which nothing is sent until something else ends them. */
export function isBlocking({ kind }: Phase): boolean {
  return kind === 'signedOut' || kind === 'conflict' || kind === 'refused'
}

/** A dispute in which nothing of mine is left is settled without asking. */
export function needsPerson(phase: Phase): boolean {
  return phase.kind === 'conflict' ? phase.dispute.conflict.voxels > 0 : isBlocking(phase)
}

/** The phase in the words of the status bar. */
export function saveStateOf(
  phase: Phase,
  queue: readonly Entry[],
  isJournalWritable: boolean,
  revision: number,
): SaveState {
  switch (phase.kind) {
    case 'conflict': {
      const { voxels } = phase.dispute.conflict
      return voxels > 0 ? { kind: 'conflict', voxels } : { kind: 'saving', tiles: queue.length }
    }
    case 'refused': {
      const { status, code, title } = phase.refusal
      return { kind: 'refused', status, code, title }
    }
    case 'signedOut':
      return { kind: 'signedOut' }
    default:
      if (!isJournalWritable) return { kind: 'unprotected' }
      if (queue.length === 0) return { kind: 'saved', revision }
      if (phase.kind === 'waiting') return { kind: 'offline', strokes: queue.length, retryAt: phase.retryAt }
      return { kind: 'saving', tiles: queue.reduce((sum, { patches }) => sum + Math.max(1, patches.length), 0) }
  }
}
