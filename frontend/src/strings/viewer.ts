/** Words on and about the picture. */

const THIN = '\u2009'

const number = (digits: number): Intl.NumberFormat =>
  new Intl.NumberFormat('en', { minimumFractionDigits: 0, maximumFractionDigits: digits, useGrouping: false })
const whole = number(0)
const tenth = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false })
const hundredth = new Intl.NumberFormat('en', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  useGrouping: false,
})
const short = number(2)

export const viewerText = {
  plane: { axial: 'AXIAL', coronal: 'CORONAL', sagittal: 'SAGITTAL' },
  slice: (k: number, slices: number) => `k ${whole.format(k + 1)} / ${whole.format(slices)}`,
  position: (axis: 'x' | 'y' | 'z', mm: number) => `${axis} ${tenth.format(mm)}${THIN}mm`,
  window: (center: number, width: number) => {
    const figure = number(Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(width)))))
    return `C ${figure.format(center)} W ${figure.format(width)}`
  },
  zoom: (factor: number) => `${short.format(factor)}×`,
  thickness: (mm: number) => `${hundredth.format(mm)}${THIN}mm`,
  length: (value: number, unit: string) => `${short.format(value)}${THIN}${unit}`,
  atDetector: 'at detector',
  loading: 'Loading this slice',
  undecodable: (place: string) => `Tile ${place} cannot be decoded`,
  contextLost: 'The graphics driver stopped. Waiting for it to come back.',
  canvas: (name: string) => `Image ${name}`,
  tools: { brush: 'Brush', eraser: 'Eraser', pan: 'Pan', window: 'Window', crosshair: 'Crosshair' },
} as const
