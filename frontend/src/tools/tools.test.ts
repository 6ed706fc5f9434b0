import { beforeEach, describe, expect, test, vi } from 'vitest'
import { PIXEL_METRIC, type Voxel } from '../geometry/grid'
import type { Editor, Tool, ToolId, ToolPointer, ToolSettings, WindowLevel } from '../store/editor'
import { LabelStore } from '../store/label-store'
import { createTools } from './toolbox'

const pointer = (voxel: Voxel, change: Partial<ToolPointer> = {}): ToolPointer => ({
  voxel,
  x: voxel[0] * 10,
  y: voxel[1] * 10,
  shift: false,
  ctrl: false,
  alt: false,
  erase: false,
  ...change,
})

function setUp(change: Partial<ToolSettings> = {}, labels: LabelStore | null = new LabelStore([3, 40, 40])) {
  const settings: ToolSettings = { radiusMm: 2, shape: 'circle', activeNumber: 5, ...change }
  let window: WindowLevel = { center: 40, width: 400 }
  let crosshair: Voxel | null = null
  const pan = { x: 0, y: 0 }
  const refuse = vi.fn()
  const editor: Editor = {
    labels,
    shape: [3, 40, 40],
    metric: PIXEL_METRIC,
    settings,
    changeSettings: () => {},
    get window() {
      return window
    },
    setWindow: (next) => {
      window = next
    },
    valueRange: 65536,
    panBy: (dx, dy) => {
      pan.x += dx
      pan.y += dy
    },
    get crosshair() {
      return crosshair
    },
    setCrosshair: (voxel) => {
      crosshair = voxel
    },
    refuse,
  }
  const tools = createTools(editor)
  const tool = (id: ToolId): Tool => tools.find((candidate) => candidate.id === id)!
  return { editor, tools, tool, labels: labels!, pan, refuse }
}

describe('every tool', () => {
  const { tools } = setUp()

  test('has a name, a cursor and a key of its own', () => {
    expect(tools.map(({ id, label, cursor }) => [id, label.length > 0, cursor.length > 0])).toEqual(
      tools.map(({ id }) => [id, true, true]),
    )
    expect(new Set(tools.map(({ key }) => key)).size).toBe(tools.length)
  })

  test.each(tools.map((tool) => [tool.id, tool] as const))('%s is idle, busy while held, idle again', (_, tool) => {
    expect(tool.busy).toBe(false)
    tool.pointerMove(pointer([3, 3, 1]))
    tool.pointerUp(pointer([3, 3, 1]))
    expect(tool.busy).toBe(false)
    tool.pointerDown(pointer([3, 3, 1]))
    expect(tool.busy).toBe(true)
    tool.pointerUp(pointer([4, 3, 1]))
    expect(tool.busy).toBe(false)
    tool.cancel()
    expect(tool.busy).toBe(false)
  })
})

describe('brush', () => {
  let context: ReturnType<typeof setUp>
  beforeEach(() => {
    context = setUp()
  })

  test('a click paints one disc of the active number', () => {
    const { tool, labels } = context
    tool('brush').pointerDown(pointer([10, 10, 1]))
    tool('brush').pointerUp(pointer([10, 10, 1]))

    expect(labels.voxelCount(5)).toBe(13)
    expect(labels.labelAt(10, 12, 1)).toBe(5)
    expect(labels.labelAt(10, 10, 0)).toBe(0)
  })

  test('a drag is one stroke without gaps', () => {
    const { tool, labels } = context
    const strokes = vi.fn()
    labels.onStroke = strokes
    tool('brush').pointerDown(pointer([5, 5, 1]))
    tool('brush').pointerMove(pointer([30, 5, 1]))
    tool('brush').pointerUp(pointer([30, 20, 1]))

    expect(strokes).toHaveBeenCalledTimes(1)
    for (let i = 5; i <= 30; i++) expect(labels.labelAt(i, 5, 1)).toBe(5)
    for (let j = 5; j <= 20; j++) expect(labels.labelAt(30, j, 1)).toBe(5)
  })

  test('cancel restores exactly', () => {
    const { tool, labels } = context
    tool('brush').pointerDown(pointer([10, 10, 1]))
    tool('brush').pointerUp(pointer([10, 10, 1]))
    tool('brush').pointerDown(pointer([12, 10, 1], { erase: true }))
    tool('brush').pointerMove(pointer([8, 10, 1]))
    tool('brush').cancel()

    expect(labels.voxelCount(5)).toBe(13)
    expect(labels.isDrawing).toBe(false)
  })

  test('a wheel step during a drag does not paint the slices between', () => {
    const { tool, labels } = context
    tool('brush').pointerDown(pointer([10, 10, 0]))
    tool('brush').pointerMove(pointer([20, 10, 2]))
    tool('brush').pointerUp(pointer([20, 10, 2]))

    expect([0, 1, 2].map((k) => labels.labelAt(10, 10, k))).toEqual([5, 0, 0])
    expect(labels.labelAt(20, 10, 2)).toBe(5)
  })

  test.each([
    ['shift', { shift: true }],
    ["the pen's eraser end", { erase: true }],
  ])('%s erases', (_, change) => {
    const { tool, labels } = context
    tool('brush').pointerDown(pointer([10, 10, 1]))
    tool('brush').pointerUp(pointer([10, 10, 1]))
    tool('brush').pointerDown(pointer([10, 10, 1], change))
    tool('brush').pointerUp(pointer([10, 10, 1], change))

    expect(labels.voxelCount(5)).toBe(0)
  })

  test('the eraser needs no segment', () => {
    const { tool, refuse } = setUp({ activeNumber: null })
    tool('eraser').pointerDown(pointer([10, 10, 1]))

    expect(tool('eraser').busy).toBe(true)
    expect(refuse).not.toHaveBeenCalled()
  })

  test('without a segment it says so and stays idle', () => {
    const { tool, refuse } = setUp({ activeNumber: null })
    tool('brush').pointerDown(pointer([10, 10, 1]))

    expect(refuse).toHaveBeenCalledWith('no-segment')
    expect(tool('brush').busy).toBe(false)
  })

  test('without labels it is read-only', () => {
    const { tool, refuse } = setUp({}, null)
    tool('brush').pointerDown(pointer([10, 10, 1]))

    expect(refuse).toHaveBeenCalledWith('read-only')
  })

  test('a sphere crosses slices', () => {
    const { tool, labels } = setUp({ shape: 'sphere' })
    tool('brush').pointerDown(pointer([10, 10, 1]))
    tool('brush').pointerUp(pointer([10, 10, 1]))

    // Radius 2 in three slices: 9 + 13 + 9.
    expect(labels.voxelCount(5)).toBe(31)
  })
})

describe('pan, window, crosshair', () => {
  test('pan follows the pointer and cancel puts it back', () => {
    const { tool, pan } = setUp()
    tool('pan').pointerDown(pointer([0, 0, 0]))
    tool('pan').pointerMove(pointer([1, 2, 0]))
    expect(pan).toEqual({ x: 10, y: 20 })
    tool('pan').cancel()

    expect(pan).toEqual({ x: 0, y: 0 })
  })

  test('window: right is wider, down raises the centre, cancel restores', () => {
    const { tool, editor } = setUp()
    tool('window').pointerDown(pointer([0, 0, 0]))
    tool('window').pointerMove(pointer([22, 11, 0]))
    expect(editor.window).toEqual({ center: 40 + 200, width: 800 })
    tool('window').cancel()

    expect(editor.window).toEqual({ center: 40, width: 400 })
  })

  test('window never closes nor grows without end', () => {
    const { tool, editor } = setUp()
    tool('window').pointerDown(pointer([0, 0, 0]))
    tool('window').pointerMove(pointer([-9999, 0, 0]))
    expect(editor.window.width).toBeGreaterThan(0)
    tool('window').pointerMove(pointer([9999, 0, 0]))

    expect(editor.window.width).toBe(2 * 65536)
  })

  test('crosshair is on a voxel of the image, and cancel restores', () => {
    const { tool, editor } = setUp()
    tool('crosshair').pointerDown(pointer([3.4, 5.6, 1]))
    expect(editor.crosshair).toEqual([3, 6, 1])
    tool('crosshair').pointerMove(pointer([-9, 5, 1]))
    expect(editor.crosshair).toEqual([3, 6, 1])
    tool('crosshair').cancel()

    expect(editor.crosshair).toBeNull()
  })
})
