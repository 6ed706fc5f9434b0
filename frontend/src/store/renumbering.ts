import type { Numbering, Segmentation } from '../api/segmentations'
import { newUuid } from '../api/uuid'
import { decodeTilesBody, type TilesBody } from '../labelmap/tiles-body'
import type { DocumentSession } from './document-session'
import { type Change, type Entry, type Rewrite, rewriteEntries } from './entry'
import { renumberSettings } from './local-settings'
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
  if (session.isResolving) return false // the entries are being rewritten for another reason: afterwards
  labels.setEditable(false)
  session.isResolving = true
  session.isFollowing = true
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
    // What another tab has taken over meanwhile is not this one's to send.
    const given = new Set(before.filter((entry) => !session.machine.entries.includes(entry)).map(({ uuid }) => uuid))
    const names = new Map([...renamed].map(([from, to]) => [to, from]))
    const own = rewrite.entries.filter(({ uuid }) => !given.has(names.get(uuid) ?? uuid))
    adopt(session, now, { ...rewrite, entries: [...own, ...later] })
    return true
  } catch {
    return false // Offline, or renumbered once more: the entries are as they were, and the next attempt asks again.
  } finally {
    session.isResolving = false
    session.isFollowing = false
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

/** Where what was drawn in a deleted segment is left: the server says that it is gone, and the person decides. */
const NOBODYS = 65_535

/** How each entry is said anew. What draws in a freed number gets a new one of the same label. */
async function changesOf(
  session: DocumentSession,
  entries: readonly Entry[],
  known: Now['known'],
): Promise<(entry: Entry) => Change> {
  if (entries.length === 0) return () => null
  const fresh = new Map<string, number>()
  for (const entry of entries) {
    const numbering = known.get(numberingOf(entry))
    if (numbering === undefined) continue
    for (const number of numbersOf(entry)) {
      const name = `${numberingOf(entry)}.${number}`
      const freed = numbering.freed.find(({ first, last }) => number >= first && number <= last)
      if (freed === undefined || fresh.has(name)) continue
      const { api, segmentation } = session.parts
      const wanted = { label_id: freed.label_id, layer: freed.layer, count: 1, numbering: numbering.numbering }
      fresh.set(name, (await api.takeNumbers(segmentation.id, newUuid(), wanted)).first_number)
    }
  }
  const { segments } = await session.parts.api.read(session.parts.segmentation.id)
  const isGivenOut = segments.some(({ last_number }) => last_number >= NOBODYS)
  return (entry) => {
    const since = numberingOf(entry)
    const numbering = known.get(since)
    const isEmpty = entry.patches.length === 0 && entry.segments.length === 0
    if (numbering === undefined || numbering.numbering === since || isEmpty) return null
    const rename = renameBy(numbering)
    const said = (number: number): number => rename(number) ?? fresh.get(`${since}.${number}`) ?? NOBODYS
    // Given out again it would be somebody's: then the entry stays as it is, refused and shown.
    if ([...numbersOf(entry)].some((number) => said(number) === NOBODYS) && isGivenOut) return null
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
  for (const [from, to] of renamed) history.rename(from, to)
  for (const entry of dropped) history.remove(entry.uuid, entry.header.undoes)
  history.forgetEffects()
  renumberSettings(settings, segmentation.numbering, rename)
  session.saveSettings()
  const { activeNumber } = parts.state.getState()
  ground.replacePending([])
  ground.apply(body, true)
  parts.labels.setLocked(new Set(settings.locked))
  parts.state.setState({ segmentation, activeNumber: activeNumber === null ? null : rename(activeNumber) })
  machine.replaceQueue(entries)
  session.adopt(segmentation)
}

/** Says what this browser remembered from before a renumbering, as which segments are locked, in the numbers of now. */
export async function followSettings(session: DocumentSession): Promise<void> {
  const { settings, numbering, parts } = session
  if (settings.numbering === numbering) return
  const known = await parts.api.readNumbering(parts.segmentation.id, settings.numbering)
  renumberSettings(settings, numbering, known.numbering === numbering ? renameBy(known) : () => null)
  session.saveSettings()
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
