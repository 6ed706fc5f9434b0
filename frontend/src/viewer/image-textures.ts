import { join, type Rect } from '../geometry/camera'
import type { Gl } from './gl'
import { PagePool } from './page-pool'
import { PageTable } from './page-table'
import { allocate, type Extent, FarTexel, type SampleKind, type TexelLayout, texelLayout } from './pixel-texture'
import type { Pyramid } from './pyramid'
import type { CachedTile, TileCache } from './tile-cache'
import { addressOf, tileKey } from './tile-order'
import type { ViewerImage } from './view-state'

export interface TextureView {
  readonly k: number
  readonly level: number
  /** Tiles in sight at `level`, the most central first. */
  readonly keys: readonly number[]
}

export interface SyncResult {
  /** Level-0 voxels of the slice on screen that look different now; null: none. */
  readonly changed: Rect | null
  /** More is waiting for the next frame. */
  readonly pending: boolean
  readonly uploads: number
}

/** Where the image's voxels live on the GPU. */
export interface ImageTextures {
  readonly mode: 'volume' | 'paged'
  readonly sample: SampleKind
  readonly bytes: number
  readonly texture: WebGLTexture
  readonly table: PageTable
  /** Everything in sight is on the GPU at the wanted level, as of the last `sync`. */
  readonly complete: boolean
  /** Nothing of the slice on screen is on the GPU. */
  readonly empty: boolean
  /** A tile came from the server. */
  offer(key: number): void
  /** Uploads what the view needs at once, the rest until `deadline` (performance.now). */
  sync(view: TextureView, cache: TileCache, deadline: number): SyncResult
  dispose(): void
}

export interface TextureLimits {
  readonly gpuBytes: number
  readonly max3dTexture: number
}

/** A way to hold the image: tried in order until the driver keeps one. */
export type StoragePlan =
  | { readonly mode: 'volume'; readonly extent: Extent }
  | { readonly mode: 'paged'; readonly extent: Extent }

/** One 3-D texture if every side and the budget allow it; then pages of tiles, then fewer of them. */
export function storagePlans(gl: Gl, image: ViewerImage, pyramid: Pyramid, limits: TextureLimits): StoragePlan[] {
  const plans: StoragePlan[] = []
  const [slices, rows, columns] = pyramid.base.shape
  const fits = Math.max(slices, rows, columns) <= limits.max3dTexture && pyramid.levelBytes(0) <= limits.gpuBytes
  if (image.kind === 'volume' && slices > 1 && fits) {
    plans.push({ mode: 'volume', extent: { width: columns, height: rows, depth: slices } })
  }
  const [width, height] = [Math.min(pyramid.tile, columns), Math.min(pyramid.tile, rows)]
  const tiles = pyramid.levels.reduce((sum, order) => sum + order.shape[0] * order.perSlice, 0)
  const layers = gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS) as number
  const affordable = Math.max(1, Math.floor(limits.gpuBytes / (width * height * texelLayout(gl, image).bytes)))
  for (let pages = Math.min(tiles, layers, affordable); pages >= 1; pages = Math.floor(pages / 2)) {
    plans.push({ mode: 'paged', extent: { width, height, depth: pages } })
  }
  return plans
}

/** Textures of a plan; `check` says later whether the driver keeps them. */
export function createImageTextures(
  gl: Gl,
  image: ViewerImage,
  pyramid: Pyramid,
  { mode, extent }: StoragePlan,
): { readonly textures: ImageTextures; readonly check: FarTexel } {
  const layout = texelLayout(gl, image)
  const target = mode === 'volume' ? gl.TEXTURE_3D : gl.TEXTURE_2D_ARRAY
  const texture = allocate(gl, target, layout, extent)
  const check = new FarTexel(gl, target, texture, layout, extent)
  const textures =
    mode === 'volume'
      ? new VolumeTextures(gl, layout, pyramid, texture)
      : new PagedTextures(gl, layout, pyramid, texture, extent)
  return { textures, check }
}

function upload(gl: Gl, target: GLenum, layout: TexelLayout, tile: CachedTile, x: number, y: number, z: number): void {
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
  gl.texSubImage3D(target, 0, x, y, z, tile.width, tile.height, 1, layout.format, layout.type, tile.pixels)
}

class VolumeTextures implements ImageTextures {
  readonly mode = 'volume'
  readonly sample: SampleKind
  readonly bytes: number
  readonly table: PageTable
  complete = false
  empty = true
  private readonly resident = new Set<number>()
  private waiting = new Set<number>()

  constructor(
    private readonly gl: Gl,
    private readonly layout: TexelLayout,
    private readonly pyramid: Pyramid,
    readonly texture: WebGLTexture,
  ) {
    this.sample = layout.sample
    this.bytes = pyramid.levelBytes(0)
    this.table = new PageTable(gl, pyramid.base.tilesAcross, pyramid.base.tilesDown, 1)
  }

  offer(key: number): void {
    if (addressOf(key).level === 0 && !this.resident.has(key)) this.waiting.add(key)
  }

  sync(view: TextureView, cache: TileCache, deadline: number): SyncResult {
    const { tilesAcross, tilesDown } = this.pyramid.base
    let uploads = 0
    this.complete = true
    this.empty = true
    for (let tj = 0; tj < tilesDown; tj++) {
      for (let ti = 0; ti < tilesAcross; ti++) {
        const key = tileKey(0, view.k, tj, ti)
        if (!this.resident.has(key) && this.send(key, cache)) uploads++
        this.table.set(ti, tj, 0, this.resident.has(key) ? 1 : 0)
        this.complete &&= this.resident.has(key)
        this.empty &&= !this.resident.has(key)
      }
    }
    for (const key of this.waiting) {
      if (performance.now() >= deadline) break
      if (this.send(key, cache)) uploads++
      this.waiting.delete(key)
    }
    const [, rows, columns] = this.pyramid.base.shape
    const changed = this.table.flush() ? { x0: 0, y0: 0, x1: columns, y1: rows } : null
    return { changed, pending: this.waiting.size > 0, uploads }
  }

  dispose(): void {
    this.table.dispose()
    this.gl.deleteTexture(this.texture)
  }

  private send(key: number, cache: TileCache): boolean {
    const tile = cache.peek(key)
    if (tile === undefined || this.resident.has(key)) return false
    this.gl.bindTexture(this.gl.TEXTURE_3D, this.texture)
    const side = this.pyramid.tile
    upload(this.gl, this.gl.TEXTURE_3D, this.layout, tile, tile.ti * side, tile.tj * side, tile.k)
    this.resident.add(key)
    this.waiting.delete(key)
    return true
  }
}

class PagedTextures implements ImageTextures {
  readonly mode = 'paged'
  readonly sample: SampleKind
  readonly bytes: number
  readonly table: PageTable
  complete = false
  empty = true
  private readonly pool: PagePool

  constructor(
    private readonly gl: Gl,
    private readonly layout: TexelLayout,
    private readonly pyramid: Pyramid,
    readonly texture: WebGLTexture,
    { width, height, depth }: Extent,
  ) {
    this.sample = layout.sample
    this.bytes = depth * width * height * layout.bytes
    this.pool = new PagePool(depth)
    this.table = new PageTable(gl, pyramid.base.tilesAcross, pyramid.base.tilesDown, pyramid.levels.length)
  }

  offer(): void {
    // Pages are given to what is in sight, not to what has arrived.
  }

  sync(view: TextureView, cache: TileCache, deadline: number): SyncResult {
    const base = this.sliceKeys(this.pyramid.coarsest, view.k)
    const pinned = new Set([...base, ...view.keys])
    let uploads = 0
    let pending = false
    let changed: Rect | null = null
    for (const key of pinned) {
      if (!this.place(key, cache, (other) => pinned.has(other))) continue
      uploads++
      changed = join(changed, this.reachOf(key))
    }
    for (const key of this.neighbours(view)) {
      if (pinned.has(key) || this.pool.has(key) || !cache.has(key)) continue
      if (performance.now() >= deadline) {
        pending = true
        break
      }
      if (this.place(key, cache, (other) => pinned.has(other) || isNear(other, view.k))) uploads++
    }
    this.fillTable(view.k)
    this.complete = view.keys.every((key) => this.pool.has(key) && addressOf(key).k === view.k)
    this.table.flush()
    return { changed, pending, uploads }
  }

  dispose(): void {
    this.table.dispose()
    this.gl.deleteTexture(this.texture)
  }

  /** Voxels that a tile changes: those beside it were blended with its absence. */
  private reachOf(key: number): Rect {
    const texel = 2 ** addressOf(key).level
    const { x0, y0, x1, y1 } = this.pyramid.boxOf(key)
    return { x0: x0 - texel, y0: y0 - texel, x1: x1 + texel, y1: y1 + texel }
  }

  private place(key: number, cache: TileCache, isPinned: (key: number) => boolean): boolean {
    if (this.pool.has(key)) {
      this.pool.touch(key)
      return false
    }
    const tile = cache.use(key)
    if (tile === undefined) return false
    const page = this.pool.take(key, isPinned)
    if (page === null) return false
    this.gl.bindTexture(this.gl.TEXTURE_2D_ARRAY, this.texture)
    upload(this.gl, this.gl.TEXTURE_2D_ARRAY, this.layout, tile, 0, 0, page)
    return true
  }

  /** The other levels of this slice, then the slices beside it at this level: what the next move will need. */
  private *neighbours(view: TextureView): Iterable<number> {
    for (let level = this.pyramid.coarsest; level >= 0; level--) yield* this.sliceKeys(level, view.k)
    for (const step of [1, -1, 2, -2]) {
      const k = view.k + step
      if (k >= 0 && k < this.pyramid.base.shape[0]) yield* this.sliceKeys(view.level, k)
    }
  }

  private sliceKeys(level: number, k: number): number[] {
    const { tilesAcross, tilesDown } = this.pyramid.level(level)
    const keys: number[] = []
    for (let tj = 0; tj < tilesDown; tj++) for (let ti = 0; ti < tilesAcross; ti++) keys.push(tileKey(level, k, tj, ti))
    return keys
  }

  private fillTable(slice: number): void {
    this.table.clear()
    this.empty = true
    for (const key of this.pool.keys()) {
      const { level, k, tj, ti } = addressOf(key)
      const page = this.pool.get(key)
      if (k !== slice || page === undefined) continue
      this.table.set(ti, tj, level, page + 1)
      this.empty = false
    }
  }
}

function isNear(key: number, k: number): boolean {
  return Math.abs(addressOf(key).k - k) <= 2
}
