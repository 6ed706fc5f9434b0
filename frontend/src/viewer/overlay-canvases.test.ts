import { describe, expect, test } from 'vitest'
import { makeGrid } from '../geometry/grid'
import { sliceFrame } from '../geometry/orientation'
import type { OverlayInput } from './overlay'
import { PARTS, partBoxes } from './overlay-canvases'

const PLAIN: OverlayInput = {
  camera: { center: [0, 0], zoom: 1, width: 800, height: 600 },
  transform: { xi: 1, xj: 0, yi: 0, yj: 1, unit: 1 },
  frame: sliceFrame({ i: [1, 0, 0], j: [0, 1, 0], k: [0, 0, 1], origin: [0, 0, 0] }),
  metric: makeGrid([5, 40, 60], null, [1, 1, 1]).metric,
  k: 2,
  slices: 5,
  position: null,
  thickness: null,
  window: null,
  magnification: 1,
  atDetector: false,
  crosshair: null,
  bar: { k: 2, slices: 5, columns: [] },
  loading: false,
  contextLost: false,
  undecodable: [],
}

describe('partBoxes', () => {
  test('an idle view has nothing over its middle', () => {
    const boxes = partBoxes(PLAIN)
    const covered = PARTS.reduce((sum, part) => sum + (boxes[part]?.width ?? 0) * (boxes[part]?.height ?? 0), 0)

    expect(boxes.middle).toBeNull()
    expect(covered).toBeLessThan(0.25 * 800 * 600)
  })

  test.each([
    ['a crosshair', { crosshair: [1, 2, 2] }],
    ['a notice', { loading: true }],
    ['a lost context', { contextLost: true }],
    ['a tile that cannot be decoded', { undecodable: [{ box: { x0: 0, y0: 0, x1: 9, y1: 9 }, name: '0/2/0/0' }] }],
  ] as const)('%s brings the middle back, over the whole view', (_, change) => {
    expect(partBoxes({ ...PLAIN, ...change }).middle).toEqual({ x: 0, y: 0, width: 800, height: 600 })
  })

  test('an image without a place in the patient has no letters, a single slice no bar', () => {
    const boxes = partBoxes({ ...PLAIN, frame: sliceFrame(null), bar: null })

    expect([boxes.left, boxes.right, boxes.bar]).toEqual([null, null, null])
    expect(boxes.top?.width).toBeGreaterThan(790)
  })

  test('the bar lies at the right edge and no text under it', () => {
    const { bar, top, bottom, right } = partBoxes(PLAIN)

    expect((bar?.x ?? 0) + (bar?.width ?? 0)).toBe(800)
    for (const box of [top, bottom, right]) expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(bar?.x ?? 0)
  })
})
