import { ByteReader, type Bytes, ByteWriter, CodecError } from './bytes'
import { deflate, inflate } from './zlib'

const VERSION = 1
const MAX_VALUE = 0xffff

/** The stored form of a label tile: runs over all voxels in row order, background included. */
export async function encodeLabelTile(voxels: Uint16Array): Promise<Bytes> {
  return deflate(packLabelTile(voxels))
}

/** The voxels of a stored tile that must have exactly `size` of them. */
export async function decodeLabelTile(bytes: Uint8Array, size: number): Promise<Uint16Array> {
  // version, n, and at most 3 bytes for the length and 3 for the value of each of at most `size` runs
  return unpackLabelTile(await inflate(bytes, 6 + 6 * size), size)
}

/** `encodeLabelTile` before zlib. */
export function packLabelTile(voxels: Uint16Array): Bytes {
  const lengths = new ByteWriter(512)
  const values = new ByteWriter(512)
  let runs = 0
  for (let start = 0; start < voxels.length; runs++) {
    const value = voxels[start] ?? 0
    let end = start + 1
    while (end < voxels.length && voxels[end] === value) end++
    lengths.varint(end - start)
    values.varint(value)
    start = end
  }
  const writer = new ByteWriter(8 + lengths.length + values.length)
  writer.byte(VERSION)
  writer.varint(runs)
  writer.append(lengths.finish())
  writer.append(values.finish())
  return writer.finish()
}

/** `decodeLabelTile` after zlib. */
export function unpackLabelTile(raw: Uint8Array, size: number): Uint16Array {
  const reader = new ByteReader(raw, 'a label tile')
  reader.version(VERSION)
  const runs = reader.count(2)
  const lengths = new Uint32Array(runs)
  let total = 0
  for (let n = 0; n < runs; n++) {
    const length = reader.varint()
    if (length === 0) throw new CodecError('a label tile has an empty run')
    lengths[n] = length
    total += length
  }
  if (total !== size) throw new CodecError(`a label tile covers ${total} voxels, not ${size}`)
  const voxels = new Uint16Array(size)
  let start = 0
  for (let n = 0; n < runs; n++) {
    const value = reader.varint()
    if (value > MAX_VALUE) throw new CodecError(`a label tile holds ${value}, the limit is ${MAX_VALUE}`)
    const end = start + (lengths[n] ?? 0)
    if (value !== 0) voxels.fill(value, start, end)
    start = end
  }
  reader.end()
  return voxels
}
