import type { Shape } from '../geometry/grid'
import { ByteReader, type Bytes, ByteWriter, CodecError } from './bytes'
import { decodePatch, encodePatch, type Patch } from './patch'
import { readPosition, type TilePosition, tileSize, writePosition } from './position'

export const STROKE_TYPE = 'application/vnd.maskloop.stroke'

const VERSION = 1
const MAX_HEADER_BYTES = 1 << 20

/** A changed field of a segment, with its precondition. */
export interface SegmentChange {
  number: number
  field: SegmentField
  before: string | null
  after: string | null
}

export type SegmentField = 'name' | 'color' | 'state'

export interface StrokeHeader {
  tool: string
  active_ms: number
  message?: string
  /** Key of the revision that this one takes back; such a body carries no patches. */
  undoes?: string
  segments?: SegmentChange[]
  /** The renumbering that its numbers follow; absent: none was ever made. */
  numbering?: number
}

export interface TilePatch {
  readonly position: TilePosition
  readonly patch: Patch
}

export interface StrokeBody {
  readonly header: StrokeHeader
  readonly patches: readonly TilePatch[]
}

/** One save as it lies in the journal and travels to the server. */
export async function encodeStrokeBody({ header, patches }: StrokeBody): Promise<Bytes> {
  const encoded = await Promise.all(patches.map(({ patch }) => encodePatch(patch)))
  const json = new TextEncoder().encode(JSON.stringify(header))
  const writer = new ByteWriter(64 + json.length + encoded.reduce((sum, bytes) => sum + bytes.length + 16, 0))
  writer.byte(VERSION)
  writer.varint(json.length)
  writer.append(json)
  writer.varint(patches.length)
  patches.forEach(({ position }, n) => {
    const bytes = encoded[n]
    if (bytes === undefined) return
    writePosition(writer, position)
    writer.varint(bytes.length)
    writer.append(bytes)
  })
  return writer.finish()
}

/** Reads a save body for an image of `shape`; throws `CodecError` on anything that is not one. */
export async function decodeStrokeBody(bytes: Uint8Array, shape: Shape): Promise<StrokeBody> {
  const reader = new ByteReader(bytes, 'a save body')
  reader.version(VERSION)
  const length = reader.varint()
  if (length > MAX_HEADER_BYTES) throw new CodecError(`a save body has a header of ${length} bytes`)
  const header = parseHeader(reader.take(length))
  const count = reader.count(9)
  const parts: { position: TilePosition; size: number; bytes: Uint8Array }[] = []
  for (let n = 0; n < count; n++) {
    const position = readPosition(reader)
    const size = tileSize(shape, position)
    if (size === null) throw new CodecError(`a save body names tile ${JSON.stringify(position)}, outside of the image`)
    parts.push({ position, size: size.width * size.height, bytes: reader.take(reader.varint()) })
  }
  reader.end()
  const patches = await Promise.all(
    parts.map(async ({ position, size, bytes: packed }) => ({ position, patch: await decodePatch(packed, size) })),
  )
  return { header, patches }
}

function parseHeader(bytes: Uint8Array): StrokeHeader {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new CodecError('the header of a save body is not JSON', { cause })
  }
  if (!isHeader(parsed)) throw new CodecError('the header of a save body lacks tool or active_ms')
  return parsed
}

function isHeader(value: unknown): value is StrokeHeader {
  if (typeof value !== 'object' || value === null) return false
  const header = value as Partial<Record<keyof StrokeHeader, unknown>>
  return (
    typeof header.tool === 'string' &&
    typeof header.active_ms === 'number' &&
    (header.undoes === undefined || typeof header.undoes === 'string') &&
    (header.segments === undefined || Array.isArray(header.segments))
  )
}
