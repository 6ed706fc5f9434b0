import type { Voxel } from '../geometry/grid'
import { DecodePool } from '../workers/client'
import type { DecodeReply } from '../workers/messages'
import { type LoadView, planLoading } from './load-plan'
import type { Pyramid } from './pyramid'
import { TileCache } from './tile-cache'
import { TileLoader } from './tile-loader'
import { type GroupAddress, tileKey } from './tile-order'
import type { ViewerImage, ViewerOptions } from './view-state'

/** Slices about the one on screen that stay in memory whatever the budget. */
const PINNED_SLICES = 8

export interface FailedTileMark {
  readonly level: number
  readonly k: number
  readonly tj: number
  readonly ti: number
  readonly reason: string
}

export interface ImageLoaderEvents {
  onTiles(keys: readonly number[]): void
  onProblem(): void
}

/** Brings an image's tiles into memory in the order the view wants them, and reads values from them. */
export class ImageLoader {
  readonly cache: TileCache
  readonly failed = new Map<number, FailedTileMark>()
  problem: string | null = null
  private readonly pool = new DecodePool()
  private readonly loader: TileLoader
  private readonly loadedInSlice: Uint16Array
  private view: LoadView | null = null
  private mode: 'volume' | 'paged' = 'paged'
  private urgent: readonly number[] = []

  constructor(
    private readonly image: ViewerImage,
    private readonly pyramid: Pyramid,
    fetchGroup: ViewerOptions['fetchGroup'],
    private budget: number,
    private readonly events: ImageLoaderEvents,
  ) {
    this.cache = new TileCache(budget)
    this.loadedInSlice = new Uint16Array(pyramid.base.shape[0])
    this.loader = new TileLoader(this.pool, {
      fetchGroup,
      formatOf: (level) => ({
        dtype: image.dtype,
        channels: image.channels,
        shape: pyramid.level(level).shape,
        tile: pyramid.tile,
      }),
      onGroup: (address, reply) => this.take(address, reply),
      onProblem: (reason) => {
        this.problem = reason
        this.events.onProblem()
      },
    })
  }

  look(view: LoadView, mode: 'volume' | 'paged'): void {
    this.view = view
    this.mode = mode
    const isDone = (key: number): boolean => this.cache.has(key) || this.failed.has(key)
    const plan = planLoading(this.pyramid, view, mode, this.budget * 0.9, isDone)
    this.urgent = plan.urgent
    this.loader.want(plan.groups, !this.viewIsComplete())
  }

  /** Whether all that the view shows is here, at its resolution. */
  viewIsComplete(): boolean {
    return this.urgent.every((key) => this.cache.has(key) || this.failed.has(key))
  }

  get urgentKeys(): readonly number[] {
    return this.urgent
  }

  get complete(): boolean {
    return this.loader.idle
  }

  get tilesLoaded(): number {
    return this.cache.size + this.failed.size
  }

  get tilesWanted(): number {
    if (this.mode === 'paged') return this.complete ? this.tilesLoaded : Math.max(this.tilesLoaded + 1, this.allTiles())
    const { shape, perSlice } = this.pyramid.base
    return shape[0] * perSlice
  }

  get slicesLoaded(): number {
    const { perSlice } = this.pyramid.base
    return this.loadedInSlice.reduce((sum, count) => sum + (count >= perSlice ? 1 : 0), 0)
  }

  /** Values at a voxel in the image's unit, one per channel; null while its tile is not here. */
  valueAt([i, j, k]: Voxel): readonly number[] | null {
    const side = this.pyramid.tile
    const [tj, ti] = [Math.floor(j / side), Math.floor(i / side)]
    const tile = this.cache.peek(tileKey(0, k, tj, ti))
    if (tile === undefined) return null
    const p = (j - tj * side) * tile.width + (i - ti * side)
    if (this.image.channels === 3) return [...tile.pixels.subarray(4 * p, 4 * p + 3)]
    const raw = tile.pixels[p]
    if (raw === undefined) return null
    const [slope, intercept] = rescaleOf(this.image, k)
    return [raw * slope + intercept]
  }

  setBudget(bytes: number): void {
    this.budget = bytes
    this.cache.setBudget(bytes)
    this.evict()
  }

  dispose(): void {
    this.loader.dispose()
    this.pool.dispose()
    this.cache.clear()
  }

  private allTiles(): number {
    return this.pyramid.levels.reduce((sum, order) => sum + order.shape[0] * order.perSlice, 0)
  }

  private take({ level, group }: GroupAddress, reply: DecodeReply): void {
    const keys: number[] = []
    for (const tile of reply.tiles) {
      const key = tileKey(level, tile.k, tile.tj, tile.ti)
      if (level === 0 && !this.cache.has(key)) this.count(tile.k, 1)
      this.cache.put(key, { level, ...tile })
      keys.push(key)
    }
    for (const { k, tj, ti, reason } of reply.failed) this.fail({ level, k, tj, ti, reason })
    for (const { k, tj, ti } of this.pyramid.level(level).tilesOf(group)) {
      const reason = reply.broken ?? 'the tile is missing from its group'
      if (!this.cache.has(tileKey(level, k, tj, ti))) this.fail({ level, k, tj, ti, reason })
    }
    const bad = reply.broken !== null || reply.failed.length > 0
    if (bad || this.failed.size === 0) this.problem = reply.broken ?? reply.failed[0]?.reason ?? null
    this.evict()
    this.events.onTiles(keys)
  }

  private fail(mark: FailedTileMark): void {
    const key = tileKey(mark.level, mark.k, mark.tj, mark.ti)
    if (!this.failed.has(key)) this.failed.set(key, mark)
  }

  private evict(): void {
    const k = this.view?.k ?? 0
    const gone = this.cache.evict((tile) => Math.abs(tile.k - k) <= PINNED_SLICES)
    for (const key of gone) if (key < tileKey(1, 0, 0, 0)) this.count(Math.floor(key / 0x100000), -1)
  }

  private count(k: number, by: number): void {
    this.loadedInSlice[k] = (this.loadedInSlice[k] ?? 0) + by
  }
}

/** Slope and intercept of a slice: PET has its own for each. */
export function rescaleOf(image: ViewerImage, k: number): readonly [slope: number, intercept: number] {
  const { slope, intercept } = image.rescale
  return [slope[k] ?? slope[0] ?? 1, intercept[k] ?? intercept[0] ?? 0]
}
