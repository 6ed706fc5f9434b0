import type { Rect } from '../geometry/camera'
import { pixelBytes } from '../workers/pz1'
import { addressOf, TileOrder, tileKey } from './tile-order'
import type { ViewerImage } from './view-state'

/** The levels of an image and where their tiles are; level n is 2ⁿ times coarser in the plane. */
export class Pyramid {
  readonly levels: readonly TileOrder[]
  readonly tile: number

  constructor(private readonly image: ViewerImage) {
    this.tile = image.pixels.tile
    const ordered = [...image.pixels.levels].sort((a, b) => a.level - b.level)
    if (ordered.length === 0) throw new RangeError('an image has at least one level')
    this.levels = ordered.map(({ shape }) => new TileOrder(shape, this.tile))
  }

  get base(): TileOrder {
    return this.level(0)
  }

  get coarsest(): number {
    return this.levels.length - 1
  }

  level(level: number): TileOrder {
    const order = this.levels[level]
    if (order === undefined) throw new RangeError(`no level ${level}`)
    return order
  }

  /** The coarsest level that still has a pixel for each device pixel of the screen. */
  levelFor(devicePixelsPerVoxel: number): number {
    const level = Math.floor(Math.log2(1 / Math.max(devicePixelsPerVoxel, 1e-6)) + 1e-6)
    return Math.min(this.coarsest, Math.max(0, level))
  }

  /** Tiles of slice k that a box of level-0 voxels touches, from its middle outwards. */
  tilesIn(level: number, k: number, box: Rect): number[] {
    const order = this.level(level)
    const side = this.tile * 2 ** level
    const [ti0, ti1] = [Math.max(0, Math.floor(box.x0 / side)), Math.min(order.tilesAcross, Math.ceil(box.x1 / side))]
    const [tj0, tj1] = [Math.max(0, Math.floor(box.y0 / side)), Math.min(order.tilesDown, Math.ceil(box.y1 / side))]
    const middle = [(box.x0 + box.x1) / 2 / side - 0.5, (box.y0 + box.y1) / 2 / side - 0.5] as const
    const found: { key: number; distance: number }[] = []
    for (let tj = tj0; tj < tj1; tj++) {
      for (let ti = ti0; ti < ti1; ti++) {
        found.push({ key: tileKey(level, k, tj, ti), distance: Math.hypot(ti - middle[0], tj - middle[1]) })
      }
    }
    return found.sort((a, b) => a.distance - b.distance).map(({ key }) => key)
  }

  /** Level-0 voxels of a tile, cut to the slice. */
  boxOf(key: number): Rect {
    const { level, tj, ti } = addressOf(key)
    const side = this.tile * 2 ** level
    const [, rows, columns] = this.base.shape
    return {
      x0: ti * side,
      y0: tj * side,
      x1: Math.min(columns, (ti + 1) * side),
      y1: Math.min(rows, (tj + 1) * side),
    }
  }

  levelBytes(level: number): number {
    const [slices, rows, columns] = this.level(level).shape
    return slices * pixelBytes(this.image, columns, rows)
  }

  get bytes(): number {
    return this.levels.reduce((sum, _, level) => sum + this.levelBytes(level), 0)
  }
}
