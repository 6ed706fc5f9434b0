import { ByteReader, type Bytes, ByteWriter, CodecError } from './bytes'
import { deflate, inflate } from './zlib'

const VERSION = 1
const MAX_VALUE = 0xffff

/** Runs of changed voxels of one tile: start and length in row order of the tile, the number before and after. */
export interface Patch {
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
  readonly before: Uint16Array
  readonly after: Uint16Array
}

export const EMPTY_PATCH: Patch = {
  starts: new Uint32Array(0),
  lengths: new Uint32Array(0),
  before: new Uint16Array(0),
  after: new Uint16Array(0),
}

/** Collects changed voxels in ascending order into the fewest runs. */
export class PatchBuilder {
  private readonly runs: number[] = []
  private end = -1
  private before = 0
  private after = 0

  add(start: number, length: number, before: number, after: number): void {
    const { runs } = this
    if (start === this.end && before === this.before && after === this.after) {
      runs[runs.length - 3] = (runs[runs.length - 3] ?? 0) + length
    } else {
      runs.push(start, length, before, after)
      this.before = before
      this.after = after
    }
    this.end = start + length
  }

  get isEmpty(): boolean {
    return this.runs.length === 0
  }

  finish(): Patch {
    const count = this.runs.length / 4
    const column = (offset: number): number[] => Array.from({ length: count }, (_, n) => this.runs[4 * n + offset] ?? 0)
    return {
      starts: Uint32Array.from(column(0)),
      lengths: Uint32Array.from(column(1)),
      before: Uint16Array.from(column(2)),
      after: Uint16Array.from(column(3)),
    }
  }
}

/** Calls `visit` for each run, in order. */
export function eachRun(
  patch: Patch,
  visit: (start: number, end: number, before: number, after: number) => void,
): void {
  const { starts, lengths, before, after } = patch
  for (let n = 0; n < starts.length; n++) {
    const start = starts[n] ?? 0
    visit(start, start + (lengths[n] ?? 0), before[n] ?? 0, after[n] ?? 0)
  }
}

export function patchVoxels(patch: Patch): number {
  return patch.lengths.reduce((sum, length) => sum + length, 0)
}

/** The patch that takes the change back. */
export function swapped(patch: Patch): Patch {
  return { starts: patch.starts, lengths: patch.lengths, before: patch.after, after: patch.before }
}

/**
 * Draws a patch into `voxels` by the rule of the server: where a voxel is `before` it becomes `after`, any other stays.
 *
 * Returns the part that changed something (`patch` itself if all of it did), so that `undraw` restores exactly.
 */
export function draw(voxels: Uint16Array, patch: Patch): Patch {
  if (matches(voxels, patch)) {
    eachRun(patch, (start, end, _before, after) => voxels.fill(after, start, end))
    return patch
  }
  const changed = new PatchBuilder()
  eachRun(patch, (start, end, before, after) => {
    for (let at = start; at < end; at++) {
      if (voxels[at] !== before || before === after) continue
      voxels[at] = after
      changed.add(at, 1, before, after)
    }
  })
  return changed.finish()
}

/** Takes back what `draw` returned. */
export function undraw(voxels: Uint16Array, drawn: Patch): void {
  eachRun(drawn, (start, end, before) => voxels.fill(before, start, end))
}

function matches(voxels: Uint16Array, patch: Patch): boolean {
  const { starts, lengths, before, after } = patch
  for (let n = 0; n < starts.length; n++) {
    const start = starts[n] ?? 0
    const end = start + (lengths[n] ?? 0)
    const expected = before[n]
    if (expected === after[n]) return false
    for (let at = start; at < end; at++) if (voxels[at] !== expected) return false
  }
  return true
}

export async function encodePatch(patch: Patch): Promise<Bytes> {
  return deflate(packPatch(patch))
}

/** The patch in `bytes`, for a tile of `size` voxels. */
export async function decodePatch(bytes: Uint8Array, size: number): Promise<Patch> {
  // version, n, and at most 3 bytes for each of four numbers of at most `size` runs
  return unpackPatch(await inflate(bytes, 6 + 12 * size), size)
}

/** `encodePatch` before zlib. */
export function packPatch(patch: Patch): Bytes {
  const { starts, lengths, before, after } = patch
  const writer = new ByteWriter(8 + 6 * starts.length)
  writer.byte(VERSION)
  writer.varint(starts.length)
  let end = 0
  for (let n = 0; n < starts.length; n++) {
    const start = starts[n] ?? 0
    writer.varint(start - end)
    end = start + (lengths[n] ?? 0)
  }
  for (const column of [lengths, before, after]) for (const value of column) writer.varint(value)
  return writer.finish()
}

/** `decodePatch` after zlib. */
export function unpackPatch(raw: Uint8Array, size: number): Patch {
  const reader = new ByteReader(raw, 'a patch')
  reader.version(VERSION)
  const runs = reader.count(4)
  const gaps = Uint32Array.from({ length: runs }, () => reader.varint())
  const lengths = Uint32Array.from({ length: runs }, () => reader.varint())
  const starts = new Uint32Array(runs)
  let end = 0
  for (let n = 0; n < runs; n++) {
    const length = lengths[n] ?? 0
    if (length === 0) throw new CodecError('a patch has an empty run')
    const start = end + (gaps[n] ?? 0)
    starts[n] = start
    end = start + length
    if (end > size) throw new CodecError(`a patch reaches voxel ${end} of a tile of ${size}`)
  }
  const value = (): number => {
    const read = reader.varint()
    if (read > MAX_VALUE) throw new CodecError(`a patch holds ${read}, the limit is ${MAX_VALUE}`)
    return read
  }
  const before = Uint16Array.from({ length: runs }, value)
  const after = Uint16Array.from({ length: runs }, value)
  reader.end()
  return { starts, lengths, before, after }
}
