import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Shape } from '../geometry/grid'
import { type Bytes, CodecError } from './bytes'
import { decodeLabelTile, encodeLabelTile, packLabelTile, unpackLabelTile } from './label-tile'
import { decodePatch, eachRun, encodePatch, type Patch, PatchBuilder, packPatch } from './patch'
import { parsePosition, positionText } from './position'
import { decodeStrokeBody, encodeStrokeBody, type StrokeHeader } from './stroke-body'
import { decodeTilesBody } from './tiles-body'

// Written by Python (tests/vectors/make_label_vectors.py). zlib streams may differ between encoders, so what is compared is the
// content of the given bytes, and our own bytes before zlib.

type Run = [start: number, length: number, before: number, after: number]

interface TileVector {
  name: string
  width: number
  height: number
  values: string
  raw: string
  bytes: string
}

interface PatchVector {
  name: string
  width: number
  height: number
  runs: Run[]
  raw: string
  bytes: string
}

interface StrokeVector {
  name: string
  shape: Shape
  header: StrokeHeader
  patches: { pos: string; runs: Run[] }[]
  bytes: string
}

interface TilesVector {
  name: string
  shape: Shape
  seq: number
  tiles: { pos: string; seq: number; values: string }[]
  bytes: string
}

interface BadVector {
  kind: 'tile' | 'patch'
  name: string
  bytes: string
}

function vectors<T>(name: string): T[] {
  const path = resolve(import.meta.dirname, '../../../tests/vectors', `${name}.json`)
  if (!existsSync(path))
    throw new Error(`tests/vectors/${name}.json is missing: the golden vectors are part of the repository`)
  return JSON.parse(readFileSync(path, 'utf8')) as T[]
}

function bytesOf(base64: string): Bytes {
  return Uint8Array.from(Buffer.from(base64, 'base64'))
}

function valuesOf(base64: string): Uint16Array {
  const bytes = bytesOf(base64)
  const view = new DataView(bytes.buffer)
  return Uint16Array.from({ length: bytes.length / 2 }, (_, n) => view.getUint16(2 * n, true))
}

/** `toEqual` takes half a second for 65,536 voxels. */
function same(a: Uint8Array | Uint16Array, b: Uint8Array | Uint16Array): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at])
}

function runsOf(patch: Patch): Run[] {
  const runs: Run[] = []
  eachRun(patch, (start, end, before, after) => runs.push([start, end - start, before, after]))
  return runs
}

function patchOf(runs: readonly Run[]): Patch {
  const builder = new PatchBuilder()
  for (const run of runs) builder.add(...run)
  return builder.finish()
}

describe.each(vectors<TileVector>('label-tiles'))('label tile: $name', ({ width, height, values, raw, bytes }) => {
  const size = width * height

  test('reads the bytes that Python wrote', async () => {
    expect(same(await decodeLabelTile(bytesOf(bytes), size), valuesOf(values))).toBe(true)
  })

  test('writes the same bytes before zlib, and reads its own', async () => {
    const voxels = valuesOf(values)

    expect(same(packLabelTile(voxels), bytesOf(raw))).toBe(true)
    expect(same(await decodeLabelTile(await encodeLabelTile(voxels), size), voxels)).toBe(true)
    expect(same(unpackLabelTile(bytesOf(raw), size), voxels)).toBe(true)
  })
})

describe.each(vectors<PatchVector>('patches'))('patch: $name', ({ width, height, runs, raw, bytes }) => {
  const size = width * height

  test('reads the bytes that Python wrote', async () => {
    expect(runsOf(await decodePatch(bytesOf(bytes), size))).toEqual(runs)
  })

  test('writes the same bytes before zlib, and reads its own', async () => {
    const patch = patchOf(runs)

    expect(packPatch(patch)).toEqual(bytesOf(raw))
    expect(runsOf(await decodePatch(await encodePatch(patch), size))).toEqual(runs)
  })
})

describe.each(vectors<StrokeVector>('strokes'))('save body: $name', ({ shape, header, patches, bytes }) => {
  const expected = patches.map(({ pos, runs }) => ({ pos, runs }))

  test('reads the bytes that Python wrote', async () => {
    const body = await decodeStrokeBody(bytesOf(bytes), shape)

    expect(body.header).toEqual(header)
    expect(body.patches.map(({ position, patch }) => ({ pos: positionText(position), runs: runsOf(patch) }))).toEqual(
      expected,
    )
  })

  test('reads what it writes', async () => {
    const written = patches.map(({ pos, runs }) => ({ position: parsePosition(pos), patch: patchOf(runs) }))

    const body = await decodeStrokeBody(await encodeStrokeBody({ header, patches: written }), shape)

    expect(body.header).toEqual(header)
    expect(body.patches.map(({ position, patch }) => ({ pos: positionText(position), runs: runsOf(patch) }))).toEqual(
      expected,
    )
  })
})

test.each(vectors<TilesVector>('tiles'))('tiles body: $name', async ({ shape, seq, tiles, bytes }) => {
  const body = await decodeTilesBody(bytesOf(bytes), shape)

  expect(body.seq).toBe(seq)
  expect(body.tiles.map((tile) => [positionText(tile.position), tile.seq])).toEqual(
    tiles.map(({ pos, seq: at }) => [pos, at]),
  )
  tiles.forEach(({ values }, n) => {
    expect(same(body.tiles[n]?.voxels ?? new Uint16Array(), valuesOf(values))).toBe(true)
  })
})

test.each(vectors<BadVector>('bad-label-bytes'))('refuses a $kind that is broken: $name', async ({ kind, bytes }) => {
  const decoding = kind === 'tile' ? decodeLabelTile(bytesOf(bytes), 16) : decodePatch(bytesOf(bytes), 16)

  await expect(decoding).rejects.toBeInstanceOf(CodecError)
})
