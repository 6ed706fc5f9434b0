import { describe, expect, test } from 'vitest'
import * as format from './format'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const thin = (text: string): string => text.replaceAll('\u2009', ' ')

describe('sizes', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [12_000, '12 kB'],
    [1_400_000, '1.4 MB'],
    [158_000_000, '158 MB'],
    [999_600, '1.0 MB'],
    [2_500_000_000, '2.5 GB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(thin(format.formatBytes(bytes))).toBe(text)
  })

  test('a volume is in ml, a tiny one in cubic millimetres', () => {
    expect(thin(format.formatVolume(126.94))).toBe('126.9 ml')
    expect(thin(format.formatVolume(0.0123))).toBe('12.3 mm³')
  })

  test('an area is in the unit that reads well', () => {
    expect(thin(format.formatArea(29_400))).toBe('294 cm²')
    expect(thin(format.formatArea(42))).toBe('42.0 mm²')
  })

  test('a shape is said columns first, without one slice', () => {
    expect(format.formatShape([20, 512, 640])).toBe('640 × 512 × 20')
    expect(format.formatShape([1, 768, 1024])).toBe('1024 × 768')
  })

  test('a spacing keeps the digits that matter', () => {
    expect(thin(format.formatSpacing([1.5, 1.5, 3], false))).toBe('1.50 × 1.50 × 3.00 mm')
    expect(thin(format.formatSpacing([0.343, 0.343, 1], true))).toBe('0.343 × 0.343 mm')
  })
})

describe('positions and values', () => {
  test('a position in LPS names its sides', () => {
    expect(thin(format.formatPatient([31.84, -102.7, 669.2]))).toBe('L 31.8 A 102.7 S 669.2 mm')
    expect(thin(format.formatPatient([-1, 2, -3]))).toBe('R 1.0 P 2.0 I 3.0 mm')
  })

  test('a value has its unit and a true minus', () => {
    expect(thin(format.formatValue(-1024, 'HU'))).toBe('−1024 HU')
    expect(format.formatValue(0.25, null)).toBe('0.250')
  })

  test('what rounds to zero has no sign', () => {
    expect(format.formatFixed(-0.01, 1)).toBe('0.0')
  })
})

describe('times', () => {
  test.each([
    ['2026-03-01T11:59:30Z', 'now'],
    ['2026-03-01T11:48:00Z', '12 min'],
    ['2026-03-01T10:00:00Z', '2 h'],
    ['2026-02-27T12:00:00Z', '2 d'],
    ['not a time', '–'],
  ])('%s is %s ago', (time, text) => {
    expect(thin(format.formatAge(time, NOW))).toBe(text)
  })

  test('a duration grows from seconds to hours', () => {
    expect([1.9, 41, 300, 13_680].map((seconds) => thin(format.formatDuration(seconds)))).toEqual([
      '1.9 s',
      '41 s',
      '5 min',
      '3 h 48 min',
    ])
  })

  test('active time is a clock', () => {
    expect(format.formatStopwatch(582_000)).toBe('09:42')
    expect(format.formatStopwatch(3_800_000)).toBe('1:03:20')
  })

  test('one is one and many are many', () => {
    expect(format.formatPlural(1, 'file')).toBe('1 file')
    expect(format.formatPlural(1484, 'file')).toBe('1,484 files')
  })
})
