/** Numbers, units and times in words. A thin space stands before a unit; what cannot be known is a dash. */

const THIN = '\u2009'
const LOCALE = 'en-GB'
export const UNKNOWN = '–'

const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const clock = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' })
const fullDay = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short', year: 'numeric' })
const moment = new Intl.DateTimeFormat(LOCALE, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

export function formatCount(value: number): string {
  return integer.format(value)
}

/** "1 file", "3 files": the plural is given where adding an s does not make it. */
export function formatPlural(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`
}

export function formatFixed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits)
  return value < 0 && Number(text) !== 0 ? `−${text}` : text
}

export function formatUnit(value: number, unit: string, digits: number): string {
  return `${formatFixed(value, digits)}${THIN}${unit}`
}

/** Three meaningful digits: 0.343, 4.10, 36.9, 126.9, 1204. */
function digitsFor(value: number): number {
  const size = Math.abs(value)
  if (size >= 1000) return 0
  if (size >= 10) return 1
  return size >= 1 ? 2 : 3
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let step = 0
  while (value >= 999.5 && step < units.length - 1) {
    value /= 1000
    step += 1
  }
  const digits = step === 0 || value >= 9.95 ? 0 : 1
  return formatUnit(value, units[step] ?? 'B', digits)
}

export function formatVolume(milliliters: number): string {
  if (milliliters > 0 && milliliters < 0.1) return formatUnit(milliliters * 1000, 'mm³', 1)
  return formatUnit(milliliters, 'ml', milliliters >= 1000 ? 0 : 1)
}

export function formatArea(squareMillimeters: number): string {
  if (squareMillimeters >= 100) return formatUnit(squareMillimeters / 100, 'cm²', squareMillimeters >= 10_000 ? 0 : 1)
  if (squareMillimeters > 0 && squareMillimeters < 0.1) return formatUnit(squareMillimeters * 1e6, 'µm²', 0)
  return formatUnit(squareMillimeters, 'mm²', 1)
}

export function formatLength(millimeters: number): string {
  return formatUnit(millimeters, 'mm', 1)
}

/** A shape (K, J, I) as people say it: columns × rows × slices. */
export function formatShape(shape: readonly [number, number, number]): string {
  const [k, j, i] = shape
  return (k === 1 ? [i, j] : [i, j, k]).join(' × ')
}

export function formatSpacing(spacing: readonly [number, number, number], isPlanar: boolean): string {
  const used = isPlanar ? spacing.slice(0, 2) : spacing
  const digits = Math.min(...used) < 0.1 ? 4 : Math.min(...used) < 1 ? 3 : 2
  return `${used.map((value) => value.toFixed(digits)).join(' × ')}${THIN}mm`
}

/** A signed distance from zero as the side it lies on: L 31.8 A 102.7 S 669.2 mm, from LPS. */
export function formatPatient(point: readonly [number, number, number]): string {
  const sides = [
    ['L', 'R'],
    ['P', 'A'],
    ['S', 'I'],
  ] as const
  const parts = sides.map(([positive, negative], axis) => {
    const value = point[axis] ?? 0
    return `${value < 0 ? negative : positive} ${Math.abs(value).toFixed(1)}`
  })
  return `${parts.join(' ')}${THIN}mm`
}

export function formatValue(value: number, unit: string | null): string {
  const text = Number.isInteger(value) ? formatFixed(value, 0) : formatFixed(value, digitsFor(value))
  return unit === null ? text : `${text}${THIN}${unit}`
}

export function formatDuration(seconds: number): string {
  if (seconds < 10) return formatUnit(seconds, 's', 1)
  if (seconds < 60) return formatUnit(seconds, 's', 0)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return formatUnit(minutes, 'min', 0)
  return `${formatUnit(Math.floor(minutes / 60), 'h', 0)} ${formatUnit(minutes % 60, 'min', 0)}`
}

/** Active time as a clock: 09:42, 1:03:20. */
export function formatStopwatch(milliseconds: number): string {
  const total = Math.floor(milliseconds / 1000)
  const pad = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(total / 3600)
  const rest = `${pad(Math.floor(total / 60) % 60)}:${pad(total % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest
}

export function formatAge(time: string, now: number): string {
  const seconds = (now - Date.parse(time)) / 1000
  if (!Number.isFinite(seconds)) return UNKNOWN
  if (seconds < 60) return 'now'
  if (seconds < 3600) return formatUnit(Math.floor(seconds / 60), 'min', 0)
  if (seconds < 86_400) return formatUnit(Math.floor(seconds / 3600), 'h', 0)
  if (seconds < 30 * 86_400) return formatUnit(Math.floor(seconds / 86_400), 'd', 0)
  return fullDay.format(Date.parse(time))
}

export function formatClock(time: string | number): string {
  const at = typeof time === 'number' ? time : Date.parse(time)
  return Number.isFinite(at) ? clock.format(at) : UNKNOWN
}

/** The clock for today, the day before that. */
export function formatClockOrDay(time: string, now: number): string {
  const at = new Date(time)
  return at.toDateString() === new Date(now).toDateString() ? clock.format(at) : day.format(at)
}

export function formatMoment(time: string): string {
  const at = Date.parse(time)
  return Number.isFinite(at) ? moment.format(at) : UNKNOWN
}

export function formatPercent(fraction: number): string {
  return formatUnit(fraction * 100, '%', 0)
}
