import { newUuid } from '../api/uuid'
import type { Bytes } from '../labelmap/bytes'
import { swapped } from '../labelmap/patch'
import { positionText } from '../labelmap/position'
import type { SegmentChange, StrokeHeader, TilePatch } from '../labelmap/stroke-body'
import type { PendingEdit } from './ground'

/** One unsent save. Once `body` is there it never changes: what is different is a new entry with a new uuid. */
export interface Entry {
  readonly uuid: string
  readonly order: number
  readonly at: number
  readonly header: StrokeHeader
  /** What it changes; of an undo only the guess of this client, which is not sent. */
  readonly patches: readonly TilePatch[]
  /** Fields of segments that it changes; of an undo, again, only the guess. */
  readonly segments: readonly SegmentChange[]
  body: Bytes | null
  /** `patches` and `segments` of an undo for the journal: its body carries none. */
  guess: Bytes | null
  journal: 'writing' | 'written' | 'failed'
}

/** What becomes of an entry that is rewritten: nothing (null), it is given up, or it changes something else. */
export type Change =
  | null
  | 'drop'
  | {
      readonly patches?: readonly TilePatch[]
      readonly segments?: readonly SegmentChange[]
      readonly tool?: string
      readonly numbering?: number
    }

export interface Rewrite {
  readonly entries: readonly Entry[]
  readonly renamed: ReadonlyMap<string, string>
  readonly dropped: readonly Entry[]
}

export function editOf({ uuid, header, patches }: Entry): PendingEdit {
  // What carries no patches, and perhaps some that this version cannot read, is known only once the tiles are read again.
  return { uuid, patches, isUndo: header.undoes !== undefined || patches.length === 0 }
}

/**
 * Puts changed patches into entries that the server has never stored. A changed entry gets a new uuid, and so does each undo
 * that names it; an entry with nothing left is dropped, and with it what would have undone it.
 */
export function rewriteEntries(entries: readonly Entry[], changes: (entry: Entry) => Change): Rewrite {
  const rewritten = new Map<string, Entry>()
  const dropped: Entry[] = []
  const gone = new Set<string>()
  for (const entry of entries) {
    const { undoes } = entry.header
    if (undoes !== undefined && gone.has(undoes)) {
      gone.add(entry.uuid)
      dropped.push(entry)
      continue
    }
    const target = undoes === undefined ? undefined : rewritten.get(undoes)
    const next = target === undefined ? changedStroke(entry, changes(entry)) : changedUndo(entry, target)
    if (next === null) {
      gone.add(entry.uuid)
      dropped.push(entry)
    } else rewritten.set(entry.uuid, next)
  }
  const renamed = new Map<string, string>()
  for (const [uuid, entry] of rewritten) if (uuid !== entry.uuid) renamed.set(uuid, entry.uuid)
  return { entries: [...rewritten.values()], renamed, dropped }
}

/** Puts `changes` in place of the patches of the same tiles; tiles without a change left are taken out. */
export function withTiles(patches: readonly TilePatch[], changes: readonly TilePatch[]): TilePatch[] {
  const changed = new Map(changes.map(({ position, patch }) => [positionText(position), patch]))
  return patches
    .map(({ position, patch }): TilePatch => ({ position, patch: changed.get(positionText(position)) ?? patch }))
    .filter(({ patch }) => patch.starts.length > 0)
}

export function inversePatches(patches: readonly TilePatch[]): TilePatch[] {
  return patches.map(({ position, patch }) => ({ position, patch: swapped(patch) }))
}

function changedStroke(entry: Entry, change: Change): Entry | null {
  if (change === null) return entry
  if (change === 'drop') return null
  const patches = change.patches ?? entry.patches
  // An undo of something stored is not sent with patches: only the guess of what it does has changed.
  if (entry.header.undoes !== undefined) return { ...entry, patches }
  const segments = change.segments ?? entry.segments
  if (patches.length === 0 && segments.length === 0) return null
  const tool = change.tool ?? entry.header.tool
  const numbering = change.numbering ?? entry.header.numbering ?? 0
  const header: StrokeHeader = {
    ...entry.header,
    tool,
    ...(numbering === 0 ? {} : { numbering }),
    ...(segments.length > 0 ? { segments: [...segments] } : {}),
  }
  return { ...entry, uuid: newUuid(), header, patches, segments, body: null, guess: null, journal: 'writing' }
}

export function inverseSegments(segments: readonly SegmentChange[]): SegmentChange[] {
  return segments.map((change) => ({ ...change, before: change.after, after: change.before })).reverse()
}

function changedUndo(entry: Entry, target: Entry): Entry {
  const guess = { patches: inversePatches(target.patches), segments: inverseSegments(target.segments) }
  if (entry.header.undoes === target.uuid) return { ...entry, ...guess }
  const header = { ...entry.header, undoes: target.uuid }
  return { ...entry, ...guess, uuid: newUuid(), header, body: null, guess: null, journal: 'writing' }
}
