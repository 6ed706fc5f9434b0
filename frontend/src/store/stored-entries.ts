import type { Shape } from '../geometry/grid'
import { decodeStrokeBody } from '../labelmap/stroke-body'
import type { Entry } from './entry'
import type { JournalEntry } from './journal'

/** What an earlier session left, ready to be sent again with the very bytes of then. */
export function entriesOf(rows: readonly JournalEntry[], shape: Shape): Promise<Entry[]> {
  return Promise.all(rows.map((row) => entryOf(row, shape)))
}

async function entryOf({ uuid, order, at, body, guess }: JournalEntry, shape: Shape): Promise<Entry> {
  const stored = { uuid, order, at, body, guess, journal: 'written' } as const
  try {
    const { header } = await decodeStrokeBody(body, shape)
    const shown = await decodeStrokeBody(guess ?? body, shape)
    return { ...stored, header, patches: shown.patches, segments: shown.header.segments ?? [] }
  } catch {
    // Not readable here, but kept: the server decides about the bytes, and they can be exported.
    return { ...stored, header: { tool: 'unknown', active_ms: 0 }, patches: [], segments: [] }
  }
}
