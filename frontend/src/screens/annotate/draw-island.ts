import type { Choice, ConflictIsland } from '../../store/document-state'
import { instanceColor, parseColor } from '../../viewer/lut'
import { segmentInfo } from './segment-actions'
import type { Workspace } from './workspace-context'

const MARGIN = 12
const AMBER = '#e9b54f'

/** Draws the labels around an island as one side has them: undisputed ones dim, the disputed voxels bright and outlined. */
export function drawIsland(
  canvas: HTMLCanvasElement,
  workspace: Workspace,
  island: ConflictIsland,
  version: Choice,
): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const { labels } = workspace.document
  const [, rows, columns] = labels.shape
  const i0 = Math.max(0, island.box.i0 - MARGIN)
  const j0 = Math.max(0, island.box.j0 - MARGIN)
  const i1 = Math.min(columns, island.box.i1 + MARGIN)
  const j1 = Math.min(rows, island.box.j1 + MARGIN)
  const size = { width: canvas.clientWidth || 380, height: canvas.clientHeight || 160 }
  canvas.width = size.width
  canvas.height = size.height
  const scale = Math.min(size.width / (i1 - i0), size.height / (j1 - j0))
  context.translate((size.width - scale * (i1 - i0)) / 2, (size.height - scale * (j1 - j0)) / 2)
  const colors = new Map<number, string>()
  const colorOf = (number: number): string => {
    const known = colors.get(number)
    if (known !== undefined) return known
    const info = segmentInfo(workspace, number)
    const [r, g, b] = info === null ? instanceColor(number) : parseColor(info.color)
    const color = `rgb(${r} ${g} ${b}`
    colors.set(number, color)
    return color
  }
  const cell = (i: number, j: number): [number, number, number, number] => [
    (i - i0) * scale,
    (j - j0) * scale,
    scale,
    scale,
  ]

  for (let j = j0; j < j1; j += 1) {
    for (let i = i0; i < i1; i += 1) {
      const number = labels.labelAt(i, j, island.k, island.layer)
      if (number === 0) continue
      context.fillStyle = `${colorOf(number)} / 0.35)`
      context.fillRect(...cell(i, j))
    }
  }
  const numbers = version === 'mine' ? island.mine : island.theirs
  const disputed = new Set<number>()
  for (let n = 0; n < numbers.length; n += 1) {
    const [i, j] = [island.voxels[2 * n] ?? 0, island.voxels[2 * n + 1] ?? 0]
    const number = numbers[n] ?? 0
    disputed.add(j * columns + i)
    context.fillStyle = number === 0 ? '#000' : `${colorOf(number)} / 1)`
    context.fillRect(...cell(i, j))
  }
  context.strokeStyle = AMBER
  context.lineWidth = 2
  strokeBorder(context, disputed, columns, (i, j) => [(i - i0) * scale, (j - j0) * scale])
}

/** The edges between voxels of the set and others. */
function strokeBorder(
  context: CanvasRenderingContext2D,
  voxels: ReadonlySet<number>,
  columns: number,
  corner: (i: number, j: number) => [x: number, y: number],
): void {
  const edge = (i0: number, j0: number, i1: number, j1: number): void => {
    context.moveTo(...corner(i0, j0))
    context.lineTo(...corner(i1, j1))
  }
  context.beginPath()
  for (const voxel of voxels) {
    const i = voxel % columns
    const j = Math.floor(voxel / columns)
    if (!voxels.has(voxel - columns)) edge(i, j, i + 1, j)
    if (!voxels.has(voxel + columns)) edge(i, j + 1, i + 1, j + 1)
    if (i === 0 || !voxels.has(voxel - 1)) edge(i, j, i, j + 1)
    if (i === columns - 1 || !voxels.has(voxel + 1)) edge(i + 1, j, i + 1, j + 1)
  }
  context.stroke()
}
