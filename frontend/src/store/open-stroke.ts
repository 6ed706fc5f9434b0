import { type Patch, PatchBuilder } from '../labelmap/patch'
import { LABEL_TILE } from '../labelmap/position'
import type { TilePatch } from '../labelmap/stroke-body'
import type { LabelTile, LabelTiles } from './label-tiles'

/** What one tile looked like before the stroke: the rows it touched, and the columns in which it changed something. */
interface Backup {
  readonly tile: LabelTile
  readonly rows: (Uint16Array | undefined)[]
  x0: number
  x1: number
}

/** The rules of painting at the moment: who is locked, and where each number lives. */
export interface PaintRules {
  /** 1 where a number may not be changed. */
  readonly locked: Uint8Array
  readonly layers: readonly number[]
  layerOf(number: number): number
}

/**
 * The voxels of one stroke while it is drawn. It writes into the tiles at once and keeps the touched rows as they were, so that
 * a rollback restores exactly and the patch at the end holds only what really changed, however often it was passed over.
 */
export class StrokeVoxels {
  changed = 0
  private readonly backups = new Map<number, Backup>()
  private lastKey = -1
  private last: Backup | null = null

  constructor(
    private readonly tiles: LabelTiles,
    private readonly rules: PaintRules,
    private readonly allow: ((before: number) => boolean) | null,
  ) {}

  fillRun(k: number, j: number, i0: number, i1: number, number: number): void {
    const [slices, rows, columns] = this.tiles.shape
    const start = Math.max(0, i0)
    const end = Math.min(columns, i1)
    if (k < 0 || k >= slices || j < 0 || j >= rows || start >= end) return
    if (number !== 0 && this.rules.locked[number] === 1) return
    const { layers } = this.rules
    const only = layers[0]
    if (layers.length === 1 && only !== undefined) this.fillLayer(only, k, j, start, end, number)
    else this.fillLayers(k, j, start, end, number)
  }

  /** The changed runs, tile by tile; the stroke is over. */
  patches(): TilePatch[] {
    const found: TilePatch[] = []
    for (const backup of this.backups.values()) {
      const patch = difference(backup)
      if (patch !== null) found.push({ position: backup.tile.position, patch })
      this.tiles.prune(backup.tile)
    }
    return found
  }

  /** Puts every voxel back. */
  restore(): void {
    const { counts } = this.tiles
    for (const { tile, rows, x0, x1 } of this.backups.values()) {
      rows.forEach((row, y) => {
        if (row === undefined) return
        const offset = y * tile.width
        for (let x = x0; x < x1; x++) {
          const now = tile.voxels[offset + x] ?? 0
          const was = row[x] ?? 0
          if (now === was) continue
          tile.voxels[offset + x] = was
          counts[now] = (counts[now] ?? 0) - 1
          counts[was] = (counts[was] ?? 0) + 1
          tile.filled += (was === 0 ? 0 : 1) - (now === 0 ? 0 : 1)
        }
        if (x0 < x1) this.tiles.touch(tile, x0, y, x1, y + 1)
      })
      this.tiles.prune(tile)
    }
    this.changed = 0
  }

  /** Paints only where no other layer holds a locked voxel, and clears the other layers there. */
  private fillLayers(k: number, j: number, i0: number, i1: number, number: number): void {
    const target = number === 0 ? null : this.rules.layerOf(number)
    for (let start = i0; start < i1; ) {
      const isFree = this.isFree(k, j, start)
      let end = start + 1
      while (end < i1 && this.isFree(k, j, end) === isFree) end++
      if (isFree) {
        for (const layer of this.rules.layers) this.fillLayer(layer, k, j, start, end, layer === target ? number : 0)
      }
      start = end
    }
  }

  private isFree(k: number, j: number, i: number): boolean {
    const tj = Math.floor(j / LABEL_TILE)
    const ti = Math.floor(i / LABEL_TILE)
    return this.rules.layers.every((layer) => {
      const tile = this.tiles.get(this.tiles.key(layer, k, tj, ti))
      if (tile === undefined) return true
      const value = tile.voxels[(j - tj * LABEL_TILE) * tile.width + (i - ti * LABEL_TILE)] ?? 0
      return this.rules.locked[value] !== 1
    })
  }

  private fillLayer(layer: number, k: number, j: number, i0: number, i1: number, number: number): void {
    const tj = Math.floor(j / LABEL_TILE)
    const y = j - tj * LABEL_TILE
    for (let start = i0; start < i1; ) {
      const ti = Math.floor(start / LABEL_TILE)
      const left = ti * LABEL_TILE
      const end = Math.min(i1, left + LABEL_TILE)
      const key = this.tiles.key(layer, k, tj, ti)
      if (number !== 0 || key === this.lastKey || this.tiles.get(key) !== undefined) {
        if (key !== this.lastKey) {
          this.last = this.backupOf(key, layer, k, tj, ti)
          this.lastKey = key
        }
        if (this.last !== null) this.fillRow(this.last, y, start - left, end - left, number)
      }
      start = end
    }
  }

  private backupOf(key: number, layer: number, k: number, tj: number, ti: number): Backup {
    const known = this.backups.get(key)
    if (known !== undefined) return known
    const tile = this.tiles.ensure({ layer, k, tj, ti })
    const backup: Backup = { tile, rows: [], x0: tile.width, x1: 0 }
    this.backups.set(key, backup)
    return backup
  }

  private fillRow(backup: Backup, y: number, x0: number, x1: number, number: number): void {
    const { tile, rows } = backup
    const { voxels, width } = tile
    const { locked } = this.rules
    const { counts } = this.tiles
    const offset = y * width
    let row = rows[y]
    let first = -1
    let end = -1
    let painted = 0
    let filled = 0
    for (let x = x0; x < x1; x++) {
      const old = voxels[offset + x] ?? 0
      if (old === number || locked[old] === 1 || (this.allow !== null && !this.allow(old))) continue
      if (row === undefined) {
        row = voxels.slice(offset, offset + width)
        rows[y] = row
      }
      const was = row[x]
      if (old === was) this.changed += 1
      else if (number === was) this.changed -= 1
      voxels[offset + x] = number
      counts[old] = (counts[old] ?? 0) - 1
      if (old === 0) filled += 1
      painted += 1
      if (first < 0) first = x
      end = x + 1
    }
    if (painted === 0) return
    counts[number] = (counts[number] ?? 0) + painted
    tile.filled += number === 0 ? -painted : filled
    if (first < backup.x0) backup.x0 = first
    if (end > backup.x1) backup.x1 = end
    this.tiles.touch(tile, first, y, end, y + 1)
  }
}

function difference({ tile, rows, x0, x1 }: Backup): Patch | null {
  const builder = new PatchBuilder()
  const { voxels, width } = tile
  for (let y = 0; y < rows.length; y++) {
    const row = rows[y]
    if (row === undefined) continue
    const offset = y * width
    for (let x = x0; x < x1; x++) {
      const after = voxels[offset + x] ?? 0
      const before = row[x] ?? 0
      if (after !== before) builder.add(offset + x, 1, before, after)
    }
  }
  return builder.isEmpty ? null : builder.finish()
}
