import type { Segment } from '../api/segmentations'
import { eachRun, type Patch, PatchBuilder } from '../labelmap/patch'
import type { TilePatch } from '../labelmap/stroke-body'
import { decide } from './conflicts'
import type { Choice } from './document-state'
import { type Change, type Entry, rewriteEntries, withTiles } from './entry'
import type { EntryBook } from './entry-book'
import type { History } from './history'
import type { LabelStore } from './label-store'
import type { SaveMachine } from './save-machine'
import { SegmentBook } from './segment-book'

export interface ResolutionParts {
  readonly machine: SaveMachine
  readonly book: EntryBook
  readonly history: History
  readonly labels: LabelStore
}

/**
 * Rewrites the unsent entries and lets the queue go on. The journal changes in one transaction before anything else, so that a
 * crash leaves the entries as they were or as they are to be. Nothing of the queue may be under way: it is blocked.
 */
export async function rewriteQueue(parts: ResolutionParts, changes: (entry: Entry) => Change): Promise<void> {
  const { machine, book, history, labels } = parts
  await book.allReady()
  const before = machine.entries
  const { entries, renamed, dropped } = rewriteEntries(before, changes)
  const added = entries.filter((entry) => !before.some(({ uuid }) => uuid === entry.uuid))
  const removed = before.filter(({ uuid }) => renamed.has(uuid) || dropped.some((entry) => entry.uuid === uuid))
  await book.replace(added, removed)
  await new Promise<void>((resolve) => {
    labels.whenIdle(() => {
      for (const [from, to] of renamed) history.rename(from, to)
      for (const entry of dropped) history.remove(entry.uuid, entry.header.undoes)
      // What was drawn while the journal was written comes behind.
      const later = machine.entries.filter(({ uuid }) => !before.some((entry) => entry.uuid === uuid))
      machine.replaceQueue([...entries, ...later])
      resolve()
    })
  })
}

/** Carries out the choices of the conflict view: the result is saved as a merge. */
export function resolveDispute(parts: ResolutionParts, choices: ReadonlyMap<number, Choice>): Promise<void> {
  const { phase } = parts.machine
  if (phase.kind !== 'conflict') return Promise.resolve()
  const { dispute } = phase
  const missing = dispute.conflict.islands.filter(({ id }) => !choices.has(id))
  if (missing.length > 0) throw new Error(`${missing.length} islands of the conflict have no choice`)
  const decided = decide(dispute, choices)
  return rewriteQueue(parts, (entry) => {
    const patches = decided.get(entry.uuid)
    return patches === undefined ? null : { patches: withTiles(entry.patches, patches), tool: 'merge' }
  })
}

/** Gives up the entry at the head. What was drawn on top of it may then be in conflict, and is asked about. */
export function discardHead(parts: ResolutionParts): Promise<void> {
  const head = parts.machine.entries[0]
  return rewriteQueue(parts, (entry) => (entry === head ? 'drop' : null))
}

/** Paints what was drawn in gone segments as `number` instead. */
export function replaceGone(parts: ResolutionParts, gone: ReadonlySet<number>, number: number): Promise<void> {
  const renumber = (value: number): number => (gone.has(value) ? number : value)
  return rewriteQueue(parts, (entry) => {
    if (!mentions(entry, gone)) return null
    const segments = entry.segments.filter((change) => !gone.has(change.number))
    return { patches: mappedPatches(entry.patches, renumber), segments }
  })
}

/** Says patches in other numbers; tiles without a change left are taken out. */
export function mappedPatches(patches: readonly TilePatch[], renumber: (number: number) => number): TilePatch[] {
  return patches
    .map(({ position, patch }): TilePatch => ({ position, patch: mapped(patch, renumber) }))
    .filter(({ patch }) => patch.starts.length > 0)
}

/** Says of the changed fields at the head what they are now, so that mine come after theirs. */
export function rebaseFields(parts: ResolutionParts, rows: readonly Segment[]): Promise<void> {
  const current = new SegmentBook(rows)
  const head = parts.machine.entries[0]
  return rewriteQueue(parts, (entry) => {
    if (entry !== head) return null
    const segments = entry.segments.flatMap((change) => current.change(change.number, change.field, change.after) ?? [])
    return { segments }
  })
}

function mentions({ patches, segments }: Entry, numbers: ReadonlySet<number>): boolean {
  if (segments.some(({ number }) => numbers.has(number))) return true
  return patches.some(
    ({ patch }) => patch.before.some((n) => numbers.has(n)) || patch.after.some((n) => numbers.has(n)),
  )
}

function mapped(patch: Patch, renumber: (value: number) => number): Patch {
  const builder = new PatchBuilder()
  eachRun(patch, (start, end, before, after) => {
    const [from, to] = [renumber(before), renumber(after)]
    if (from !== to) builder.add(start, end - start, from, to)
  })
  return builder.finish()
}
