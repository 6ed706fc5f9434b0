import type { Shape } from '../geometry/grid'
import { ByteReader, type Bytes, ByteWriter, CodecError } from './bytes'
import { decodeLabelTile } from './label-tile'
import { readPosition, type TilePosition, tileSize, writePosition } from './position'

export const TILES_TYPE = 'application/vnd.maskloop.tiles'

const VERSION = 1

/** A whole tile as it was after revision `seq`. */
export interface SeqTile {
  readonly position: TilePosition
  readonly seq: number
  readonly voxels: Uint16Array
}

export interface TilesBody {
  /** The segmentation's seq at the time of the answer. */
  readonly seq: number
  readonly tiles: readonly SeqTile[]
}

/** Reads the answer of `tiles?since=` for an image of `shape`; throws `CodecError` on anything that is not one. */
export async function decodeTilesBody(bytes: Uint8Array, shape: Shape): Promise<TilesBody> {
  const reader = new ByteReader(bytes, 'a tiles body')
  reader.version(VERSION)
  const seq = reader.varint()
  const count = reader.count(10)
  const parts: { position: TilePosition; seq: number; size: number; bytes: Uint8Array }[] = []
  for (let n = 0; n < count; n++) {
    const position = readPosition(reader)
    const size = tileSize(shape, position)
    if (size === null) throw new CodecError(`a tiles body names tile ${JSON.stringify(position)}, outside of the image`)
    const tileSeq = reader.varint()
    parts.push({ position, seq: tileSeq, size: size.width * size.height, bytes: reader.take(reader.varint()) })
  }
  reader.end()
  const tiles = await Promise.all(
    parts.map(async (part) => ({
      position: part.position,
      seq: part.seq,
      voxels: await decodeLabelTile(part.bytes, part.size),
    })),
  )
  return { seq, tiles }
}

/** Writes a tiles body from tiles that are already in their stored form. */
export function encodeTilesBody(
  seq: number,
  tiles: readonly { position: TilePosition; seq: number; bytes: Uint8Array }[],
): Bytes {
  const writer = new ByteWriter(64)
  writer.byte(VERSION)
  writer.varint(seq)
  writer.varint(tiles.length)
  for (const tile of tiles) {
    writePosition(writer, tile.position)
    writer.varint(tile.seq)
    writer.varint(tile.bytes.length)
    writer.append(tile.bytes)
  }
  return writer.finish()
}
