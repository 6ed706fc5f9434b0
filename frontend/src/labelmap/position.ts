import type { Shape } from '../geometry/grid'
import { type ByteReader, type ByteWriter, CodecError } from './bytes'

/** Side of a label tile in voxels; tiles at the right and lower edge are cut to the image. */
export const LABEL_TILE = 256

const MAX_LAYER = 0x1ff
const MAX_SLICE = 0xffffff
const MAX_TILE = 0x7fff

/** Where a label tile lies; `pos = layer << 54 | k << 30 | tj << 15 | ti` in rows and on the wire. */
export interface TilePosition {
  readonly layer: number
  readonly k: number
  readonly tj: number
  readonly ti: number
}

/** Eight bytes, little-endian. */
export function writePosition(writer: ByteWriter, { layer, k, tj, ti }: TilePosition): void {
  writer.uint32(ti | (tj << 15) | ((k & 3) << 30))
  writer.uint32((k >>> 2) | (layer << 22))
}

export function readPosition(reader: ByteReader): TilePosition {
  const low = reader.uint32()
  const high = reader.uint32()
  if (high >= 0x80000000) throw new CodecError('a tile position is negative')
  return {
    layer: high >>> 22,
    k: (high & 0x3fffff) * 4 + (low >>> 30),
    tj: (low >>> 15) & MAX_TILE,
    ti: low & MAX_TILE,
  }
}

/** The decimal form that JSON answers carry: too wide for a JSON number. */
export function positionText({ layer, k, tj, ti }: TilePosition): string {
  return ((BigInt(layer) << 54n) | (BigInt(k) << 30n) | (BigInt(tj) << 15n) | BigInt(ti)).toString()
}

export function parsePosition(text: string): TilePosition {
  if (!/^\d{1,19}$/.test(text)) throw new CodecError(`not a tile position: ${text.slice(0, 40)}`)
  const pos = BigInt(text)
  const layer = Number(pos >> 54n)
  if (layer > MAX_LAYER) throw new CodecError(`not a tile position: ${text}`)
  return {
    layer,
    k: Number((pos >> 30n) & BigInt(MAX_SLICE)),
    tj: Number((pos >> 15n) & BigInt(MAX_TILE)),
    ti: Number(pos & BigInt(MAX_TILE)),
  }
}

/** Width and height in voxels of the tile at (tj, ti) of an image, or null where the image has no such tile. */
export function tileSize(shape: Shape, { k, tj, ti }: TilePosition): { width: number; height: number } | null {
  const [slices, rows, columns] = shape
  const width = Math.min(LABEL_TILE, columns - ti * LABEL_TILE)
  const height = Math.min(LABEL_TILE, rows - tj * LABEL_TILE)
  return k >= 0 && k < slices && tj >= 0 && ti >= 0 && width > 0 && height > 0 ? { width, height } : null
}
