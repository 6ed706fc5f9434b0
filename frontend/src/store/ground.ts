import { type Patch, undraw } from '../labelmap/patch'
import { type TilePosition, tileSize } from '../labelmap/position'
import type { TilePatch } from '../labelmap/stroke-body'
import type { TilesBody } from '../labelmap/tiles-body'
import type { LabelStore } from './label-store'

/** An edit that lies on top of what the server is known to have. */
export interface PendingEdit {
  readonly uuid: string
  readonly patches: readonly TilePatch[]
  /** An undo skips what has changed since, a stroke conflicts with it. */
  readonly isUndo: boolean
}

interface DrawnPatch {
  readonly position: TilePosition
  readonly patch: Patch
  /** The part of `patch` that changed something when it was drawn: taking it back restores exactly. */
  drawn: Patch
}

interface Layer {
  readonly uuid: string
  readonly isUndo: boolean
  readonly tiles: Map<number, DrawnPatch>
  /** Set when the server has it, but as part of a state that this client has not read yet. */
  savedSeq: number | null
}

/** What is drawn over one tile, lowest first. */
export interface TileChain {
  readonly position: TilePosition
  readonly width: number
  /** The voxels without any pending edit: a copy. */
  readonly base: Uint16Array
  readonly edits: readonly { readonly uuid: string; readonly isUndo: boolean; readonly patch: Patch }[]
}

/**
 * The labelmap as two things: the state of the server at `seq`, and the pending edits drawn over it in order. What is shown is
 * always the one with the other on top, however the two change.
 */
export class Ground {
  seq = 0
  private layers: Layer[] = []

  constructor(private readonly labels: LabelStore) {}

  /** Puts an edit on top. `isDrawn`: its voxels are in place already, as after a stroke. */
  add(edit: PendingEdit, isDrawn: boolean): void {
    const layer = this.layerOf(edit)
    if (!isDrawn) for (const tile of layer.tiles.values()) tile.drawn = this.labels.draw(tile.position, tile.patch)
    this.layers.push(layer)
  }

  /** What the edit really changes here, as far as this client knows. */
  drawn(uuid: string): TilePatch[] {
    const layer = this.layers.find((candidate) => candidate.uuid === uuid)
    return [...(layer?.tiles.values() ?? [])].map(({ position, drawn }) => ({ position, patch: drawn }))
  }

  /** The server has stored an edit. True: its state must be read to know what that made. */
  acknowledge(uuid: string, seq: number, parent: number): boolean {
    const layer = this.layers.find((candidate) => candidate.uuid === uuid)
    if (seq <= this.seq) {
      // The answer to a repeat: the state we have read holds it already, and perhaps what came after it.
      if (layer !== undefined) this.change(layer.tiles.keys(), () => this.drop(layer))
      return false
    }
    if (layer === undefined) return true
    if (parent === this.seq && !layer.isUndo) {
      this.seq = seq
      this.drop(layer)
      return false
    }
    layer.savedSeq = seq
    return true
  }

  /** Takes over tiles of the server. `isWhole`: tiles that are not named are background. */
  apply(body: TilesBody, isWhole: boolean): void {
    const saved = this.layers.filter(({ savedSeq }) => savedSeq !== null && savedSeq <= body.seq)
    const keys = new Set(saved.flatMap(({ tiles }) => [...tiles.keys()]))
    const named = new Set(body.tiles.map(({ position }) => this.labels.keyOf(position)))
    for (const key of named) keys.add(key)
    const emptied = isWhole ? this.labels.positions().filter((position) => !named.has(this.labels.keyOf(position))) : []
    for (const position of emptied) keys.add(this.labels.keyOf(position))
    this.change(keys, () => {
      for (const layer of saved) this.drop(layer)
      for (const { position, voxels } of body.tiles) this.labels.replaceTile(position, voxels)
      for (const position of emptied) {
        const tile = this.labels.tile(position.layer, position.k, position.tj, position.ti)
        if (tile !== null) this.labels.replaceTile(position, new Uint16Array(tile.length))
      }
    })
    this.seq = body.seq
  }

  /** Puts `edits` in place of all edits that the server has not stored. */
  replacePending(edits: readonly PendingEdit[]): void {
    const pending = this.layers.filter(({ savedSeq }) => savedSeq === null)
    const layers = edits.map((edit) => this.layerOf(edit))
    const keys = new Set([...pending, ...layers].flatMap(({ tiles }) => [...tiles.keys()]))
    this.change(keys, () => {
      this.layers = [...this.layers.filter(({ savedSeq }) => savedSeq !== null), ...layers]
    })
  }

  /** Every tile with pending edits, as the server has it, with the edits over it. */
  chains(): TileChain[] {
    const keys = new Set(this.layers.flatMap(({ tiles }) => [...tiles.keys()]))
    return [...keys].map((key) => this.chain(key)).filter((chain) => chain !== null)
  }

  private chain(key: number): TileChain | null {
    const touching = this.layers.flatMap((layer) => {
      const tile = layer.tiles.get(key)
      return tile === undefined ? [] : [{ layer, tile }]
    })
    const position = touching[0]?.tile.position
    if (position === undefined) return null
    const { layer, k, tj, ti } = position
    const { width, height } = tileSize(this.labels.shape, position) ?? { width: 0, height: 0 }
    const base = this.labels.tile(layer, k, tj, ti)?.slice() ?? new Uint16Array(width * height)
    for (const { tile } of touching.toReversed()) undraw(base, tile.drawn)
    const edits = touching.map((entry) => ({
      uuid: entry.layer.uuid,
      isUndo: entry.layer.isUndo,
      patch: entry.tile.patch,
    }))
    return { position, width, base, edits }
  }

  private layerOf({ uuid, isUndo, patches }: PendingEdit): Layer {
    const tiles = new Map(
      patches.map(({ position, patch }) => [this.labels.keyOf(position), { position, patch, drawn: patch }]),
    )
    return { uuid, isUndo, tiles, savedSeq: null }
  }

  private drop(layer: Layer): void {
    this.layers = this.layers.filter((other) => other !== layer)
  }

  /** Lifts the pending edits off some tiles, changes what lies below or the edits themselves, and draws them again. */
  private change(changed: Iterable<number>, mutate: () => void): void {
    const keys = [...changed]
    for (const layer of this.layers.toReversed()) {
      for (const key of keys) {
        const tile = layer.tiles.get(key)
        if (tile !== undefined) this.labels.undraw(tile.position, tile.drawn)
      }
    }
    mutate()
    for (const layer of this.layers) {
      for (const key of keys) {
        const tile = layer.tiles.get(key)
        if (tile !== undefined) tile.drawn = this.labels.draw(tile.position, tile.patch)
      }
    }
  }
}
