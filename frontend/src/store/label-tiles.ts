import type { Shape } from '../geometry/grid'
import { draw, eachRun, type Patch, undraw } from '../labelmap/patch'
import { LABEL_TILE, type TilePosition, tileSize } from '../labelmap/position'

/** A changed part of one slice of one layer; the upper ends are not included. */
export interface DirtyBox {
  layer: number
  k: number
  i0: number
  j0: number
  i1: number
  j1: number
}

/** One tile that holds something: its voxels, and the part of it that listeners have not heard of yet. */
export interface LabelTile {
  readonly position: TilePosition
  readonly width: number
  readonly height: number
  voxels: Uint16Array
  /** Voxels that are not background; a tile without any is dropped. */
  filled: number
  dirty: DirtyBox | null
}

const NUMBERS = 0x10000

/**
 * The voxels of a labelmap as tiles that exist only where something is drawn, with the voxel count of each number kept as it
 * changes and the changed boxes collected for the viewer.
 */
export class LabelTiles {
  readonly columns: number
  readonly rows: number
  readonly counts = new Float64Array(NUMBERS)
  onDirty: () => void = () => {}
  private readonly tiles = new Map<number, LabelTile>()
  private dirty: LabelTile[] = []

  constructor(readonly shape: Shape) {
    this.columns = Math.ceil(shape[2] / LABEL_TILE)
    this.rows = Math.ceil(shape[1] / LABEL_TILE)
  }

  get byteLength(): number {
    let bytes = this.counts.byteLength
    for (const tile of this.tiles.values()) bytes += tile.voxels.byteLength
    return bytes
  }

  key(layer: number, k: number, tj: number, ti: number): number {
    return ((layer * this.shape[0] + k) * this.rows + tj) * this.columns + ti
  }

  keyOf({ layer, k, tj, ti }: TilePosition): number {
    return this.key(layer, k, tj, ti)
  }

  get(key: number): LabelTile | undefined {
    return this.tiles.get(key)
  }

  all(): IterableIterator<LabelTile> {
    return this.tiles.values()
  }

  /** The tile at `position`, made of background if there is none. */
  ensure(position: TilePosition): LabelTile {
    const key = this.keyOf(position)
    const known = this.tiles.get(key)
    if (known !== undefined) return known
    const size = tileSize(this.shape, position)
    if (size === null) throw new RangeError(`no tile at ${JSON.stringify(position)}`)
    const tile: LabelTile = {
      position,
      ...size,
      voxels: new Uint16Array(size.width * size.height),
      filled: 0,
      dirty: null,
    }
    this.tiles.set(key, tile)
    return tile
  }

  /** Adds to what listeners are told: columns [x0, x1) and rows [y0, y1) of the tile. */
  touch(tile: LabelTile, x0: number, y0: number, x1: number, y1: number): void {
    const { layer, k, tj, ti } = tile.position
    const i = ti * LABEL_TILE
    const j = tj * LABEL_TILE
    const box = tile.dirty
    if (box === null) {
      tile.dirty = { layer, k, i0: i + x0, j0: j + y0, i1: i + x1, j1: j + y1 }
      this.dirty.push(tile)
      if (this.dirty.length === 1) this.onDirty()
      return
    }
    if (i + x0 < box.i0) box.i0 = i + x0
    if (j + y0 < box.j0) box.j0 = j + y0
    if (i + x1 > box.i1) box.i1 = i + x1
    if (j + y1 > box.j1) box.j1 = j + y1
  }

  /** The boxes changed since the last call. */
  takeDirty(): DirtyBox[] {
    const boxes = this.dirty.flatMap(({ dirty }) => (dirty === null ? [] : [dirty]))
    for (const tile of this.dirty) tile.dirty = null
    this.dirty = []
    return boxes
  }

  /** Draws a patch where its `before` holds; returns the part that changed something. */
  draw(position: TilePosition, patch: Patch): Patch {
    if (patch.starts.length === 0) return patch
    const tile = this.ensure(position)
    const drawn = draw(tile.voxels, patch)
    this.count(tile, drawn, 1)
    return drawn
  }

  /** Takes back what `draw` returned. */
  undraw(position: TilePosition, drawn: Patch): void {
    if (drawn.starts.length === 0) return
    const tile = this.ensure(position)
    undraw(tile.voxels, drawn)
    this.count(tile, drawn, -1)
  }

  /** Replaces a tile by what the server has. The store owns `voxels` from now on. */
  replace(position: TilePosition, voxels: Uint16Array): void {
    const tile = this.ensure(position)
    const { width, voxels: old } = tile
    const { length } = voxels
    let first = 0
    while (first < length && old[first] === voxels[first]) first++
    if (first < length) {
      let last = length - 1
      while (old[last] === voxels[last]) last--
      if (tile.filled > 0) this.countAll(old, -1)
      tile.filled = this.countAll(voxels, 1)
      tile.voxels = voxels
      this.touch(tile, 0, Math.floor(first / width), width, Math.floor(last / width) + 1)
    }
    this.prune(tile)
  }

  /** Drops a tile that has become background. */
  prune(tile: LabelTile): void {
    if (tile.filled === 0) this.tiles.delete(this.keyOf(tile.position))
  }

  /** Counts by runs: tiles are mostly long ones. Returns how many voxels are not background. */
  private countAll(voxels: Uint16Array, sign: 1 | -1): number {
    const { counts } = this
    const { length } = voxels
    let filled = 0
    for (let start = 0; start < length; ) {
      const value = voxels[start] ?? 0
      let end = start + 1
      while (end < length && voxels[end] === value) end++
      if (value !== 0) {
        counts[value] = (counts[value] ?? 0) + sign * (end - start)
        filled += end - start
      }
      start = end
    }
    return filled
  }

  private count(tile: LabelTile, patch: Patch, sign: 1 | -1): void {
    const { counts } = this
    const { width } = tile
    let y0 = tile.height
    let y1 = 0
    eachRun(patch, (start, end, before, after) => {
      const voxels = sign * (end - start)
      counts[before] = (counts[before] ?? 0) - voxels
      counts[after] = (counts[after] ?? 0) + voxels
      if (before === 0) tile.filled += voxels
      if (after === 0) tile.filled -= voxels
      y0 = Math.min(y0, Math.floor(start / width))
      y1 = Math.max(y1, Math.ceil(end / width))
    })
    if (y0 < y1) this.touch(tile, 0, y0, width, y1)
    this.prune(tile)
  }
}
