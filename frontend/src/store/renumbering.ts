import type { Numbering, Segmentation } from '../api/segmentations'
import { newUuid } from '../api/uuid'
import { decodeTilesBody, type TilesBody } from '../labelmap/tiles-body'
import type { DocumentSession } from './document-session'
import { type Change, type Entry, type Rewrite, rewriteEntries } from './entry'
import { mappedPatches } from './resolution'

/** Called by its old number, a segment's new one; null where it was freed. */
type Rename = (number: number) => number | null

/** What the server says in the numbers of now. */
interface Now {
  readonly segmentation: Segmentation
  readonly body: TilesBody
  readonly known: ReadonlyMap<number, Numbering>
}

/**
 * The server has renumbered the segments: says everything here in its numbers, the unsent entries under new keys. Nothing is drawn
 * meanwhile. False: the server could not be asked; everything is as it was.
 */
export async function followNumbering(session: DocumentSession): Promise<boolean> {
  const { labels } = session.parts
  labels.setEditable(false)
  session.isResolving = true
  try {
    await new Promise<void>((resolve) => labels.whenIdle(resolve))
    await session.book.allReady()
    const before = [...session.machine.entries]
    const known = await readNumberings(session, new Set([session.numbering, ...before.map(numberingOf)]))
    const rewrite = rewriteEntries(before, await changesOf(session, before, known))
    const now = await readNow(session, known)
    if (now === null) return false
    const { renamed, dropped } = rewrite
    await session.book.replace(
      rewrite.entries.filter((entry) => !before.includes(entry)),
      before.filter((entry) => renamed.has(entry.uuid) || dropped.includes(entry)),
    )
    // What came meanwhile, as a new name, speaks in the old numbers: the server refuses it, and it is said anew then.
    const later = session.machine.entries.filter((entry) => !before.includes(entry))
    adopt(session, now, { ...rewrite, entries: [...rewrite.entries, ...later] })
    return true
  } catch {
    return false // Offline, or renumbered once more: the entries are as they were, and the next attempt asks again.
  } finally {
    session.isResolving = false
    session.publishAccess()
  }
}

async function readNumberings(
  session: DocumentSession,
  asked: ReadonlySet<number>,
): Promise<ReadonlyMap<number, Numbering>> {
  const { api, segmentation } = session.parts
  const answers = await Promise.all(
    [...asked].map(async (since) => [since, await api.readNumbering(segmentation.id, since)] as const),
  )
  return new Map(answers)
}

/** Reads segments and tiles; null where they follow another renumbering than what is known of the numbers. */
async function readNow(session: DocumentSession, known: Now['known']): Promise<Now | null> {
  const { api, labels, segmentation } = session.parts
  const tiles = await api.readTiles(segmentation.id, 0)
  const fresh = await api.read(segmentation.id)
  const all = [...known.values(), tiles].map(({ numbering }) => numbering)
  if (all.some((numbering) => numbering !== fresh.numbering)) return null
  return { segmentation: fresh, body: await decodeTilesBody(tiles.bytes, labels.shape), known }
}

/** How each entry is said anew. What draws in a freed number gets a new one of the same label. */
async function changesOf(
  session: DocumentSession,
  entries: readonly Entry[],
  known: Now['known'],
): Promise<(entry: Entry) => Change> {
  const fresh = new Map<string, number>()
  for (const entry of entries) {
    const numbering = known.get(numberingOf(entry))
    if (numbering === undefined) continue
    for (const number of numbersOf(entry)) {
      const name = `${numberingOf(entry)}.${number}`
      const freed = numbering.freed.find(({ first, last }) => number >= first && number <= last)
      if (freed === undefined || fresh.has(name)) continue
      const { api, segmentation } = session.parts
      const wanted = { label_id: freed.label_id, layer: freed.layer, count: 1 }
      fresh.set(name, (await api.takeNumbers(segmentation.id, newUuid(), wanted)).first_number)
    }
  }
  return (entry) => {
    const since = numberingOf(entry)
    const numbering = known.get(since)
    const isEmpty = entry.patches.length === 0 && entry.segments.length === 0
    if (numbering === undefined || numbering.numbering === since || isEmpty) return null
    const rename = renameBy(numbering)
    const said = (number: number): number => rename(number) ?? fresh.get(`${since}.${number}`) ?? number
    return {
      patches: mappedPatches(entry.patches, said),
      segments: entry.segments.map((change) => ({ ...change, number: said(change.number) })),
      numbering: numbering.numbering,
    }
  }
}

function adopt(
  session: DocumentSession,
  { segmentation, body, known }: Now,
  { entries, renamed, dropped }: Rewrite,
): void {
  const { ground, history, machine, settings, parts } = session
  const before = known.get(session.numbering)
  const rename = before === undefined ? () => null : renameBy(before)
  const renamedAll = (numbers: readonly number[]): number[] => numbers.map(rename).filter((number) => number !== null)
  for (const [from, to] of renamed) history.rename(from, to)
  for (const entry of dropped) history.remove(entry.uuid, entry.header.undoes)
  history.forgetEffects()
  settings.hidden = renamedAll(settings.hidden)
  settings.locked = renamedAll(settings.locked)
  settings.spare = {} // those that were left are free again
  session.saveSettings()
  const { activeNumber } = parts.state.getState()
  ground.replacePending([])
  ground.apply(body, true)
  parts.labels.setLocked(new Set(settings.locked))
  parts.state.setState({ segmentation, activeNumber: activeNumber === null ? null : rename(activeNumber) })
  machine.replaceQueue(entries)
  session.adopt(segmentation)
}

function renameBy({ runs }: Numbering): Rename {
  return (number) => {
    if (number === 0) return 0
    const run = runs.find(({ first, last }) => number >= first && number <= last)
    return run === undefined ? null : run.to + number - run.first
  }
}

function numberingOf({ header }: Entry): number {
  return header.numbering ?? 0
}

function numbersOf({ patches, segments }: Entry): Set<number> {
  const numbers = new Set(segments.map(({ number }) => number))
  for (const { patch } of patches) for (const number of [...patch.before, ...patch.after]) numbers.add(number)
  numbers.delete(0)
  return numbers
}
