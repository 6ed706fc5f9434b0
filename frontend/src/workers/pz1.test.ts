// @vitest-environment node
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeGroup } from './decode-group'
import { parseGroup } from './group-body'
import { inflateExactly } from './inflate'
import { type Dtype, decodePlanes, type PixelFormat, pixelBytes, planeBytes } from './pz1'

interface Vector {
  name: string
  dtype: Dtype
  channels: 1 | 3
  width: number
  height: number
  values: string
  bytes: string
}

// Written by Python (tests/vectors/make_pixel_vectors.py).
const VECTORS: Vector[] = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../tests/vectors/pz1.json'), 'utf8'),
)

const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes)

/** The predictor word by word, for one plane of a modulus. */
function predict(values: ArrayLike<number>, width: number, mask: number): number[] {
  return Array.from(values, (value, p) => {
    const left = p % width === 0 ? 0 : (values[p - 1] ?? 0)
    const above = p < width ? 0 : (values[p - width] ?? 0)
    const corner = p % width === 0 || p < width ? 0 : (values[p - width - 1] ?? 0)
    return (value - left - above + corner) & mask
  })
}

function encodeWords(values: Int16Array | Uint16Array, width: number): Uint8Array {
  const zigzag = predict(values, width, 0xffff).map((d) => {
    const signed = d > 0x7fff ? d - 0x10000 : d
    return ((signed << 1) ^ (signed >> 15)) & 0xffff
  })
  return Uint8Array.from([...zigzag.map((u) => u & 0xff), ...zigzag.map((u) => u >> 8)])
}

/** RGB as it is kept: RGBA. */
function expectedPixels({ dtype, channels, values }: Vector): ArrayLike<number> {
  const bytes = owned(Buffer.from(values, 'base64'))
  if (channels === 3)
    return Array.from({ length: (bytes.length / 3) * 4 }, (_, p) =>
      p % 4 === 3 ? 255 : (bytes[(p >> 2) * 3 + (p % 4)] ?? 0),
    )
  const types = { int16: Int16Array, uint16: Uint16Array, uint8: Uint8Array, float32: Float32Array }
  return new types[dtype](bytes.buffer)
}

describe('pz1', () => {
  test.each(VECTORS)('decodes what Python wrote: $name', async (vector) => {
    const { width, height } = vector
    const planes = await inflateExactly(owned(Buffer.from(vector.bytes, 'base64')), planeBytes(vector, width, height))
    const pixels = decodePlanes(planes, vector, width, height)

    expect([...pixels]).toEqual([...Array.from(expectedPixels(vector))])
    expect(pixels.byteLength).toBe(pixelBytes(vector, width, height))
  })

  test.each(['int16', 'uint16'] as const)('%s: any words survive', (dtype) => {
    const low = dtype === 'int16' ? -32768 : 0
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.integer({ min: low, max: low + 65535 }), { minLength: 9, maxLength: 90 }),
        (width, list) => {
          const height = Math.floor(list.length / width)
          const values = (dtype === 'int16' ? Int16Array : Uint16Array).from(list.slice(0, width * height))
          expect(decodePlanes(encodeWords(values, width), { dtype, channels: 1 }, width, height)).toEqual(values)
        },
      ),
    )
  })

  test('bytes wrap modulo 256', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 60 }), (list) => {
        const values = owned(list.subarray(0, list.length - (list.length % 4)))
        const planes = Uint8Array.from(predict(values, 4, 0xff))
        expect(decodePlanes(planes, { dtype: 'uint8', channels: 1 }, 4, values.length / 4)).toEqual(values)
      }),
    )
  })

  test('refuses planes of another size', () => {
    expect(() => decodePlanes(new Uint8Array(7), { dtype: 'int16', channels: 1 }, 2, 2)).toThrow('instead of 8')
  })
})

describe('inflateExactly', () => {
  test('stops a stream that grows past the tile', async () => {
    const bomb = owned(deflateSync(new Uint8Array(50_000_000)))

    await expect(inflateExactly(bomb, 1000)).rejects.toThrow('more than 1000 bytes')
  })

  test.each([
    ['too short', owned(deflateSync(new Uint8Array(10)))],
    ['cut off', owned(deflateSync(new Uint8Array(1000).map((_, n) => n * 7)).subarray(0, 30))],
    ['not zlib', Uint8Array.from([1, 2, 3, 4, 5])],
    ['empty', new Uint8Array(0)],
  ])('rejects a stream that is %s', async (_, bytes) => {
    await expect(inflateExactly(bytes, 1000)).rejects.toThrow()
  })

  test('rejects a flipped bit by its checksum', async () => {
    const bytes = owned(
      deflateSync(
        new Uint8Array(1000).map((_, n) => n % 251),
        { level: 0 },
      ),
    )
    bytes[500] = (bytes[500] ?? 0) ^ 1

    await expect(inflateExactly(bytes, 1000)).rejects.toThrow()
  })
})

function record(k: number, tj: number, ti: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, k, true)
  view.setUint16(4, tj, true)
  view.setUint16(6, ti, true)
  view.setUint32(8, payload.length, true)
  bytes.set(payload, 12)
  return bytes
}

const joined = (...parts: Uint8Array[]): ArrayBuffer => owned(Buffer.concat(parts)).buffer

describe('tile group', () => {
  const FORMAT: PixelFormat = { dtype: 'uint8', channels: 1 }
  const whole = (fill: number, size: number): Uint8Array =>
    deflateSync(Uint8Array.from(predict(new Uint8Array(size).fill(fill), 4, 0xff)))

  test('is read tile by tile, edge tiles cut', () => {
    const tiles = parseGroup(joined(record(2, 0, 0, whole(1, 16)), record(2, 1, 1, whole(2, 1))), [3, 6, 5], 4)

    expect(tiles.map(({ k, tj, ti, width, height }) => [k, tj, ti, width, height])).toEqual([
      [2, 0, 0, 4, 4],
      [2, 1, 1, 1, 2],
    ])
  })

  test.each([
    ['inside a header', joined(record(0, 0, 0, whole(1, 16)).subarray(0, 9))],
    ['inside a tile', joined(record(0, 0, 0, whole(1, 16)).subarray(0, 18))],
    ['outside the level', joined(record(3, 0, 0, whole(1, 16)))],
    ['beside the slice', joined(record(0, 0, 2, whole(1, 16)))],
  ])('ending %s is refused', (_, body) => {
    expect(() => parseGroup(body, [3, 6, 5], 4)).toThrow(RangeError)
  })

  test('a bad tile does not take its neighbours with it', async () => {
    const body = joined(
      record(0, 0, 0, whole(7, 16)),
      record(1, 0, 0, Uint8Array.from([9, 9])),
      record(2, 0, 0, whole(8, 16)),
    )

    const reply = await decodeGroup({ id: 5, body, format: { ...FORMAT, shape: [3, 4, 4], tile: 4 } })

    expect(reply.tiles.map((tile) => [tile.k, tile.pixels[15]])).toEqual([
      [0, 7],
      [2, 8],
    ])
    expect(reply.failed).toMatchObject([{ k: 1, tj: 0, ti: 0 }])
    expect(reply.broken).toBeNull()
  })

  test('a broken group says so and keeps what came before', async () => {
    const body = joined(record(0, 0, 0, whole(7, 16)), Uint8Array.from([1, 2, 3]))

    const reply = await decodeGroup({ id: 5, body, format: { ...FORMAT, shape: [3, 4, 4], tile: 4 } })

    expect(reply.broken).toContain('header')
  })
})
