import { IndexedDbJournal } from '../../store/journal'
import type { UnsentStrokes } from './unsent-notice'

/** How many strokes of each user wait in this browser. */
export async function unsentByUser(): Promise<readonly UnsentStrokes[]> {
  const journal = new IndexedDbJournal()
  try {
    const strokes = new Map<string, number>()
    for (const work of await journal.unsent()) strokes.set(work.userId, (strokes.get(work.userId) ?? 0) + work.strokes)
    return [...strokes].map(([userId, count]) => ({ userId, strokes: count }))
  } finally {
    await journal.close()
  }
}
