import type { Pixels } from '../workers/pz1'

export interface CachedTile {
  readonly level: number
  readonly k: number
  readonly tj: number
  readonly ti: number
  readonly width: number
  readonly height: number
  readonly pixels: Pixels
}

/** Decoded tiles in main memory, the longest unused first out; pinned ones stay whatever the budget says. */
export class TileCache {
  private readonly tiles = new Map<number, CachedTile>()
  private used = 0

  constructor(private budget: number) {}

  get bytes(): number {
    return this.used
  }

  get size(): number {
    return this.tiles.size
  }

  has(key: number): boolean {
    return this.tiles.has(key)
  }

  /** Does not count as use: reading a value under the cursor must not keep a tile. */
  peek(key: number): CachedTile | undefined {
    return this.tiles.get(key)
  }

  use(key: number): CachedTile | undefined {
    const tile = this.tiles.get(key)
    if (tile === undefined) return undefined
    this.tiles.delete(key)
    this.tiles.set(key, tile)
    return tile
  }

  put(key: number, tile: CachedTile): void {
    const old = this.tiles.get(key)
    if (old !== undefined) this.used -= old.pixels.byteLength
    this.tiles.delete(key)
    this.tiles.set(key, tile)
    this.used += tile.pixels.byteLength
  }

  /** Drops the longest unused tiles until the budget holds; returns the keys that went. */
  evict(isPinned: (tile: CachedTile) => boolean): number[] {
    const gone: number[] = []
    if (this.used <= this.budget) return gone
    for (const [key, tile] of this.tiles) {
      if (this.used <= this.budget) break
      if (isPinned(tile)) continue
      this.tiles.delete(key)
      this.used -= tile.pixels.byteLength
      gone.push(key)
    }
    return gone
  }

  setBudget(bytes: number): void {
    this.budget = bytes
  }

  keys(): IterableIterator<number> {
    return this.tiles.keys()
  }

  clear(): void {
    this.tiles.clear()
    this.used = 0
  }
}
