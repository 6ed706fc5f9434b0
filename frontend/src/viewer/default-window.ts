import type { WindowLevel } from '../store/editor'
import type { Pixels } from '../workers/pz1'
import type { ViewerImage } from './view-state'

const SAMPLES = 20_000
const LOW = 0.005
const HIGH = 0.995

/** The window of a file that names none: 0.5–99.5 % of the voxels seen first, in the image's unit. */
export function windowFromPixels(pixels: Pixels, slope: number, intercept: number): WindowLevel {
  const step = Math.max(1, Math.floor(pixels.length / SAMPLES))
  const values: number[] = []
  for (let p = 0; p < pixels.length; p += step) {
    const value = (pixels[p] as number) * slope + intercept
    if (Number.isFinite(value)) values.push(value)
  }
  values.sort((a, b) => a - b)
  const at = (share: number): number => values[Math.floor(share * (values.length - 1))] ?? 0
  const [low, high] = [at(LOW), at(HIGH)]
  return { center: (low + high) / 2, width: high > low ? high - low : 1 }
}

/** As bright as a photograph: shown as stored. */
const BRIGHT = 200
const HIGH_COLOR = 0.996

/** Colour pictures are shown as stored; a dark one (fluorescence) is brightened up to its 99.6 % value. */
export function windowFromColors(rgba: Pixels): WindowLevel {
  const counts = new Uint32Array(256)
  for (let p = 0; p < rgba.length; p++)
    if (p % 4 !== 3) counts[rgba[p] as number] = (counts[rgba[p] as number] ?? 0) + 1
  let left = (1 - HIGH_COLOR) * (rgba.length / 4) * 3
  let high = 255
  for (; high > 1 && left >= (counts[high] ?? 0); high--) left -= counts[high] ?? 0
  const width = high >= BRIGHT ? 255 : high
  return { center: width / 2, width }
}

/** How far apart values of this image can be, in its unit: float images say by their window. */
export function valueRange(image: ViewerImage, window: WindowLevel): number {
  if (image.channels === 3) return 255
  const bits = image.dtype === 'uint8' ? 8 : 16
  if (image.dtype === 'float32') return Math.max(1e-6, Math.abs(window.center) + window.width) * 10
  return 2 ** bits * Math.abs(image.rescale.slope[0] ?? 1)
}
