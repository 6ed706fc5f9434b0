import type { Metric } from './grid'

export interface ScaleBar {
  /** Length on the screen in CSS pixels. */
  readonly pixels: number
  readonly value: number
  readonly unit: 'mm' | 'µm' | 'px'
}

/** The longest round length (1, 2, 3, 5 × 10ⁿ) that fits `maxPixels`; millimetres below 1 mm become micrometres. */
export function scaleBar(unitsPerPixel: number, unit: Metric['unit'], maxPixels: number): ScaleBar {
  const longest = unitsPerPixel * maxPixels
  const decade = 10 ** Math.floor(Math.log10(longest) + 1e-9)
  const step = [5, 3, 2, 1].find((candidate) => candidate * decade <= longest * (1 + 1e-9)) ?? 1
  const value = step * decade
  const pixels = value / unitsPerPixel
  if (unit === 'px') return { pixels, value: tidy(value), unit: 'px' }
  return value < 1 ? { pixels, value: tidy(value * 1000), unit: 'µm' } : { pixels, value: tidy(value), unit: 'mm' }
}

function tidy(value: number): number {
  return Number(value.toPrecision(3))
}
