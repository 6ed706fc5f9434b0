import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteReader, ByteWriter, CodecError } from './bytes'
import { decodeLabelTile, encodeLabelTile } from './label-tile'
import { decodePatch, draw, encodePatch, type Patch, PatchBuilder, swapped, undraw, unpackPatch } from './patch'
import { parsePosition, positionText, readPosition, writePosition } from './position'
import { decodeStrokeBody, encodeStrokeBody } from './stroke-body'
import { decodeTilesBody } from './tiles-body'
import { deflate, inflate } from './zlib'

const SIZE = 300

const voxels = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((runs) => {
    const tile = new Uint16Array(SIZE)
    let start = 0
    for (const [length, value] of runs) {
      tile.fill(value, start, start + length)
      start += length
    }
    return tile
  })

function difference(before: Uint16Array, after: Uint16Array): Patch {
  const builder = new PatchBuilder()
  before.forEach((value, at) => {
    const next = after[at] ?? 0
    if (value !== next) builder.add(at, 1, value, next)
  })
  return builder.finish()
}

const position = fc.record({
  layer: fc.integer({ min: 0, max: 0x1ff }),
  k: fc.integer({ min: 0, max: 0xffffff }),
  tj: fc.integer({ min: 0, max: 0x7fff }),
  ti: fc.integer({ min: 0, max: 0x7fff }),
})

async function failure(decoding: Promise<unknown>): Promise<unknown> {
  return decoding.then(
    () => null,
    (cause: unknown) => cause,
  )
}

describe('what is written is read again', () => {
  test('numbers of up to 32 bits', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffffffff })), (numbers) => {
        const writer = new ByteWriter(1)
        for (const each of numbers) writer.varint(each)

        const reader = new ByteReader(writer.finish(), 'a test')

        expect(numbers.map(() => reader.varint())).toEqual(numbers)
        reader.end()
      }),
    )
  })

  test('positions, as bytes and as text', () => {
    fc.assert(
      fc.property(position, (at) => {
        const writer = new ByteWriter()
        writePosition(writer, at)
        const pos = (BigInt(at.layer) << 54n) | (BigInt(at.k) << 30n) | (BigInt(at.tj) << 15n) | BigInt(at.ti)

        expect(new DataView(writer.finish().buffer).getBigUint64(0, true)).toBe(pos)
        expect(readPosition(new ByteReader(writer.finish(), 'a test'))).toEqual(at)
        expect(parsePosition(positionText(at))).toEqual(at)
        expect(positionText(at)).toBe(pos.toString())
      }),
    )
  })

  test('label tiles', async () => {
    await fc.assert(
      fc.asyncProperty(voxels, async (tile) => {
        expect(await decodeLabelTile(await encodeLabelTile(tile), SIZE)).toEqual(tile)
      }),
    )
  })

  test('patches, which draw what they say and take it back', async () => {
    await fc.assert(
      fc.asyncProperty(voxels, voxels, async (before, after) => {
        const patch = await decodePatch(await encodePatch(difference(before, after)), SIZE)

        const tile = before.slice()
        draw(tile, patch)
        expect(tile).toEqual(after)
        draw(tile, swapped(patch))
        expect(tile).toEqual(before)
      }),
    )
  })

  test('zlib streams of every length around the limit between the two ways to write them', async () => {
    for (const length of [0, 1, 1023, 1024, 1025, 70_000]) {
      const bytes = Uint8Array.from({ length }, (_, n) => (n * n) >> 3)

      expect(Buffer.compare(await inflate(await deflate(bytes), length), bytes)).toBe(0)
    }
  })
})

test('drawing on other ground changes only what fits, and taking back restores exactly', () => {
  fc.assert(
    fc.property(voxels, voxels, voxels, (before, after, ground) => {
      const patch = difference(before, after)
      const tile = ground.slice()

      const drawn = draw(tile, patch)

      tile.forEach((value, at) => {
        const isMine = before[at] !== after[at] && ground[at] === before[at]
        expect(value).toBe(isMine ? after[at] : ground[at])
      })
      undraw(tile, drawn)
      expect(tile).toEqual(ground)
    }),
  )
})

describe('bytes from strangers', () => {
  test('a stream that inflates beyond its limit is stopped', async () => {
    const bomb = await deflate(new Uint8Array(50_000_000))

    expect(bomb.length).toBeLessThan(60_000)
    expect(await failure(decodeLabelTile(bomb, 65_536))).toBeInstanceOf(CodecError)
  })

  test('a count that the bytes cannot hold asks for no memory', () => {
    const writer = new ByteWriter()
    writer.byte(1)
    writer.varint(0xffffffff)

    expect(() => unpackPatch(writer.finish(), 65_536)).toThrow(CodecError)
  })

  test('noise and damage end in a CodecError or in something valid, never otherwise', async () => {
    const header = { tool: 'brush', active_ms: 1 }
    const patch = difference(new Uint16Array(SIZE), new Uint16Array(SIZE).fill(3, 7, 90))
    const at = { layer: 0, k: 0, tj: 0, ti: 0 }
    const good = await encodeStrokeBody({ header, patches: [{ position: at, patch }] })
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 60 }),
        fc.nat(good.length - 1),
        fc.nat(255),
        async (noise, place, value) => {
          const damaged = good.slice()
          damaged[place] = value
          for (const bytes of [noise, damaged, good.slice(0, place)]) {
            const causes = [
              await failure(decodeStrokeBody(bytes, [2, 10, 30])),
              await failure(decodeTilesBody(bytes, [2, 10, 30])),
              await failure(decodeLabelTile(bytes, SIZE)),
              await failure(decodePatch(bytes, SIZE)),
            ]
            for (const cause of causes) if (cause !== null) expect(cause).toBeInstanceOf(CodecError)
          }
        },
      ),
    )
  })

  test.each(['', '-1', '1.5', '0x10', '99999999999999999999', '9223372036854775808'])('%j is no position', (text) => {
    expect(() => parsePosition(text)).toThrow(CodecError)
  })
})
