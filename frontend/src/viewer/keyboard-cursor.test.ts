import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Voxel } from '../geometry/grid'
import type { Tool, ToolPointer } from '../store/editor'
import { KeyboardCursor } from './keyboard-cursor'

function setUp() {
  const element = document.createElement('div')
  element.tabIndex = 0
  document.body.append(element)
  const calls: [string, Voxel][] = []
  const note = (name: string) => (pointer?: ToolPointer) => calls.push([name, pointer?.voxel ?? [-1, -1, -1]])
  const tool = {
    busy: true,
    pointerDown: note('down'),
    pointerMove: note('move'),
    pointerUp: note('up'),
    cancel: note('cancel'),
  }
  const shown: (Voxel | null)[] = []
  const pointerOn = (voxel: Voxel): ToolPointer => ({
    voxel,
    x: 0,
    y: 0,
    shift: false,
    ctrl: false,
    alt: false,
    erase: false,
  })
  const cursor = new KeyboardCursor(element, {
    shape: [3, 20, 20],
    activeTool: () => tool as unknown as Tool,
    startVoxel: () => [9.6, 10.2, 1],
    pointerOn,
    // A mirrored image: to the right on the screen is down in i.
    step: (right, down) => [-right * 0.3, down * 0.3],
    largeStep: () => 4,
    show: (pointer) => shown.push(pointer?.voxel ?? null),
  })
  const outside = vi.fn()
  document.body.addEventListener('keydown', outside)
  const press = (key: string, change: KeyboardEventInit = {}) =>
    element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...change }))
  return { cursor, calls, shown, press, outside }
}

describe('KeyboardCursor', () => {
  let context: ReturnType<typeof setUp>
  beforeEach(() => {
    document.body.replaceChildren()
    context = setUp()
  })

  test('leaves all keys alone until Ctrl + Space', () => {
    context.press('ArrowRight')
    context.press(' ')

    expect(context.outside).toHaveBeenCalledTimes(2)
    expect(context.calls).toEqual([])
  })

  test('arrows move by a voxel as the screen shows it, shift by the radius', () => {
    context.press(' ', { ctrlKey: true })
    context.press('ArrowRight')
    context.press('ArrowDown', { shiftKey: true })

    expect(context.shown).toEqual([
      [10, 10, 1],
      [9, 10, 1],
      [9, 14, 1],
    ])
    expect(context.outside).not.toHaveBeenCalled()
  })

  test('stays on the image', () => {
    context.press(' ', { ctrlKey: true })
    for (let n = 0; n < 9; n++) context.press('ArrowLeft', { shiftKey: true })

    expect(context.shown.at(-1)).toEqual([18, 10, 1])
  })

  test('Space stamps, Enter draws from an anchor', () => {
    context.press(' ', { ctrlKey: true })
    context.press(' ')
    context.press('Enter')
    context.press('ArrowRight')
    context.press('Enter')

    expect(context.calls).toEqual([
      ['down', [10, 10, 1]],
      ['up', [10, 10, 1]],
      ['down', [10, 10, 1]],
      ['up', [9, 10, 1]],
    ])
  })

  test('Escape drops a line that was begun and hides the cursor', () => {
    context.press(' ', { ctrlKey: true })
    context.press('Enter')
    context.press('Escape')

    expect(context.calls.at(-1)?.[0]).toBe('cancel')
    expect(context.shown.at(-1)).toBeNull()
    expect(context.cursor.isOn).toBe(false)
  })

  test('after dispose no key is heard', () => {
    context.cursor.dispose()
    context.press(' ', { ctrlKey: true })

    expect(context.shown).toEqual([])
  })
})
