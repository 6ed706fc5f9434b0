import { join, type Rect } from '../geometry/camera'
import type { Shape } from '../geometry/grid'
import type { DirtyBox } from '../store/label-store'
import { type Gl, setNearest } from './gl'
import { PagePool } from './page-pool'
import { PageTable } from './page-table'
import type { LabelSource, ProposalSource } from './view-state'

export const LABEL_TILE = 256
/** Layers drawn in one pass; the slot after them is the proposal. */
export const MAX_LAYERS = 8
export const PROPOSAL_SLOT = MAX_LAYERS
const FIRST_CAPACITY = 32
const MAX_CAPACITY = 2048

export interface LabelSync {
  /** Voxels of the slice on screen that look different; null: none. */
  readonly changed: Rect | null
  readonly uploads: number
}

type TileOf = (slot: number, tj: number, ti: number) => Uint16Array | null

/** Label tiles of the slice on screen, in pages; changed boxes are merged per tile and sent once a frame. */
export class LabelTextures {
  pages: WebGLTexture
  readonly table: PageTable
  /** Voxel box of the tiles that each slot has in this slice, lowest slot first: the rest need not be drawn. */
  readonly occupied = new Map<number, Rect>()
  private pool: PagePool
  private readonly tilesAcross: number
  private readonly tilesDown: number
  private readonly dirty = new Map<number, Rect>()
  private shown: { k: number; layers: number } | null = null

  constructor(
    private readonly gl: Gl,
    private readonly shape: Shape,
  ) {
    this.tilesAcross = Math.ceil(shape[2] / LABEL_TILE)
    this.tilesDown = Math.ceil(shape[1] / LABEL_TILE)
    this.table = new PageTable(gl, this.tilesAcross, this.tilesDown, MAX_LAYERS + 1)
    this.pool = new PagePool(Math.min(FIRST_CAPACITY, this.limit()))
    this.pages = this.allocate(this.pool.capacity)
  }

  get bytes(): number {
    return this.pool.capacity * LABEL_TILE * LABEL_TILE * 2
  }

  /** Boxes of any slice: those elsewhere only make their pages stale. */
  markDirty(boxes: readonly DirtyBox[], slotOf: (layer: number) => number): void {
    for (const box of boxes) {
      const slot = slotOf(box.layer)
      if (slot < 0 || slot >= MAX_LAYERS) continue
      for (let tj = Math.floor(box.j0 / LABEL_TILE); tj * LABEL_TILE < box.j1; tj++) {
        for (let ti = Math.floor(box.i0 / LABEL_TILE); ti * LABEL_TILE < box.i1; ti++) this.markTile(box, slot, tj, ti)
      }
    }
  }

  /** Everything may have changed: another source, a new proposal. */
  invalidate(): void {
    this.pool = new PagePool(this.pool.capacity)
    this.dirty.clear()
    this.shown = null
  }

  sync(k: number, labels: LabelSource | null, proposal: ProposalSource | null): LabelSync {
    const layers = labels?.layers.slice(0, MAX_LAYERS) ?? []
    const tileOf: TileOf = (slot, tj, ti) => {
      if (slot === PROPOSAL_SLOT) return proposal?.tile(k, tj, ti) ?? null
      const layer = layers[slot]
      return layer === undefined ? null : (labels?.tile(layer, k, tj, ti) ?? null)
    }
    const same = this.shown !== null && this.shown.k === k && this.shown.layers === layers.length
    const result = same ? this.syncDirty(k, tileOf) : this.syncSlice(k, layers.length, tileOf)
    this.shown = { k, layers: layers.length }
    return result
  }

  dispose(): void {
    this.table.dispose()
    this.gl.deleteTexture(this.pages)
  }

  private markTile(box: DirtyBox, slot: number, tj: number, ti: number): void {
    const key = this.key(slot, box.k, tj, ti)
    if (this.shown === null || box.k !== this.shown.k) {
      this.pool.drop(key)
      return
    }
    const [, rows, columns] = this.shape
    const part: Rect = {
      x0: Math.max(box.i0, ti * LABEL_TILE),
      y0: Math.max(box.j0, tj * LABEL_TILE),
      x1: Math.min(box.i1, (ti + 1) * LABEL_TILE, columns),
      y1: Math.min(box.j1, (tj + 1) * LABEL_TILE, rows),
    }
    const old = this.dirty.get(key)
    this.dirty.set(key, join(old ?? null, part))
  }

  private syncSlice(k: number, layers: number, tileOf: TileOf): LabelSync {
    const found: { key: number; slot: number; tj: number; ti: number; voxels: Uint16Array }[] = []
    for (const slot of [...Array(layers).keys(), PROPOSAL_SLOT]) {
      for (let tj = 0; tj < this.tilesDown; tj++) {
        for (let ti = 0; ti < this.tilesAcross; ti++) {
          const voxels = tileOf(slot, tj, ti)
          if (voxels !== null) found.push({ key: this.key(slot, k, tj, ti), slot, tj, ti, voxels })
        }
      }
    }
    this.reserve(found.length)
    let uploads = 0
    this.table.clear()
    this.occupied.clear()
    // What changed while this slice was on screen, and was not sent yet, is sent whole.
    for (const key of this.dirty.keys()) this.pool.drop(key)
    this.dirty.clear()
    for (const { key, slot, tj, ti, voxels } of found) {
      if (this.pool.has(key)) this.pool.touch(key)
      else if (this.send(key, k, tj, ti, voxels)) uploads++
      this.register(key, slot, tj, ti)
    }
    this.table.flush()
    const [, rows, columns] = this.shape
    return { changed: { x0: 0, y0: 0, x1: columns, y1: rows }, uploads }
  }

  private syncDirty(k: number, tileOf: TileOf): LabelSync {
    if (this.dirty.size === 0) return { changed: null, uploads: 0 }
    if (this.pool.capacity < this.limit() && !this.hasRoom()) {
      return this.syncSlice(k, this.shown?.layers ?? 0, tileOf)
    }
    let changed: Rect | null = null
    let uploads = 0
    for (const [key, part] of this.dirty) {
      const { slot, tj, ti } = this.address(key)
      const voxels = tileOf(slot, tj, ti)
      changed = join(changed, part)
      if (voxels === null) this.pool.drop(key)
      else if (this.pool.has(key)) this.sendPart(key, tj, ti, voxels, part)
      else this.send(key, k, tj, ti, voxels)
      if (voxels !== null) uploads++
      this.register(key, slot, tj, ti)
    }
    this.dirty.clear()
    this.table.flush()
    return { changed, uploads }
  }

  private register(key: number, slot: number, tj: number, ti: number): void {
    const page = this.pool.get(key)
    this.table.set(ti, tj, slot, page === undefined ? 0 : page + 1)
    if (page === undefined) return
    const box = this.tileBox(tj, ti)
    const old = this.occupied.get(slot)
    if (old === undefined && [...this.occupied.keys()].some((other) => other > slot)) this.insertInOrder(slot, box)
    else this.occupied.set(slot, join(old ?? null, box))
  }

  /** A map keeps the order of insertion, and layers are drawn in it. */
  private insertInOrder(slot: number, box: Rect): void {
    const entries = [...this.occupied, [slot, box] as const].sort((a, b) => a[0] - b[0])
    this.occupied.clear()
    for (const [at, value] of entries) this.occupied.set(at, value)
  }

  private tileBox(tj: number, ti: number): Rect {
    const [, rows, columns] = this.shape
    const [x0, y0] = [ti * LABEL_TILE, tj * LABEL_TILE]
    return { x0, y0, x1: Math.min(columns, x0 + LABEL_TILE), y1: Math.min(rows, y0 + LABEL_TILE) }
  }

  /** Whether the dirty tiles find pages without taking one from a tile on screen. */
  private hasRoom(): boolean {
    let fresh = 0
    for (const key of this.dirty.keys()) if (!this.pool.has(key)) fresh++
    return this.pool.count + fresh <= this.pool.capacity
  }

  private send(key: number, k: number, tj: number, ti: number, voxels: Uint16Array): boolean {
    if (this.pool.take(key, (other) => this.address(other).k === k) === null) return false
    this.sendPart(key, tj, ti, voxels, this.tileBox(tj, ti))
    return true
  }

  private sendPart(key: number, tj: number, ti: number, voxels: Uint16Array, part: Rect): void {
    const page = this.pool.get(key)
    if (page === undefined) return
    const { gl } = this
    const [x, y] = [part.x0 - ti * LABEL_TILE, part.y0 - tj * LABEL_TILE]
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.pages)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    const rowLength = Math.min(LABEL_TILE, this.shape[2] - ti * LABEL_TILE)
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, rowLength)
    const [w, h] = [part.x1 - part.x0, part.y1 - part.y0]
    // An offset into the array, not skipped rows: those need an image height too, or 3-D uploads are refused.
    gl.texSubImage3D(
      gl.TEXTURE_2D_ARRAY,
      0,
      x,
      y,
      page,
      w,
      h,
      1,
      gl.RED_INTEGER,
      gl.UNSIGNED_SHORT,
      voxels,
      y * rowLength + x,
    )
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0)
  }

  private reserve(pages: number): void {
    if (pages <= this.pool.capacity || this.pool.capacity >= this.limit()) return
    const capacity = Math.min(this.limit(), Math.max(2 * this.pool.capacity, 2 ** Math.ceil(Math.log2(pages + 8))))
    this.gl.deleteTexture(this.pages)
    this.pages = this.allocate(capacity)
    this.pool = new PagePool(capacity)
  }

  private allocate(capacity: number): WebGLTexture {
    const { gl } = this
    const texture = gl.createTexture()
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture)
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.R16UI, LABEL_TILE, LABEL_TILE, capacity)
    setNearest(gl, gl.TEXTURE_2D_ARRAY)
    return texture
  }

  private limit(): number {
    return Math.min(MAX_CAPACITY, this.gl.getParameter(this.gl.MAX_ARRAY_TEXTURE_LAYERS) as number)
  }

  private key(slot: number, k: number, tj: number, ti: number): number {
    return ((slot * 0x10000 + k) * 0x400 + tj) * 0x400 + ti
  }

  private address(key: number): { slot: number; k: number; tj: number; ti: number } {
    return {
      slot: Math.floor(key / 0x1000000000),
      k: Math.floor(key / 0x100000) % 0x10000,
      tj: Math.floor(key / 0x400) % 0x400,
      ti: key % 0x400,
    }
  }
}
