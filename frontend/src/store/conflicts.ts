import { eachRun, type Patch, PatchBuilder } from '../labelmap/patch'
import { LABEL_TILE, type TilePosition } from '../labelmap/position'
import type { TilePatch } from '../labelmap/stroke-body'
import type { Choice, Conflict, ConflictIsland } from './document-state'
import type { TileChain } from './ground'

/** A voxel that the pending edits and somebody else both changed. */
interface Disputed {
  /** What the first edit that stumbled expected there. */
  readonly expected: number
  /** What the last edit left there. */
  mine: number
  readonly theirs: number
  /** The first stroke that touches the voxel: it carries the decision. */
  readonly firstUuid: string
}

interface DisputedTile {
  readonly chain: TileChain
  readonly voxels: Map<number, Disputed>
}

/** What both changed; islands to decide, and the voxels that need no decision because nothing of mine is left there. */
export interface Dispute {
  readonly conflict: Conflict
  readonly tiles: readonly DisputedTile[]
  /** Where each voxel's island is; a voxel without one is settled as theirs. */
  readonly islandOf: ReadonlyMap<Disputed, number>
}

/** The voxels in which pending edits no longer find what they were drawn on; null when there is none. */
export function findDispute(chains: readonly TileChain[]): Dispute | null {
  const tiles = chains
    .map((chain) => ({ chain, voxels: disputedVoxels(chain) }))
    .filter(({ voxels }) => voxels.size > 0)
  if (tiles.length === 0) return null
  const islandOf = new Map<Disputed, number>()
  const islands = islandsOf(tiles, islandOf)
  const voxels = islands.reduce((sum, island) => sum + island.mine.length, 0)
  return { conflict: { voxels, islands }, tiles, islandOf }
}

/** The patches of each pending edit after the decision, by uuid; edits without a disputed voxel are left out. */
export function decide(dispute: Dispute, choices: ReadonlyMap<number, Choice>): Map<string, TilePatch[]> {
  const patches = new Map<string, TilePatch[]>()
  for (const { chain, voxels } of dispute.tiles) {
    for (const { uuid, patch } of chain.edits) {
      const carried = new Map<number, Disputed>()
      for (const [at, disputed] of voxels) {
        const island = dispute.islandOf.get(disputed)
        const isMine = island !== undefined && choices.get(island) === 'mine'
        if (isMine && disputed.firstUuid === uuid) carried.set(at, disputed)
      }
      const decided = withDecision(patch, voxels, carried)
      const list = patches.get(uuid) ?? []
      list.push({ position: chain.position, patch: decided })
      patches.set(uuid, list)
    }
  }
  return patches
}

function disputedVoxels({ base, edits }: TileChain): Map<number, Disputed> {
  const now = base.slice()
  const disputed = new Map<number, Disputed>()
  const firstUuids = new Map<number, string>()
  for (const { uuid, isUndo, patch } of edits) {
    eachRun(patch, (start, end, before, after) => {
      for (let at = start; at < end; at++) {
        if (!isUndo && !firstUuids.has(at)) firstUuids.set(at, uuid)
        const known = disputed.get(at)
        const current = now[at] ?? 0
        if (known !== undefined) known.mine = after
        else if (current === before) now[at] = after
        else if (current !== after && !isUndo) {
          const firstUuid = firstUuids.get(at) ?? uuid
          disputed.set(at, { expected: before, mine: after, theirs: base[at] ?? 0, firstUuid })
        }
      }
    })
  }
  return disputed
}

/** Groups what must be decided into islands of touching voxels, slice by slice, over tile borders. */
function islandsOf(tiles: readonly DisputedTile[], islandOf: Map<Disputed, number>): ConflictIsland[] {
  const slices = new Map<string, { position: TilePosition; voxels: Map<number, Disputed> }>()
  for (const { chain, voxels } of tiles) {
    const { layer, k, tj, ti } = chain.position
    const slice = slices.get(`${layer}/${k}`) ?? { position: chain.position, voxels: new Map<number, Disputed>() }
    slices.set(`${layer}/${k}`, slice)
    const width = chain.width
    for (const [at, disputed] of voxels) {
      // My edits left there what was there before them, or what the others drew: nothing of mine is lost by theirs.
      if (disputed.mine === disputed.expected || disputed.mine === disputed.theirs) continue
      const i = ti * LABEL_TILE + (at % width)
      const j = tj * LABEL_TILE + Math.floor(at / width)
      slice.voxels.set(j * ROW + i, disputed)
    }
  }
  const islands: ConflictIsland[] = []
  for (const { position, voxels } of slices.values()) {
    for (const island of connected(voxels)) {
      const id = islands.length
      for (const at of island) {
        const disputed = voxels.get(at)
        if (disputed !== undefined) islandOf.set(disputed, id)
      }
      islands.push(islandView(id, position, island, voxels))
    }
  }
  return islands
}

/** Wider than any image, so that (i, j) become one sortable number. */
const ROW = 2 ** 24

function connected(voxels: ReadonlyMap<number, Disputed>): number[][] {
  const seen = new Set<number>()
  const islands: number[][] = []
  for (const start of voxels.keys()) {
    if (seen.has(start)) continue
    seen.add(start)
    const island = [start]
    for (const at of island) {
      for (const next of [at - 1, at + 1, at - ROW, at + ROW]) {
        if (seen.has(next) || !voxels.has(next)) continue
        seen.add(next)
        island.push(next)
      }
    }
    islands.push(island.sort((a, b) => a - b))
  }
  return islands
}

function islandView(
  id: number,
  { layer, k }: TilePosition,
  island: readonly number[],
  voxels: ReadonlyMap<number, Disputed>,
): ConflictIsland {
  const box = { i0: ROW, j0: ROW, i1: 0, j1: 0 }
  const places = new Uint32Array(island.length * 2)
  island.forEach((at, n) => {
    const i = at % ROW
    const j = Math.floor(at / ROW)
    places[2 * n] = i
    places[2 * n + 1] = j
    box.i0 = Math.min(box.i0, i)
    box.j0 = Math.min(box.j0, j)
    box.i1 = Math.max(box.i1, i + 1)
    box.j1 = Math.max(box.j1, j + 1)
  })
  const mine = Uint16Array.from(island, (at) => voxels.get(at)?.mine ?? 0)
  const theirs = Uint16Array.from(island, (at) => voxels.get(at)?.theirs ?? 0)
  return { id, layer, k, voxels: places, mine, theirs, box }
}

/** `patch` without the disputed voxels, and with those it carries as theirs -> mine. */
function withDecision(
  patch: Patch,
  disputed: ReadonlyMap<number, Disputed>,
  carried: ReadonlyMap<number, Disputed>,
): Patch {
  const builder = new PatchBuilder()
  eachRun(patch, (start, end, before, after) => {
    for (let at = start; at < end; at++) {
      const decision = carried.get(at)
      if (decision !== undefined) builder.add(at, 1, decision.theirs, decision.mine)
      else if (!disputed.has(at)) builder.add(at, 1, before, after)
    }
  })
  return builder.finish()
}
