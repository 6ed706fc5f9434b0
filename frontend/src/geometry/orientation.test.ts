// @vitest-environment node
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Affine, affineFromRows } from './affine'
import { directionLetters, sliceFrame } from './orientation'
import type { Vec3 } from './vector'

const affine = (i: Vec3, j: Vec3, k: Vec3): Affine => ({ i, j, k, origin: [0, 0, 0] })
const AXIAL = affine([1, 0, 0], [0, 1, 0], [0, 0, 1])

interface Vector {
  name: string
  affine: number[][]
  plane: string
  right: { axis: string; sign: number }
  down: { axis: string; sign: number }
}

// The table of tests/vectors/make_orientation_vectors.py, which the thumbnails are made by as well.
const VECTORS: Vector[] = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../tests/vectors/orientations.json'), 'utf8'),
)

describe('directionLetters', () => {
  test.each([
    [[1, 0, 0], 'L'],
    [[-2, 0, 0], 'R'],
    [[0, 0.5, 0], 'P'],
    [[0, -1, 0], 'A'],
    [[0, 0, 3], 'S'],
    [[0, 0, -1], 'I'],
  ] as const)('%j points to %s', (direction, letters) => {
    expect(directionLetters(direction)).toBe(letters)
  })

  test('an oblique direction has two letters, the strongest first', () => {
    expect(directionLetters([0, 0.95, -0.32])).toBe('PI')
    expect(directionLetters([-0.4, 0, 0.9])).toBe('SR')
  })

  test('a small tilt keeps one letter, and never more than two are given', () => {
    expect(directionLetters([1, 0.1, 0])).toBe('L')
    expect(directionLetters([1, 1, 1])).toHaveLength(2)
  })
})

describe('sliceFrame', () => {
  test.each(VECTORS)('turns $name for reading', ({ affine, plane, right, down }) => {
    expect(sliceFrame(affineFromRows(affine))).toMatchObject({ plane, right, down })
  })

  test('an axial DICOM slice is shown as stored: patient left on the right', () => {
    const frame = sliceFrame(AXIAL)

    expect(frame).toMatchObject({ plane: 'axial', right: { axis: 'i', sign: 1 }, down: { axis: 'j', sign: 1 } })
    expect(frame.letters).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' })
  })

  test('a RAS NIfTI is mirrored both ways, so that left is still on the right', () => {
    const frame = sliceFrame(affine([-1, 0, 0], [0, -1, 0], [0, 0, 1]))

    expect(frame).toMatchObject({ right: { axis: 'i', sign: -1 }, down: { axis: 'j', sign: -1 } })
    expect(frame.letters).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' })
  })

  test('rows and columns are swapped when the file stores them the other way', () => {
    const frame = sliceFrame(affine([0, 1, 0], [1, 0, 0], [0, 0, 1]))

    expect(frame).toMatchObject({ right: { axis: 'j', sign: 1 }, down: { axis: 'i', sign: 1 } })
  })

  test('coronal and sagittal slices have the head up', () => {
    const coronal = sliceFrame(affine([1, 0, 0], [0, 0, 1], [0, 1, 0]))
    const sagittal = sliceFrame(affine([0, 1, 0], [0, 0, -1], [1, 0, 0]))

    expect(coronal).toMatchObject({ plane: 'coronal', down: { axis: 'j', sign: -1 } })
    expect(coronal.letters).toEqual({ left: 'R', right: 'L', top: 'S', bottom: 'I' })
    expect(sagittal).toMatchObject({ plane: 'sagittal' })
    expect(sagittal.letters).toEqual({ left: 'A', right: 'P', top: 'S', bottom: 'I' })
  })

  test('gantry tilt: the slice is axial, up and down are oblique', () => {
    const tilt = (18.5 * Math.PI) / 180
    const frame = sliceFrame(affine([0.5, 0, 0], [0, 0.5 * Math.cos(tilt), -0.5 * Math.sin(tilt)], [0, 0, 2.5]))

    expect(frame.plane).toBe('axial')
    expect(frame.letters).toEqual({ left: 'R', right: 'L', top: 'AS', bottom: 'PI' })
  })

  test('without an affine the slice is shown as stored, without letters', () => {
    expect(sliceFrame(null)).toMatchObject({ plane: null, letters: null, right: { axis: 'i', sign: 1 } })
  })
})
