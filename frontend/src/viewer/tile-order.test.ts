import { describe, expect, test } from 'vitest'
import { planLoading } from './load-plan'
import { Pyramid } from './pyramid'
import { addressOf, fromMiddle, outwards, TileOrder, tileKey } from './tile-order'
import type { ViewerImage } from './view-state'

type Levels = ViewerImage['pixels']['levels']

const image = (levels: Levels): ViewerImage => ({
  id: 'x',
  modality: 'CT',
  kind: 'volume',
  shape: levels[0]!.shape,
  channels: 1,
  dtype: 'int16',
  affine: null,
  spacing: null,
  spacingSource: null,
  frameOfReference: null,
  rescale: { slope: [1], intercept: [0] },
  unit: null,
  window: null,
  photometric: 'MONOCHROME2',
  pixels: { tile: 512, levels },
})

describe('order of the pixel file', () => {
  test('slices go from the middle outwards', () => {
    expect(fromMiddle(5)).toEqual([2, 3, 1, 4, 0])
    expect(fromMiddle(4)).toEqual([2, 3, 1, 0])
    expect(fromMiddle(1)).toEqual([0])
  })

  test('the slice ahead comes first when scrolling down', () => {
    expect(outwards(1, 5, -1)).toEqual([1, 0, 2, 3, 4])
  })

  test('the first tile is a group alone, then eight each', () => {
    const order = new TileOrder([3, 1000, 1500], 512) // 2 × 3 tiles a slice

    expect(order.groups).toBe(1 + Math.ceil(17 / 8))
    expect(order.tilesOf(0)).toEqual([{ k: 1, tj: 0, ti: 0 }])
    expect(order.tilesOf(1)).toEqual([
      { k: 1, tj: 0, ti: 1 },
      { k: 1, tj: 0, ti: 2 },
      { k: 1, tj: 1, ti: 0 },
      { k: 1, tj: 1, ti: 1 },
      { k: 1, tj: 1, ti: 2 },
      { k: 2, tj: 0, ti: 0 },
      { k: 2, tj: 0, ti: 1 },
      { k: 2, tj: 0, ti: 2 },
    ])
    expect(order.tilesOf(3)).toEqual([{ k: 0, tj: 1, ti: 2 }])
  })

  test('each tile is in the group that lists it', () => {
    const order = new TileOrder([7, 1100, 600], 512)

    const found = Array.from({ length: order.groups }, (_, group) =>
      order.tilesOf(group).map((tile) => ({ ...tile, group })),
    ).flat()

    expect(found).toHaveLength(7 * 6)
    for (const { k, tj, ti, group } of found) expect(order.groupOf(k, tj, ti)).toBe(group)
  })

  test('a key holds its address', () => {
    expect(addressOf(tileKey(11, 65535, 1023, 1022))).toEqual({ level: 11, k: 65535, tj: 1023, ti: 1022 })
  })
})

describe('load plan', () => {
  const volume = new Pyramid(image([{ level: 0, shape: [20, 512, 512], groups: 4 }]))
  const xray = new Pyramid(
    image([
      { level: 0, shape: [1, 3000, 3000], groups: 6 },
      { level: 1, shape: [1, 1500, 1500], groups: 2 },
      { level: 2, shape: [1, 750, 750], groups: 2 },
      { level: 3, shape: [1, 375, 375], groups: 1 },
    ]),
  )
  const everything = { x0: 0, y0: 0, x1: 3000, y1: 3000 }
  const nothing = (): boolean => false

  test('a volume starts with the slice on screen and ends with all', () => {
    const view = { k: 10, direction: 1, level: 0, visible: { x0: 0, y0: 0, x1: 512, y1: 512 } } as const
    const { groups, urgent } = planLoading(volume, view, 'volume', 1e9, nothing)

    expect(urgent).toEqual([tileKey(0, 10, 0, 0)])
    expect(groups.map(({ group }) => group)).toEqual([0, 1, 2, 3])
  })

  test('after a jump its group comes first', () => {
    const view = { k: 1, direction: 1, level: 0, visible: { x0: 0, y0: 0, x1: 512, y1: 512 } } as const

    expect(planLoading(volume, view, 'volume', 1e9, nothing).groups[0]).toEqual({ level: 0, group: 3 })
  })

  test('a small budget keeps to the slices around', () => {
    const view = { k: 10, direction: 1, level: 0, visible: { x0: 0, y0: 0, x1: 512, y1: 512 } } as const

    expect(planLoading(volume, view, 'volume', 3 * 512 * 512 * 2, nothing).groups.map(({ group }) => group)).toEqual([
      0, 1,
    ])
  })

  test('what is here is not fetched again', () => {
    const view = { k: 10, direction: 1, level: 0, visible: { x0: 0, y0: 0, x1: 512, y1: 512 } } as const

    expect(planLoading(volume, view, 'volume', 1e9, () => true).groups).toEqual([])
  })

  test('a large picture starts coarse, then what is in sight, then the rest', () => {
    const view = { k: 0, direction: 1, level: 1, visible: everything } as const
    const { groups, urgent } = planLoading(xray, view, 'paged', 1e9, nothing)

    expect(urgent).toHaveLength(9)
    expect(groups[0]).toEqual({ level: 3, group: 0 })
    expect(groups.slice(1, 3).map(({ level }) => level)).toEqual([1, 1])
    expect(groups).toHaveLength(6 + 2 + 2 + 1)
  })

  test('zoomed in, only the tiles in sight are urgent, the middle one first', () => {
    const view = { k: 0, direction: 1, level: 0, visible: { x0: 900, y0: 900, x1: 1600, y1: 1500 } } as const
    const { urgent } = planLoading(xray, view, 'paged', 1e9, nothing)

    expect(new Set(urgent)).toEqual(new Set([1, 2].flatMap((tj) => [1, 2, 3].map((ti) => tileKey(0, 0, tj, ti)))))
    expect(urgent[0]).toBe(tileKey(0, 0, 2, 2))
  })

  test.each([
    [4, 0],
    [1, 0],
    [0.6, 0],
    [0.5, 1],
    [0.26, 1],
    [0.25, 2],
    [0.01, 3],
  ])('%d device pixels a voxel need level %d', (scale, level) => {
    expect(xray.levelFor(scale)).toBe(level)
  })
})
