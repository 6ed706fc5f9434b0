import { ApiProblem } from '../../api/http'
import type {
  NewNumbers,
  NumberBlock,
  Numbering,
  Operation,
  RevisionNotice,
  SavedRevision,
  Segment,
  Segmentation,
} from '../../api/segmentations'
import type { Shape } from '../../geometry/grid'
import type { Bytes } from '../../labelmap/bytes'
import { encodeLabelTile } from '../../labelmap/label-tile'
import { draw, eachRun, type Patch, PatchBuilder, patchVoxels, swapped } from '../../labelmap/patch'
import { positionText, type TilePosition, tileSize } from '../../labelmap/position'
import { decodeStrokeBody, type SegmentChange, type StrokeBody, type TilePatch } from '../../labelmap/stroke-body'
import { encodeTilesBody } from '../../labelmap/tiles-body'

/** One stored revision, with what it really changed. */
export interface StoredRevision {
  readonly seq: number
  readonly key: string
  readonly author: string
  readonly body: Bytes | null
  readonly patches: readonly TilePatch[]
  readonly changes: readonly SegmentChange[]
  readonly source: string
  readonly undoes: string | null
  readonly depth: number
  readonly skipped: number
}

interface StoredTile {
  readonly position: TilePosition
  readonly seq: number
  readonly voxels: Uint16Array
}

const LABEL = '00000000-0000-7000-8000-000000000001'

/** The contract of storage-notes section 3 in memory: what the tests save to. Each call is one transaction. */
export class MemoryServer {
  readonly id: string
  readonly revisions: StoredRevision[] = []
  state: Segmentation['state'] = 'open'
  segments: Segment[] = []
  private readonly tiles = new Map<string, StoredTile>()
  numbering = 0
  private readonly renumberings: { seq: number; moves: ReadonlyMap<number, number>; rows: readonly Segment[] }[] = []
  private nextNumber = 1
  private readonly listeners = new Set<(notice: RevisionNotice) => void>()

  constructor(
    readonly shape: Shape,
    id = '00000000-0000-7000-8000-0000000000aa',
  ) {
    this.id = id
    for (let n = 0; n < 9; n++) this.addBlock({ label_id: LABEL, layer: 0, count: 1, numbering: 0 })
  }

  get seq(): number {
    return this.revisions.length
  }

  segmentation(): Segmentation {
    const { id, state, seq, numbering, shape, segments } = this
    const [k, j, i] = shape
    return {
      id,
      image_id: 'image',
      project_id: 'project',
      purpose: 'reading',
      reader_id: null,
      state,
      seq,
      numbering,
      grid: { shape: [k, j, i] },
      segments: segments.map((segment) => ({ ...segment })),
    }
  }

  async tilesSince(since: number): Promise<Bytes> {
    const { seq } = this
    const newer = [...this.tiles.values()].filter((tile) => tile.seq > since)
    const encoded = await Promise.all(
      newer.map(async (tile) => ({ ...tile, bytes: await encodeLabelTile(tile.voxels) })),
    )
    return encodeTilesBody(seq, encoded)
  }

  labelAt(i: number, j: number, k: number, layer = 0): number {
    const [tj, ti] = [Math.floor(j / 256), Math.floor(i / 256)]
    const tile = this.tiles.get(positionText({ layer, k, tj, ti }))
    if (tile === undefined) return 0
    const width = Math.min(256, this.shape[2] - ti * 256)
    return tile.voxels[(j - tj * 256) * width + (i - ti * 256)] ?? 0
  }

  async save(key: string, body: Bytes, author: string): Promise<SavedRevision> {
    const stroke = await decodeStrokeBody(body, this.shape)
    return this.commit(key, body, author, stroke)
  }

  /** Draws as somebody who is not in this test, without a precondition that fails. */
  drawAs(author: string, run: { k: number; j: number; i0: number; i1: number; number: number }): void {
    const position = { layer: 0, k: run.k, tj: Math.floor(run.j / 256), ti: Math.floor(run.i0 / 256) }
    const width = tileSize(this.shape, position)?.width ?? 0
    const voxels = this.voxels(position)
    const builder = new PatchBuilder()
    for (let i = run.i0; i < run.i1; i++) {
      const at = (run.j % 256) * width + (i % 256)
      const before = voxels[at] ?? 0
      if (before !== run.number) builder.add(at, 1, before, run.number)
    }
    const patches = [{ position, patch: builder.finish() }]
    this.append({ key: `${author}-${this.seq}`, author, body: null, patches, source: 'drawn' })
  }

  undoKeys(author: string): { undo: string | null; redo: string | null } {
    const mine = this.revisions.filter((revision) => revision.author === author && revision.source !== 'numbers')
    const undone = new Set(this.revisions.map(({ undoes }) => undoes))
    const open = mine.filter(({ key }) => !undone.has(key)).toReversed()
    const lastStroke = mine.findLast(({ depth }) => depth === 0)?.seq ?? 0
    return {
      undo: open.find(({ depth }) => depth % 2 === 0)?.key ?? null,
      redo: open.find(({ depth, seq }) => depth % 2 === 1 && seq > lastStroke)?.key ?? null,
    }
  }

  takeNumbers(key: string, author: string, asked: NewNumbers): NumberBlock {
    this.requireOpen()
    this.requireNumbering(asked.numbering)
    const block = this.addBlock(asked)
    this.append({ key, author, body: null, patches: [], source: 'numbers' })
    return { first_number: block.number, last_number: block.last_number, seq: this.seq }
  }

  operate(key: string, author: string, operation: Operation): void {
    this.requireOpen()
    if (operation.kind !== 'delete') throw new Error(`not in this server: ${operation.kind}`)
    this.requireNumbering(operation.numbering)
    const gone = new Set(operation.numbers)
    const patches = [...this.tiles.values()].map(({ position, voxels }) => {
      const builder = new PatchBuilder()
      voxels.forEach((value, at) => {
        if (gone.has(value)) builder.add(at, 1, value, 0)
      })
      return { position, patch: builder.finish() }
    })
    this.segments = this.segments.map((row) => (gone.has(row.number) ? { ...row, deleted: true } : row))
    this.append({
      key,
      author,
      body: null,
      patches: patches.filter(({ patch }) => patch.starts.length > 0),
      source: 'operation',
    })
  }

  /** Moves the numbers in use, and those of single segments, together; only blocks lose numbers here. */
  renumber(): void {
    const single = this.segments.filter((row) => row.number === row.last_number && !row.deleted)
    const used = new Set(single.map(({ number }) => number))
    for (const { voxels } of this.tiles.values()) for (const number of voxels) used.add(number)
    used.delete(0)
    const moves = new Map([...used].sort((a, b) => a - b).map((number, at) => [number, at + 1]))
    const patches = [...this.tiles.values()].map(({ position, voxels }) => {
      const builder = new PatchBuilder()
      voxels.forEach((value, at) => {
        const moved = moves.get(value) ?? 0
        if (value !== moved) builder.add(at, 1, value, moved)
      })
      return { position, patch: builder.finish() }
    })
    const rows = this.segments
    this.segments = [...moves].map(([number, moved]) => {
      const row = rows.findLast((other) => number >= other.number && number <= other.last_number)
      if (row === undefined) throw new Error(`nothing names ${number}`)
      return { ...row, number: moved, last_number: moved }
    })
    this.nextNumber = moves.size + 1
    this.numbering = this.seq + 1
    this.renumberings.push({ seq: this.numbering, moves, rows })
    const drawn = patches.filter(({ patch }) => patch.starts.length > 0)
    this.append({ key: `renumber-${this.seq}`, author: 'server', body: null, patches: drawn, source: 'renumber' })
  }

  numberingSince(since: number): Numbering {
    const later = this.renumberings.filter(({ seq }) => seq > since)
    const runs: Numbering['runs'] = []
    const freed: Numbering['freed'] = []
    for (const { number, last_number, label_id, layer, deleted } of later[0]?.rows ?? this.segments) {
      for (let then = number; then <= last_number; then++) {
        const to = later.reduce<number | undefined>((at, { moves }) => (at === undefined ? at : moves.get(at)), then)
        if (to === undefined && !deleted) freed.push({ first: then, last: then, label_id, layer })
        if (to !== undefined) runs.push({ first: then, last: then, to })
      }
    }
    return { numbering: this.numbering, runs, freed }
  }

  listen(listener: (notice: RevisionNotice) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** What the log says the tiles are: must equal what is stored. */
  replayed(): Map<string, Uint16Array> {
    const replay = new Map<string, Uint16Array>()
    for (const { patches } of this.revisions) {
      for (const { position, patch } of patches) {
        const name = positionText(position)
        const size = tileSize(this.shape, position)
        const voxels = replay.get(name) ?? new Uint16Array((size?.width ?? 0) * (size?.height ?? 0))
        if (draw(voxels, patch) !== patch) throw new Error(`revision does not fit on what was before it: ${name}`)
        replay.set(name, voxels)
      }
    }
    return replay
  }

  stored(): Map<string, Uint16Array> {
    return new Map([...this.tiles].map(([name, { voxels }]) => [name, voxels]))
  }

  private commit(key: string, body: Bytes, author: string, stroke: StrokeBody): SavedRevision {
    const known = this.revisions.find((revision) => revision.key === key)
    if (known !== undefined) {
      if (known.body === null || Buffer.compare(known.body, body) !== 0) throw problem(422, 'key-reused')
      return answer(known)
    }
    this.requireOpen()
    if (stroke.header.undoes !== undefined) return this.undo(key, body, author, stroke.header.undoes)
    this.requireNumbering(stroke.header.numbering ?? 0)
    const gone = this.goneNumbers(stroke)
    if (gone.length > 0) throw problem(412, 'segment-gone', { numbers: gone, seq: this.seq })
    const stale = stroke.patches.filter(({ position, patch }) => conflicts(this.voxels(position), patch))
    if (stale.length > 0) {
      throw problem(412, 'stale-voxels', {
        seq: this.seq,
        positions: stale.map(({ position }) => positionText(position)),
      })
    }
    const changes = this.changeFields(stroke.header.segments ?? [])
    const source = stroke.header.tool === 'merge' ? 'merge' : 'drawn'
    return this.append({ key, author, body, patches: stroke.patches, source, changes })
  }

  private undo(key: string, body: Bytes, author: string, undoes: string): SavedRevision {
    const target = this.revisions.find((revision) => revision.key === undoes)
    if (target === undefined) throw problem(422, 'unknown-revision')
    if (target.author !== author) throw problem(403, 'not-yours')
    if (this.revisions.some((revision) => revision.undoes === undoes)) throw problem(409, 'already-undone')
    const patches = target.patches.map(({ position, patch }) => ({ position, patch: swapped(patch) }))
    const changes = this.changeFields(
      target.changes.map((change) => ({ ...change, before: change.after, after: change.before })),
    )
    return this.append({ key, author, body, patches, source: 'undo', undoes, depth: target.depth + 1, changes })
  }

  private changeFields(changes: readonly SegmentChange[]): SegmentChange[] {
    for (const { number, field, before, after } of changes) {
      const row = this.segments.find((segment) => segment.number === number && segment.last_number === number)
      if (row === undefined || row.deleted) throw problem(412, 'segment-gone', { numbers: [number] })
      if (row[field] !== before && row[field] !== after) throw problem(412, 'stale-segment', { numbers: [number] })
    }
    for (const { number, field, after } of changes) {
      this.segments = this.segments.map((row) => (row.number === number ? { ...row, [field]: after } : row))
    }
    return [...changes]
  }

  private goneNumbers({ patches }: StrokeBody): number[] {
    const gone = new Set<number>()
    for (const { patch } of patches) {
      for (const number of patch.after) {
        const row = this.segments.find((segment) => number >= segment.number && number <= segment.last_number)
        if (number !== 0 && (row === undefined || row.deleted)) gone.add(number)
      }
    }
    return [...gone]
  }

  private append(
    entry: Pick<StoredRevision, 'key' | 'author' | 'body' | 'patches' | 'source'> &
      Partial<Pick<StoredRevision, 'undoes' | 'depth' | 'changes'>>,
  ): SavedRevision {
    const seq = this.seq + 1
    let skipped = 0
    const patches: TilePatch[] = []
    for (const { position, patch } of entry.patches) {
      const voxels = this.voxels(position).slice()
      const changed = draw(voxels, patch)
      skipped += patchVoxels(patch) - patchVoxels(changed)
      if (changed.starts.length === 0) continue
      patches.push({ position, patch: changed })
      this.tiles.set(positionText(position), { position, seq, voxels })
    }
    const revision = { undoes: null, depth: 0, changes: [], ...entry, seq, patches, skipped }
    this.revisions.push(revision)
    const notice = { seq, positions: patches.map(({ position }) => positionText(position)) }
    for (const listener of this.listeners) listener(notice)
    return answer(revision)
  }

  private voxels(position: TilePosition): Uint16Array {
    const size = tileSize(this.shape, position)
    return this.tiles.get(positionText(position))?.voxels ?? new Uint16Array((size?.width ?? 0) * (size?.height ?? 0))
  }

  private addBlock({ label_id, layer, count, name, color }: NewNumbers): Segment {
    const row: Segment = {
      number: this.nextNumber,
      last_number: this.nextNumber + count - 1,
      label_id,
      layer,
      name: name ?? null,
      color: color ?? null,
      state: null,
      kind: count > 1 ? 'instance' : 'semantic',
      deleted: false,
    }
    this.nextNumber += count
    this.segments = [...this.segments, row]
    return row
  }

  private requireNumbering(numbering: number): void {
    if (numbering !== this.numbering) throw problem(412, 'renumbered')
  }

  private requireOpen(): void {
    if (this.state !== 'open') throw problem(409, 'closed')
  }
}

function conflicts(voxels: Uint16Array, patch: Patch): boolean {
  let isStale = false
  eachRun(patch, (start, end, before, after) => {
    for (let at = start; at < end; at++) if (voxels[at] !== before && voxels[at] !== after) isStale = true
  })
  return isStale
}

function answer({ key, seq, skipped, undoes }: StoredRevision): SavedRevision {
  return { key, seq, parent: seq - 1, ...(undoes === null ? {} : { skipped }) }
}

export function problem(status: number, code: string, members: Record<string, unknown> = {}): ApiProblem {
  return new ApiProblem(status, code, `problem ${code}`, '', { code, ...members })
}
