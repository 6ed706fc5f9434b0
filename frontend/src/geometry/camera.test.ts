import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as cameras from './camera'
import { makeGrid } from './grid'
import { sliceFrame } from './orientation'
import { scaleBar } from './scale-bar'

const ROWS = [
  [-0.5, 0, 0, 0],
  [0, -2, 0, 0],
  [0, 0, 3, 0],
  [0, 0, 0, 1],
]
const grid = makeGrid([5, 40, 60], ROWS, null)
const transform = cameras.sliceTransform(sliceFrame(grid.affine), grid.metric)
const camera: cameras.Camera = { center: [29.5, 19.5], zoom: 8, width: 800, height: 600 }

describe('camera', () => {
  test('the centre of the view is its middle, and mirrored axes run backwards', () => {
    expect(cameras.project(camera, transform, 29.5, 19.5)).toEqual([400, 300])
    expect(cameras.project(camera, transform, 30.5, 19.5)[0]).toBe(392)
    expect(cameras.project(camera, transform, 29.5, 20.5)[1]).toBe(300 - 8 * 4)
  })

  test('pixels four times as tall as wide are drawn so', () => {
    const [x0, y0] = cameras.project(camera, transform, 0, 0)
    const [x1, y1] = cameras.project(camera, transform, 1, 1)

    expect(Math.abs(y1 - y0) / Math.abs(x1 - x0)).toBeCloseTo(4, 12)
  })

  test('a view position and back is the same, at any zoom and place', () => {
    const place = fc.double({ min: -500, max: 500, noNaN: true })
    fc.assert(
      fc.property(place, place, fc.double({ min: 0.01, max: 100, noNaN: true }), (x, y, zoom) => {
        const [i, j] = cameras.unproject({ ...camera, zoom }, transform, x, y)
        const [bx, by] = cameras.project({ ...camera, zoom }, transform, i, j)
        expect(bx).toBeCloseTo(x, 6)
        expect(by).toBeCloseTo(y, 6)
      }),
    )
  })

  test('zooming keeps the place under the pointer', () => {
    const before = cameras.unproject(camera, transform, 123, 456)
    const after = cameras.zoomAbout(camera, transform, 2.5, 123, 456)

    expect(after.zoom).toBe(20)
    expect(cameras.unproject(after, transform, 123, 456)[0]).toBeCloseTo(before[0], 9)
    expect(cameras.unproject(after, transform, 123, 456)[1]).toBeCloseTo(before[1], 9)
  })

  test('panning moves the picture with the pointer', () => {
    const [x, y] = cameras.project(camera, transform, 10, 10)
    const moved = cameras.project(cameras.panBy(camera, transform, 7, -3), transform, 10, 10)

    expect(moved[0]).toBeCloseTo(x + 7, 9)
    expect(moved[1]).toBeCloseTo(y - 3, 9)
  })

  test('fit shows the whole slice, and not smaller than needed', () => {
    // 60 columns of 0.5 mm by 40 rows of 2 mm: 60 by 160 of the finer side.
    expect(cameras.fitZoom(transform, 60, 40, 800, 640)).toBe(4)
    expect(cameras.fitZoom(transform, 60, 40, 120, 640)).toBe(2)
  })

  test('voxels in sight are whole and cut to the slice', () => {
    const all = cameras.visibleVoxels({ ...camera, zoom: 1 }, transform, 60, 40)
    const few = cameras.visibleVoxels({ ...camera, center: [10, 10], zoom: 100 }, transform, 60, 40)

    expect(all).toEqual({ x0: 0, y0: 0, x1: 60, y1: 40 })
    expect(few).toEqual({ x0: 6, y0: 9, x1: 15, y1: 12 })
  })

  test('snapping puts the corner of the image on a device pixel', () => {
    const snapped = cameras.snapToPixels({ ...camera, center: [29.4137, 19.21] }, transform, 2)
    const [x, y] = cameras.project(snapped, transform, -0.5, -0.5)

    expect(Math.abs(x * 2 - Math.round(x * 2))).toBeLessThan(1e-9)
    expect(Math.abs(y * 2 - Math.round(y * 2))).toBeLessThan(1e-9)
  })
})

describe('scaleBar', () => {
  test.each([
    [1, 'mm', 100, { value: 100, unit: 'mm', pixels: 100 }],
    [0.5, 'mm', 100, { value: 50, unit: 'mm', pixels: 100 }],
    [0.19, 'mm', 100, { value: 10, unit: 'mm', pixels: 10 / 0.19 }],
    [0.001, 'mm', 100, { value: 100, unit: 'µm', pixels: 100 }],
    [2, 'px', 100, { value: 200, unit: 'px', pixels: 100 }],
  ] as const)('%s %s a pixel in %s pixels', (perPixel, unit, most, expected) => {
    expect(scaleBar(perPixel, unit, most)).toEqual({ ...expected, pixels: expect.closeTo(expected.pixels, 6) })
  })

  test('is never longer than the room and never shorter than a third of it', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-5, max: 1e4, noNaN: true }), (perPixel) => {
        const { pixels } = scaleBar(perPixel, 'mm', 120)
        expect(pixels).toBeLessThanOrEqual(120.001)
        expect(pixels).toBeGreaterThan(120 / 2.6)
      }),
    )
  })
})
