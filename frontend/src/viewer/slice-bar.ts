export const BAR_MARGIN = 3
const TOP = 6
const COLUMN = 3
const NARROWEST = 11
const MOST_COLUMNS = 6

export interface SliceBar {
  readonly k: number
  readonly slices: number
  /** One column per visible segment: its colour and the slices where it has voxels. */
  readonly columns: readonly { readonly color: string; readonly has: (k: number) => boolean }[]
}

export function barWidth({ columns }: SliceBar): number {
  return Math.max(NARROWEST, Math.min(MOST_COLUMNS, columns.length) * (COLUMN + 1) + 1)
}

/** The slice under a point of the bar, or null beside it; wider than it looks, so that a finger can hit it. */
export function sliceAt(bar: SliceBar, x: number, y: number, width: number, height: number): number | null {
  const reach = Math.max(24, barWidth(bar) + 2 * BAR_MARGIN)
  if (x < width - reach || x > width) return null
  return sliceAtHeight(bar, y, height)
}

export function sliceAtHeight({ slices }: SliceBar, y: number, height: number): number {
  const share = (y - TOP) / Math.max(1, height - 2 * TOP)
  return Math.min(slices - 1, Math.max(0, Math.floor(share * slices)))
}

export function drawSliceBar(c: CanvasRenderingContext2D, bar: SliceBar, width: number, height: number): void {
  const across = barWidth(bar)
  const left = width - BAR_MARGIN - across
  const length = height - 2 * TOP
  c.fillStyle = '#ffffff14'
  c.fillRect(left, TOP, across, length)
  bar.columns.slice(0, MOST_COLUMNS).forEach(({ color, has }, column) => {
    c.fillStyle = color
    const x = left + 1 + column * (COLUMN + 1)
    for (const [first, end] of runsOf(bar.slices, has)) {
      const y0 = TOP + (first / bar.slices) * length
      c.fillRect(x, y0, COLUMN, Math.max(1.5, ((end - first) / bar.slices) * length))
    }
  })
  const y = TOP + ((bar.k + 0.5) / bar.slices) * length
  c.fillStyle = '#000'
  c.fillRect(left - 2, y - 2.5, across + 4, 5)
  c.fillStyle = '#fff'
  c.fillRect(left - 1, y - 1.5, across + 2, 3)
}

export function* runsOf(count: number, has: (k: number) => boolean): Iterable<readonly [first: number, end: number]> {
  for (let k = 0; k < count; k++) {
    if (!has(k)) continue
    const first = k
    while (k + 1 < count && has(k + 1)) k++
    yield [first, k + 1]
  }
}
