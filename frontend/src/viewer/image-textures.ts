import type { Gl } from './gl'
import { PagePool } from './page-pool'
import { PageTable } from './page-table'
import { allocate, type SampleKind, type TexelLayout, texelLayout } from './pixel-texture'
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
  /** The slice on screen looks different now. */
  readonly changed: boolean
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

/** One 3-D texture if every side and the budget allow it; else pages of tiles, fewer when the driver refuses. */
export function createImageTextures(
  gl: Gl,
  image: ViewerImage,
  pyramid: Pyramid,
  limits: TextureLimits,
): ImageTextures {
  const layout = texelLayout(gl, image)
  const [depth, height, width] = pyramid.base.shape
  const fits = Math.max(depth, height, width) <= limits.max3dTexture && pyramid.levelBytes(0) <= limits.gpuBytes
  if (image.kind === 'volume' && depth > 1 && fits) {
    const texture = allocate(gl, gl.TEXTURE_3D, layout, { width, height, depth })
    if (texture !== null) return new VolumeTextures(gl, layout, pyramid, texture)
  }
  return createPaged(gl, layout, pyramid, limits.gpuBytes)
}

function createPaged(gl: Gl, layout: TexelLayout, pyramid: Pyramid, gpuBytes: number): PagedTextures {
  const [, rows, columns] = pyramid.base.shape
  const [width, height] = [Math.min(pyramid.tile, columns), Math.min(pyramid.tile, rows)]
  const tiles = pyramid.levels.reduce((sum, order) => sum + order.shape[0] * order.perSlice, 0)
  const layers = gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS) as number
  const affordable = Math.max(1, Math.floor(gpuBytes / (width * height * layout.bytes)))
  for (let pages = Math.min(tiles, layers, affordable); pages >= 1; pages = Math.floor(pages / 2)) {
    const texture = allocate(gl, gl.TEXTURE_2D_ARRAY, layout, { width, height, depth: pages })
    if (texture !== null) return new PagedTextures(gl, layout, pyramid, texture, pages, width * height * layout.bytes)
  }
  throw new RangeError('the graphics driver has no memory for a single tile')
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
    return { changed: this.table.flush(), pending: this.waiting.size > 0, uploads }
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
    pages: number,
    pageBytes: number,
  ) {
    this.sample = layout.sample
    this.bytes = pages * pageBytes
    this.pool = new PagePool(pages)
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
    for (const key of pinned) {
      const result = this.place(key, cache, (other) => pinned.has(other))
      if (result) uploads++
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
    return { changed: this.table.flush() || uploads > 0, pending, uploads }
  }

  dispose(): void {
    this.table.dispose()
    this.gl.deleteTexture(this.texture)
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
