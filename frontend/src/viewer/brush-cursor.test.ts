import { describe, expect, test } from 'vitest'
import { BrushCursorView, cursorPath } from './brush-cursor'

describe('BrushCursorView', () => {
  test('lies about the pointer and goes when there is none', () => {
    const root = document.createElement('div')
    const view = new BrushCursorView(root)
    const svg = root.querySelector('svg')

    view.show({ x: 100, y: 50, radius: 10.2, erases: false })
    expect(svg?.style.display).toBe('')
    expect(svg?.getAttribute('width')).toBe('28')
    expect(svg?.style.transform).toBe('translate(86px, 36px)')

    view.show(null)
    expect(svg?.style.display).toBe('none')
  })

  test('an eraser has a minus, a brush a plus, a tiny one neither', () => {
    const lines = (path: string): number => path.split(/[hv]/).length - 1

    expect(lines(cursorPath(20, 10, false))).toBe(2)
    expect(lines(cursorPath(20, 10, true))).toBe(1)
    expect(lines(cursorPath(20, 3, false))).toBe(0)
  })
})
