import type { Rect } from '../geometry/camera'
import type { Pyramid } from './pyramid'
import { addressOf, type GroupAddress, outwards, tileKey } from './tile-order'

export interface LoadView {
  readonly k: number
  /** The way the reader scrolls: slices ahead come first. */
  readonly direction: 1 | -1
  readonly level: number
  /** Level-0 voxels in sight. */
  readonly visible: Rect
}

export interface LoadPlan {
  /** Groups still to fetch, the most wanted first. */
  readonly groups: readonly GroupAddress[]
  /** Tiles that the present view needs, whether they are here or not. */
  readonly urgent: readonly number[]
}

/**
 * What to fetch and in which order: the view's own tiles, then the rest of the slice, then slices outwards, as long as
 * `budget` bytes last. A volume is read at full resolution only; a tiled image starts with its coarsest level, so that
 * something is seen at once, and ends with the levels not on screen.
 */
export function planLoading(
  pyramid: Pyramid,
  view: LoadView,
  mode: 'volume' | 'paged',
  budget: number,
  isDone: (key: number) => boolean,
): LoadPlan {
  const urgent = pyramid.tilesIn(mode === 'volume' ? 0 : view.level, view.k, view.visible)
  const collector = new GroupCollector(pyramid, isDone)
  if (mode === 'paged') collector.addSlice(pyramid.coarsest, view.k)
  for (const key of urgent) collector.add(key)
  const level = mode === 'volume' ? 0 : view.level
  const [slices] = pyramid.base.shape
  const sliceBytes = pyramid.levelBytes(level) / slices
  const affordable = Math.max(1, Math.floor(budget / sliceBytes))
  if (mode === 'paged') addOtherLevels(collector, pyramid, view, budget)
  for (const k of outwards(view.k, slices, view.direction).slice(0, affordable)) collector.addSlice(level, k)
  return { groups: collector.groups, urgent }
}

/** The other levels of this slice: all when they fit half the budget, else what is in sight, one finer and all coarser. */
function addOtherLevels(collector: GroupCollector, pyramid: Pyramid, view: LoadView, budget: number): void {
  const slices = pyramid.base.shape[0]
  const wholeFits = pyramid.bytes / slices <= budget / 2
  for (let level = pyramid.coarsest; level >= 0; level--) {
    if (wholeFits) collector.addSlice(level, view.k)
    else if (level >= view.level - 1) for (const key of pyramid.tilesIn(level, view.k, view.visible)) collector.add(key)
  }
}

class GroupCollector {
  readonly groups: GroupAddress[] = []
  private readonly seen = new Set<number>()

  constructor(
    private readonly pyramid: Pyramid,
    private readonly isDone: (key: number) => boolean,
  ) {}

  add(key: number): void {
    if (this.isDone(key)) return
    const { level, k, tj, ti } = addressOf(key)
    const group = this.pyramid.level(level).groupOf(k, tj, ti)
    const id = groupKey({ level, group })
    if (this.seen.has(id)) return
    this.seen.add(id)
    this.groups.push({ level, group })
  }

  addSlice(level: number, k: number): void {
    const { tilesDown, tilesAcross } = this.pyramid.level(level)
    for (let tj = 0; tj < tilesDown; tj++) {
      for (let ti = 0; ti < tilesAcross; ti++) this.add(tileKey(level, k, tj, ti))
    }
  }
}

export function groupKey({ level, group }: GroupAddress): number {
  return level * 0x100000000 + group
}
