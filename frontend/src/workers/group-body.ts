import type { Shape } from '../geometry/grid'

/** One tile of a group, still compressed: `u32 k, u16 tj, u16 ti, u32 length, payload`, little-endian. */
export interface TileRecord {
  readonly k: number
  readonly tj: number
  readonly ti: number
  readonly width: number
  readonly height: number
  readonly payload: Uint8Array<ArrayBuffer>
}

const HEADER_BYTES = 12

/** Splits the body of a tile group; throws on anything that is not whole tiles of this level. */
export function parseGroup(body: ArrayBuffer, [slices, rows, columns]: Shape, tile: number): TileRecord[] {
  const view = new DataView(body)
  const records: TileRecord[] = []
  let at = 0
  while (at < body.byteLength) {
    if (at + HEADER_BYTES > body.byteLength) throw new RangeError('a tile group ends inside a header')
    const k = view.getUint32(at, true)
    const tj = view.getUint16(at + 4, true)
    const ti = view.getUint16(at + 6, true)
    const length = view.getUint32(at + 8, true)
    at += HEADER_BYTES
    if (at + length > body.byteLength) throw new RangeError('a tile group ends inside a tile')
    const width = Math.min(tile, columns - ti * tile)
    const height = Math.min(tile, rows - tj * tile)
    if (k >= slices || width <= 0 || height <= 0) throw new RangeError(`no tile (${k}, ${tj}, ${ti}) in this level`)
    records.push({ k, tj, ti, width, height, payload: new Uint8Array(body, at, length) })
    at += length
  }
  return records
}
