import type { SegmentStyle } from './view-state'

export const LUT_ENTRIES = 0x10000
export const HIDDEN = 1
export const LOCKED = 2

/** Bytes red, green, blue, flags for each of the 65,536 numbers. */
export type LutBytes = Uint8Array<ArrayBuffer>

const GOLDEN = 0.618034
const LIGHTNESS = [0.7, 0.8, 0.62] as const
const CHROMA = 0.14
const HUES = 1024

let palette: Uint8Array | null = null

/** Colour of instance n: neighbours in number are far apart in hue. */
export function instanceColor(n: number): readonly [r: number, g: number, b: number] {
  palette ??= makePalette()
  const hue = Math.floor(((n * GOLDEN) % 1) * HUES)
  const at = ((n % LIGHTNESS.length) * HUES + hue) * 3
  return [palette[at] ?? 0, palette[at + 1] ?? 0, palette[at + 2] ?? 0]
}

/** Every number has a colour, also one without a segment: what is in the labelmap is always seen. */
export function buildLut(styles: readonly SegmentStyle[]): LutBytes {
  const lut = new Uint8Array(LUT_ENTRIES * 4)
  const anySolo = styles.some((style) => style.solo)
  for (let n = 1; n < LUT_ENTRIES; n++) setEntry(lut, n, instanceColor(n), anySolo ? HIDDEN : 0)
  // Wide blocks first: a row for one number has the last word on it.
  const width = (style: SegmentStyle): number => (style.lastNumber ?? style.number) - style.number
  for (const style of [...styles].sort((a, b) => width(b) - width(a))) {
    const hidden = !style.visible || (anySolo && !style.solo)
    const flags = (hidden ? HIDDEN : 0) | (style.locked ? LOCKED : 0)
    const last = Math.min(LUT_ENTRIES - 1, style.lastNumber ?? style.number)
    for (let n = Math.max(1, style.number); n <= last; n++) {
      setEntry(lut, n, last > style.number ? instanceColor(n) : parseColor(style.color), flags)
    }
  }
  return lut
}

export function parseColor(color: string): readonly [r: number, g: number, b: number] {
  const match = /^#([0-9a-f]{6})$/i.exec(color)
  if (match?.[1] === undefined) throw new RangeError(`a colour is "#rrggbb", not "${color}"`)
  const value = Number.parseInt(match[1], 16)
  return [value >> 16, (value >> 8) & 0xff, value & 0xff]
}

function setEntry(lut: LutBytes, n: number, [r, g, b]: readonly [number, number, number], flags: number): void {
  lut[n * 4] = r
  lut[n * 4 + 1] = g
  lut[n * 4 + 2] = b
  lut[n * 4 + 3] = flags
}

function makePalette(): Uint8Array {
  const table = new Uint8Array(LIGHTNESS.length * HUES * 3)
  LIGHTNESS.forEach((lightness, row) => {
    for (let hue = 0; hue < HUES; hue++) table.set(oklch(lightness, CHROMA, hue / HUES), (row * HUES + hue) * 3)
  })
  return table
}

/** OKLCH to 8-bit sRGB, clipped (Ottosson 2020); hue in turns. */
export function oklch(lightness: number, chroma: number, hue: number): [number, number, number] {
  const a = chroma * Math.cos(2 * Math.PI * hue)
  const b = chroma * Math.sin(2 * Math.PI * hue)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

function gamma(linear: number): number {
  const x = Math.min(1, Math.max(0, linear))
  return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055))
}
