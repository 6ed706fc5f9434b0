import type { Bytes } from '../labelmap/bytes'
import { STROKE_TYPE } from '../labelmap/stroke-body'
import { TILES_TYPE } from '../labelmap/tiles-body'
import { ApiProblem, NoAnswer, request, requestBody, urlOf } from './http'
import { finishedJob } from './watch-job'

export type SegmentationState = 'open' | 'submitted' | 'approved'

/** One row of numbers [number, last_number] under a label; the narrowest row that holds a number names it. */
export interface Segment {
  number: number
  last_number: number
  label_id: string
  layer: number
  name: string | null
  color: string | null
  state: string | null
  kind: 'semantic' | 'instance' | 'answer'
  deleted: boolean
}

export interface Segmentation {
  id: string
  image_id: string
  project_id: string
  purpose: string
  reader_id: string | null
  state: SegmentationState
  seq: number
  /** The seq of the newest renumbering, 0 where there was none: which segments its numbers mean. */
  numbering: number
  grid: { shape: [k: number, j: number, i: number] }
  segments: Segment[]
}

/** The answer to a save: the client's key, its seq, and the seq before it. */
export interface SavedRevision {
  key: string
  seq: number
  parent: number
  /** Voxels that an undo left alone because someone has changed them since. */
  skipped?: number
}

export interface UndoKeys {
  undo: string | null
  redo: string | null
}

export interface NewNumbers {
  label_id: string
  layer: number
  count: number
  /** The renumbering that the caller follows: another one is refused, so that nobody takes new numbers for old ones. */
  numbering: number
  name?: string
  color?: string
}

export interface NumberBlock {
  first_number: number
  last_number: number
  seq: number
}

export type Operation =
  | { kind: 'delete'; numbers: number[]; numbering: number }
  | { kind: 'merge'; numbers: number[]; into: number; numbering: number }
  | { kind: 'relabel'; numbers: number[]; label_id: string; numbering: number }
  | { kind: 'restore'; seq: number }

/** Tiles of the server, and the renumbering that their numbers follow. */
export interface Tiles {
  /** As `application/vnd.maskloop.tiles`. */
  bytes: Uint8Array
  numbering: number
}

/** What the numbers of an older numbering are called now. */
export interface Numbering {
  numbering: number
  /** `first` to `last` of then are `to` and the ones behind it. */
  runs: { first: number; last: number; to: number }[]
  /** `first` to `last` of then were freed; they were of this label. */
  freed: { first: number; last: number; label_id: string; layer: number }[]
}

export interface RevisionNotice {
  seq: number
  positions: string[]
}

export interface RevisionListener {
  onRevision(notice: RevisionNotice): void
  /** The stream has just (re)opened: what happened before it is unknown. */
  onOpen(): void
}

/** The server as the open document knows it. Calls throw `ApiProblem` (it said no) or `NoAnswer` (nobody knows). */
export interface SegmentationApi {
  read(segmentationId: string): Promise<Segmentation>
  /** The live tiles newer than `since`. */
  readTiles(segmentationId: string, since: number): Promise<Tiles>
  /** What became of the numbers of the numbering `since`. */
  readNumbering(segmentationId: string, since: number): Promise<Numbering>
  /** One stroke, one request; the same `key` and bytes may be sent any number of times. */
  save(segmentationId: string, key: string, body: Bytes, userId: string): Promise<SavedRevision>
  readUndo(segmentationId: string): Promise<UndoKeys>
  takeNumbers(segmentationId: string, key: string, numbers: NewNumbers): Promise<NumberBlock>
  /** Resolves when the server has done it, also where it was a job. */
  operate(segmentationId: string, key: string, operation: Operation): Promise<void>
  /** Who is signed in on this browser now; null: nobody. */
  readUserId(): Promise<string | null>
  /** Hears of revisions until the returned function is called. May lose some: `tiles?since=` is the truth. */
  watch(segmentationId: string, listener: RevisionListener): () => void
}

const SAVE_TIMEOUT_MS = 60_000
const READ_TIMEOUT_MS = 60_000
const REOPEN_MS = 5_000

export const segmentationApi: SegmentationApi = {
  read: (id) => request<Segmentation>(`/segmentations/${id}`, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) }),

  readTiles: async (id, since) => {
    const signal = AbortSignal.timeout(READ_TIMEOUT_MS)
    const query = { since }
    const { bytes, headers } = await requestBody(`/segmentations/${id}/tiles`, { accept: TILES_TYPE, query, signal })
    const numbering = Number(headers.get('Maskloop-Numbering') ?? Number.NaN)
    if (!isSeq(numbering)) throw new NoAnswer('The tiles do not say which numbers they use.')
    return { bytes: new Uint8Array(bytes), numbering }
  },

  readNumbering: (id, since) =>
    request<Numbering>(`/segmentations/${id}/numbering`, {
      query: { since },
      signal: AbortSignal.timeout(READ_TIMEOUT_MS),
    }),

  save: async (id, key, body, userId) =>
    checkedRevision(
      key,
      await request<unknown>(`/segmentations/${id}/revisions`, {
        method: 'POST',
        body,
        contentType: STROKE_TYPE,
        idempotencyKey: key,
        headers: { 'Maskloop-User': userId },
        signal: AbortSignal.timeout(SAVE_TIMEOUT_MS),
      }),
    ),

  readUndo: (id) => request<UndoKeys>(`/segmentations/${id}/undo`, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) }),

  takeNumbers: async (id, key, numbers) => {
    const take = (): Promise<NumberBlock> =>
      request<NumberBlock>(`/segmentations/${id}/numbers`, { method: 'POST', json: numbers, idempotencyKey: key })
    try {
      return await take()
    } catch (cause) {
      // No numbers are left: the server frees what nothing uses, and then there are some, or it says why not.
      const jobId = cause instanceof ApiProblem && cause.code === 'numbers-exhausted' ? cause.members.job_id : null
      if (typeof jobId !== 'string') throw cause
      await succeededJob(jobId)
      return take()
    }
  },

  operate: async (id, key, operation) => {
    const path = `/segmentations/${id}/operations`
    const answer = await request<unknown>(path, { method: 'POST', json: operation, idempotencyKey: key })
    if (!isRecord(answer)) throw new NoAnswer('The answer is not a revision or a job.')
    if (typeof answer.seq === 'number' || typeof answer.id !== 'string') return
    await succeededJob(answer.id)
  },

  readUserId: async () => {
    try {
      const session = await request<{ user: { id: string } }>('/session', { expects401: true })
      return session.user.id
    } catch (problem) {
      if (problem instanceof ApiProblem && problem.status === 401) return null
      throw problem
    }
  },

  watch: (id, listener) => watchRevisions(urlOf(`/segmentations/${id}/events`), listener),
}

async function succeededJob(id: string): Promise<void> {
  const { state, problem } = await finishedJob(id, () => undefined, new AbortController().signal)
  if (state === 'succeeded') return
  const [code, title] = [problem?.code ?? 'job-failed', problem?.title ?? `The job was ${state}`]
  throw new ApiProblem(0, code, title, problem?.detail ?? '')
}

/** An answer is ours only if it echoes our key: a page of a proxy with status 200 is none. */
function checkedRevision(key: string, answer: unknown): SavedRevision {
  if (!isRecord(answer) || answer.key !== key) throw new NoAnswer('The answer does not name our key.')
  const { seq, parent, skipped } = answer
  if (!isSeq(seq) || !isSeq(parent)) throw new NoAnswer('The answer names no revision.')
  return { key, seq, parent, ...(typeof skipped === 'number' ? { skipped } : {}) }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isSeq(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** An EventSource gives up after an HTTP error; this one opens again. */
function watchRevisions(url: string, listener: RevisionListener): () => void {
  if (typeof EventSource === 'undefined') return () => undefined
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | null = null
  const open = (): void => {
    timer = null
    source = new EventSource(url)
    source.addEventListener('open', () => listener.onOpen())
    source.addEventListener('revision', (event) => {
      const notice = parseNotice(event)
      if (notice !== null) listener.onRevision(notice)
    })
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED && timer === null) timer = setTimeout(open, REOPEN_MS)
    })
  }
  open()
  return () => {
    if (timer !== null) clearTimeout(timer)
    source.close()
  }
}

function parseNotice(event: Event): RevisionNotice | null {
  if (!(event instanceof MessageEvent) || typeof event.data !== 'string') return null
  try {
    const parsed: unknown = JSON.parse(event.data)
    return isRecord(parsed) && isSeq(parsed.seq) ? (parsed as unknown as RevisionNotice) : null
  } catch {
    return null // a cut event: the next read of the tiles brings the same news
  }
}
