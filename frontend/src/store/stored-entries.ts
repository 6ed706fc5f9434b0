import type { Shape } from '../geometry/grid'
import { decodeStrokeBody } from '../labelmap/stroke-body'
import { type Entry, inversePatches, inverseSegments } from './entry'
import type { JournalEntry } from './journal'

/**
 * What an earlier session left, ready to be sent again with the very bytes of then. Of an undo the journal does not hold what
 * it changes: that is guessed from what it undoes, if that is unsent too.
 */
export async function entriesOf(rows: readonly JournalEntry[], shape: Shape): Promise<Entry[]> {
  const entries = new Map<string, Entry>()
  for (const row of rows) entries.set(row.uuid, await entryOf(row, shape, entries))
  return [...entries.values()]
}

async function entryOf(row: JournalEntry, shape: Shape, earlier: ReadonlyMap<string, Entry>): Promise<Entry> {
  const { uuid, order, at, body } = row
  const stored = { uuid, order, at, body, journal: 'written' } as const
  try {
    const { header, patches } = await decodeStrokeBody(body, shape)
    const target = header.undoes === undefined ? undefined : earlier.get(header.undoes)
    if (target === undefined) return { ...stored, header, patches, segments: header.segments ?? [] }
    return {
      ...stored,
      header,
      patches: inversePatches(target.patches),
      segments: inverseSegments(target.segments),
    }
  } catch {
    // Not readable here, but kept: the server decides about the bytes, and they can be exported.
    return { ...stored, header: { tool: 'unknown', active_ms: 0 }, patches: [], segments: [] }
  }
}
