import type { Shape } from '../geometry/grid'
import type { Patch } from '../labelmap/patch'
import { LABEL_TILE, type TilePosition } from '../labelmap/position'
import type { TilePatch } from '../labelmap/stroke-body'
import { type DirtyBox, LabelTiles } from './label-tiles'
import { type PaintRules, StrokeVoxels } from './open-stroke'

export type { DirtyBox }

export interface StrokeOptions {
  /** Asked for each voxel with the number it has now; default: everything that is not locked. */
  allow?: (before: number) => boolean
}

/** One edit in progress: ends in `commit` (one undo step, one save) or in `rollback` (nothing happened). */
export interface Stroke {
  /** Sets voxels [i0, i1) of row j, slice k to `number`; parts outside the image are ignored. */
  fillRun(k: number, j: number, i0: number, i1: number, number: number): void
  readonly changedVoxels: number
  commit(): void
  rollback(): void
}

/** What a committed stroke changed. */
export interface FinishedStroke {
  readonly tool: string
  readonly patches: readonly TilePatch[]
  readonly voxels: number
}

const NUMBERS = 0x10000

/** The labelmap of the open document: typed arrays outside of the UI framework, written through strokes. */
export class LabelStore {
  readonly shape: Shape
  /** Hears each committed stroke that changed something, before anything else may change the voxels. */
  onStroke: (stroke: FinishedStroke) => void = () => {}
  private readonly tiles: LabelTiles
  private readonly listeners = new Set<(boxes: readonly DirtyBox[]) => void>()
  private readonly locked = new Uint8Array(NUMBERS)
  private lockedNumbers: ReadonlySet<number> = new Set()
  private layerNumbers: Uint16Array | null = null
  private layerList: readonly number[] = [0]
  private open: Stroke | null = null
  private waiting: (() => void)[] = []
  private isEditable = true

  constructor(shape: Shape) {
    this.shape = shape
    this.tiles = new LabelTiles(shape)
    this.tiles.onDirty = () => queueMicrotask(() => this.flush())
  }

  get layers(): readonly number[] {
    return this.layerList
  }

  /** False while the document is read-only (another tab edits it, it is closed); `beginStroke` then throws. */
  get editable(): boolean {
    return this.isEditable
  }

  get isDrawing(): boolean {
    return this.open !== null
  }

  get byteLength(): number {
    return this.tiles.byteLength
  }

  /** The number at a voxel; without a layer the topmost one that is not background. */
  labelAt(i: number, j: number, k: number, layer?: number): number {
    const tj = Math.floor(j / LABEL_TILE)
    const ti = Math.floor(i / LABEL_TILE)
    const at = (in_: number): number => {
      const tile = this.tiles.get(this.tiles.key(in_, k, tj, ti))
      return tile?.voxels[(j - tj * LABEL_TILE) * tile.width + (i - ti * LABEL_TILE)] ?? 0
    }
    const [slices, rows, columns] = this.shape
    if (i < 0 || j < 0 || k < 0 || i >= columns || j >= rows || k >= slices) return 0
    if (layer !== undefined) return at(layer)
    for (let n = this.layerList.length - 1; n >= 0; n--) {
      const value = at(this.layerList[n] ?? 0)
      if (value !== 0) return value
    }
    return 0
  }

  /** The tile's voxels, rows of its own (cut) width; null is background. Read only, and only until the next change. */
  tile(layer: number, k: number, tj: number, ti: number): Uint16Array | null {
    return this.tiles.get(this.tiles.key(layer, k, tj, ti))?.voxels ?? null
  }

  /** Positions of all tiles that are not background. */
  positions(): TilePosition[] {
    return [...this.tiles.all()].map(({ position }) => position)
  }

  /** Throws while another stroke is open and while the document is read-only. */
  beginStroke(tool: string, { allow }: StrokeOptions = {}): Stroke {
    if (this.open !== null) throw new Error('a stroke is open already')
    if (!this.isEditable) throw new Error('the document is read-only')
    const voxels = new StrokeVoxels(this.tiles, this.rules(), allow ?? null)
    const stroke: Stroke = {
      fillRun: (k, j, i0, i1, number) => {
        if (this.open === stroke) voxels.fillRun(k, j, i0, i1, number)
      },
      get changedVoxels() {
        return voxels.changed
      },
      commit: () => this.finish(stroke, () => this.hand(tool, voxels)),
      rollback: () => this.finish(stroke, () => voxels.restore()),
    }
    this.open = stroke
    return stroke
  }

  /** Hears changes from any source, at latest in a microtask after them. Returns what ends it. */
  subscribe(listener: (boxes: readonly DirtyBox[]) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Voxels of a segment over all layers, at any time; 0 for background. */
  voxelCount(number: number): number {
    return number === 0 ? 0 : (this.tiles.counts[number] ?? 0)
  }

  /** Every number that has voxels. */
  numbers(): number[] {
    const numbers: number[] = []
    const { counts } = this.tiles
    for (let number = 1; number < NUMBERS; number++) if ((counts[number] ?? 0) > 0) numbers.push(number)
    return numbers
  }

  /** Numbers that no stroke changes or paints. */
  setLocked(numbers: ReadonlySet<number>): void {
    for (const number of this.lockedNumbers) this.locked[number] = 0
    for (const number of numbers) this.locked[number] = 1
    this.lockedNumbers = new Set(numbers)
  }

  setEditable(isEditable: boolean): void {
    this.isEditable = isEditable
  }

  /** Says that numbers [first, last] live in `layer`. */
  setLayer(first: number, last: number, layer: number): void {
    if (layer !== 0 && this.layerNumbers === null) this.layerNumbers = new Uint16Array(NUMBERS)
    this.layerNumbers?.fill(layer, first, last + 1)
    this.addLayer(layer)
  }

  /** Runs `task` now, or as soon as the open stroke has ended: what others drew must not appear under a stroke in progress. */
  whenIdle(task: () => void): void {
    if (this.open === null) task()
    else this.waiting.push(task)
  }

  /** Draws a patch where its `before` holds; returns the part that changed something, for `undraw`. Not under an open stroke. */
  draw(position: TilePosition, patch: Patch): Patch {
    this.addLayer(position.layer)
    return this.tiles.draw(position, patch)
  }

  undraw(position: TilePosition, drawn: Patch): void {
    this.tiles.undraw(position, drawn)
  }

  /** Puts the server's tile in place and owns its voxels. Not under an open stroke. */
  replaceTile(position: TilePosition, voxels: Uint16Array): void {
    this.addLayer(position.layer)
    this.tiles.replace(position, voxels)
  }

  keyOf(position: TilePosition): number {
    return this.tiles.keyOf(position)
  }

  /** Tells the listeners at once what has changed. */
  flush(): void {
    const boxes = this.tiles.takeDirty()
    if (boxes.length === 0) return
    for (const listener of this.listeners) listener(boxes)
  }

  private addLayer(layer: number): void {
    if (!this.layerList.includes(layer)) this.layerList = [...this.layerList, layer].sort((a, b) => a - b)
  }

  private rules(): PaintRules {
    const { locked, layerList, layerNumbers } = this
    return { locked, layers: layerList, layerOf: (number) => layerNumbers?.[number] ?? 0 }
  }

  private finish(stroke: Stroke, end: () => void): void {
    if (this.open !== stroke) return
    this.open = null
    try {
      end()
    } finally {
      const waiting = this.waiting
      this.waiting = []
      for (const task of waiting) task()
      this.flush()
    }
  }

  private hand(tool: string, voxels: StrokeVoxels): void {
    const patches = voxels.patches()
    if (patches.length > 0) this.onStroke({ tool, patches, voxels: voxels.changed })
  }
}
