import { describe, expect, test } from 'vitest'
import { valueRange, windowFromColors, windowFromPixels } from './default-window'
import { Quality, Timings } from './frame-stats'
import { buildLut, HIDDEN, instanceColor, LOCKED, oklch, parseColor } from './lut'
import { runsOf, sliceAt, sliceAtHeight } from './slice-bar'
import type { SegmentStyle, ViewerImage } from './view-state'

const segment = (number: number, change: Partial<SegmentStyle> = {}): SegmentStyle => ({
  number,
  color: '#102030',
  visible: true,
  locked: false,
  solo: false,
  ...change,
})
const entry = (lut: Uint8Array, n: number): number[] => [...lut.subarray(4 * n, 4 * n + 4)]

describe('look-up table', () => {
  test('has the colour of a segment at its number', () => {
    expect(entry(buildLut([segment(7)]), 7)).toEqual([16, 32, 48, 0])
  })

  test('flags hidden and locked segments', () => {
    const lut = buildLut([segment(1, { visible: false }), segment(2, { locked: true })])

    expect(entry(lut, 1)[3]).toBe(HIDDEN)
    expect(entry(lut, 2)[3]).toBe(LOCKED)
  })

  test('solo hides all others, numbers without a segment too', () => {
    const lut = buildLut([segment(1), segment(2, { solo: true })])

    expect([1, 2, 3, 65535].map((n) => entry(lut, n)[3])).toEqual([HIDDEN, 0, HIDDEN, HIDDEN])
  })

  test('a block gives each instance its own colour, a row for one of them wins', () => {
    const lut = buildLut([segment(12), segment(10, { lastNumber: 20 })])

    expect(entry(lut, 11)).toEqual([...instanceColor(11), 0])
    expect(entry(lut, 12)).toEqual([16, 32, 48, 0])
  })

  test('a number without a segment is seen', () => {
    expect(entry(buildLut([]), 4242)).toEqual([...instanceColor(4242), 0])
  })

  test('neighbouring instances differ clearly', () => {
    const distances = Array.from({ length: 500 }, (_, n) => {
      const [a, b] = [instanceColor(n + 1), instanceColor(n + 2)]
      return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
    })

    expect(Math.min(...distances)).toBeGreaterThan(80)
  })

  test('OKLCH gives known colours', () => {
    expect(oklch(1, 0, 0)).toEqual([255, 255, 255])
    expect(oklch(0, 0, 0)).toEqual([0, 0, 0])
    // sRGB red is OKLCH(0.628, 0.2577, 29.23°).
    expect(oklch(0.62796, 0.25768, 29.234 / 360)).toEqual([255, 0, 0])
  })

  test('a colour that is none is refused', () => {
    expect(() => parseColor('red')).toThrow('#rrggbb')
  })
})

describe('window of a file that names none', () => {
  test('is the 0.5 to 99.5 percentiles in the unit of the image', () => {
    const pixels = Int16Array.from({ length: 1001 }, (_, n) => n)

    expect(windowFromPixels(pixels, 2, -1000)).toEqual({ center: 0, width: 1980 })
  })

  test('of a flat image has a width all the same', () => {
    expect(windowFromPixels(new Uint8Array(100), 1, 0)).toEqual({ center: 0, width: 1 })
  })

  test('values that are no numbers do not count', () => {
    expect(
      windowFromPixels(Float32Array.from([Number.NaN, 1, 2, Number.POSITIVE_INFINITY]), 1, 0).width,
    ).toBeLessThanOrEqual(1)
  })

  test('a dark colour picture is brightened, a bright one shown as stored', () => {
    const dark = Uint8Array.from({ length: 4000 }, (_, p) => (p % 4 === 3 ? 255 : (p >> 2) % 50))
    const bright = Uint8Array.from({ length: 4000 }, (_, p) => (p >> 2) % 256)

    expect(windowFromColors(dark)).toEqual({ center: 24.5, width: 49 })
    expect(windowFromColors(bright)).toEqual({ center: 127.5, width: 255 })
    expect(windowFromColors(new Uint8Array(400)).width).toBeGreaterThan(0)
  })

  test('the range follows type and slope', () => {
    const image = { channels: 1, dtype: 'uint16', rescale: { slope: [0.5], intercept: [0] } } as unknown as ViewerImage

    expect(valueRange(image, { center: 0, width: 1 })).toBe(32768)
  })
})

describe('slice bar', () => {
  const bar = { k: 0, slices: 100, columns: [] }

  test('joins slices beside each other', () => {
    expect([...runsOf(8, (k) => [0, 1, 4, 7].includes(k))]).toEqual([
      [0, 2],
      [4, 5],
      [7, 8],
    ])
  })

  test('is hit at the right edge only', () => {
    expect(sliceAt(bar, 790, 6, 800, 512)).toBe(0)
    expect(sliceAt(bar, 790, 505.9, 800, 512)).toBe(99)
    expect(sliceAt(bar, 700, 100, 800, 512)).toBeNull()
  })

  test('a drag past its ends stays on it', () => {
    expect(sliceAtHeight(bar, -50, 512)).toBe(0)
    expect(sliceAtHeight(bar, 9999, 512)).toBe(99)
  })
})

describe('quality', () => {
  test('falls after eight slow frames in a row, not after seven', () => {
    const quality = new Quality(false)
    for (let n = 0; n < 7; n++) quality.record(40)
    quality.record(10)
    for (let n = 0; n < 7; n++) quality.record(40)
    expect(quality.scale).toBe(1)
    quality.record(40)

    expect(quality.scale).toBe(0.75)
  })

  test('starts lower on software renderers, never falls below a half, and rises again', () => {
    const quality = new Quality(true)
    expect(quality.scale).toBe(0.75)
    for (let n = 0; n < 40; n++) quality.record(100)
    expect(quality.scale).toBe(0.5)
    for (let n = 0; n < 16; n++) quality.record(3)

    expect(quality.scale).toBe(1)
  })

  test('timings keep the last values only', () => {
    const timings = new Timings(10)
    for (let n = 0; n < 25; n++) timings.add(n)

    expect(timings.summary()).toEqual({ p50: 20, p95: 24 })
    expect(new Timings().summary()).toEqual({ p50: 0, p95: 0 })
  })
})
