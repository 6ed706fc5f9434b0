import type { Shape } from '../geometry/grid'

/** Which tile of which level: the address of the pixel file. */
export interface TileAddress {
  readonly level: number
  readonly k: number
  readonly tj: number
  readonly ti: number
}

export interface GroupAddress {
  readonly level: number
  readonly group: number
}

const TILES_PER_GROUP = 8

/** One number per address, for maps. */
export function tileKey(level: number, k: number, tj: number, ti: number): number {
  return ((level * 0x10000 + k) * 0x400 + tj) * 0x400 + ti
}

/** The order of tiles in a level of the pixel file: slices from the middle outwards, rows of tiles inside a slice. */
export class TileOrder {
  readonly tilesAcross: number
  readonly tilesDown: number
  readonly perSlice: number
  readonly groups: number
  private readonly slices: number[]
  private readonly rank: number[]

  constructor(
    readonly shape: Shape,
    readonly tile: number,
  ) {
    const [slices, rows, columns] = shape
    this.tilesAcross = Math.ceil(columns / tile)
    this.tilesDown = Math.ceil(rows / tile)
    this.perSlice = this.tilesAcross * this.tilesDown
    this.slices = fromMiddle(slices)
    this.rank = new Array<number>(slices).fill(0)
    this.slices.forEach((k, place) => {
      this.rank[k] = place
    })
    this.groups = 1 + Math.ceil((slices * this.perSlice - 1) / TILES_PER_GROUP)
  }

  /** Group 0 is the first tile alone, then eight tiles each. */
  groupOf(k: number, tj: number, ti: number): number {
    const n = (this.rank[k] ?? 0) * this.perSlice + tj * this.tilesAcross + ti
    return Math.ceil(n / TILES_PER_GROUP)
  }

  tilesOf(group: number): { k: number; tj: number; ti: number }[] {
    const first = group === 0 ? 0 : (group - 1) * TILES_PER_GROUP + 1
    const end = Math.min(this.slices.length * this.perSlice, group === 0 ? 1 : first + TILES_PER_GROUP)
    const tiles: { k: number; tj: number; ti: number }[] = []
    for (let n = first; n < end; n++) {
      const inside = n % this.perSlice
      const k = this.slices[Math.floor(n / this.perSlice)] ?? 0
      tiles.push({ k, tj: Math.floor(inside / this.tilesAcross), ti: inside % this.tilesAcross })
    }
    return tiles
  }
}

/** m, m + 1, m − 1, m + 2, … with m = count // 2; those out of range are left out. */
export function fromMiddle(count: number): number[] {
  return outwards(Math.floor(count / 2), count, 1)
}

/** `from`, then its neighbours at growing distance, the side of `direction` first. */
export function outwards(from: number, count: number, direction: 1 | -1): number[] {
  const order: number[] = []
  for (let step = 0; order.length < count; step++) {
    const near = from + step * direction
    const far = from - step * direction
    if (near >= 0 && near < count) order.push(near)
    if (step > 0 && far >= 0 && far < count) order.push(far)
  }
  return order
}

export function addressOf(key: number): TileAddress {
  const ti = key % 0x400
  const tj = Math.floor(key / 0x400) % 0x400
  const k = Math.floor(key / 0x100000) % 0x10000
  return { level: Math.floor(key / 0x1000000000), k, tj, ti }
}
