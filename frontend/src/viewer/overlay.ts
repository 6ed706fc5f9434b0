import { type Camera, project, type Rect, type SliceTransform } from '../geometry/camera'
import type { Metric, Voxel } from '../geometry/grid'
import type { SliceFrame } from '../geometry/orientation'
import { scaleBar } from '../geometry/scale-bar'
import { viewerText } from '../strings/viewer'
import type { OverlayCanvases, OverlayPart } from './overlay-canvases'
import { BAR_MARGIN, barWidth, drawSliceBar, type SliceBar } from './slice-bar'

const MONO = '500 11px "JetBrains Mono", ui-monospace, monospace'
const MONO_BOLD = '700 11px "JetBrains Mono", ui-monospace, monospace'
const SANS = '600 13px "Inter", system-ui, sans-serif'
const ON_IMAGE = '#dfe6ee'
const LETTER = '#f0d9a0'
const BAD = '#f4776f'
const PLANE_COLOR = { axial: '#f4776f', coronal: '#62cf92', sagittal: '#e9b54f' } as const
const LINE = 16
const SCALE_BAR_SHARE = 0.16

export interface OverlayInput {
  readonly camera: Camera
  readonly transform: SliceTransform
  readonly frame: SliceFrame
  readonly metric: Metric
  readonly k: number
  readonly slices: number
  /** Millimetres along the axis closest to the normal; null without an affine. */
  readonly position: number | null
  readonly thickness: number | null
  readonly window: { readonly center: number; readonly width: number } | null
  /** Device pixels per pixel of the image. */
  readonly magnification: number
  readonly atDetector: boolean
  readonly crosshair: Voxel | null
  readonly bar: SliceBar | null
  readonly loading: boolean
  readonly contextLost: boolean
  /** Level-0 voxel boxes of tiles that could not be decoded, in this slice. */
  readonly undecodable: readonly { readonly box: Rect; readonly name: string }[]
}

type Context = CanvasRenderingContext2D

/** Everything over the picture that is not a voxel, part by part. */
export function drawOverlay(canvases: OverlayCanvases, input: OverlayInput, dpr: number): void {
  canvases.draw(input, dpr, (part, c) => DRAW[part](c, input))
}

const DRAW: Record<OverlayPart, (c: Context, input: OverlayInput) => void> = {
  middle: drawMiddle,
  top: (c, input) => {
    drawTexts(c, input)
    drawLetter(c, input, 'top')
  },
  bottom: (c, input) => {
    drawLetter(c, input, 'bottom')
    drawScale(c, input)
  },
  left: (c, input) => drawLetter(c, input, 'left'),
  right: (c, input) => drawLetter(c, input, 'right'),
  bar: (c, { bar, camera }) => {
    if (bar !== null) drawSliceBar(c, bar, camera.width, camera.height)
  },
}

function drawMiddle(c: Context, input: OverlayInput): void {
  for (const { box, name } of input.undecodable) drawUndecodable(c, input, box, name)
  if (input.crosshair !== null) drawCrosshair(c, input, input.crosshair)
  if (input.contextLost) drawNotice(c, input, viewerText.contextLost)
  else if (input.loading) drawNotice(c, input, viewerText.loading)
}

function drawTexts(c: Context, input: OverlayInput): void {
  const { frame, k, slices, position, window, thickness, magnification } = input
  c.textBaseline = 'top'
  c.textAlign = 'left'
  let top = 9
  if (frame.plane !== null) {
    c.font = MONO_BOLD
    text(c, viewerText.plane[frame.plane], 10, top, PLANE_COLOR[frame.plane])
    top += LINE
  }
  c.font = MONO
  const axis = (['x', 'y', 'z'] as const)[frame.normalAxis]
  const where = [
    ...(slices > 1 ? [viewerText.slice(k, slices)] : []),
    ...(position === null ? [] : [viewerText.position(axis, position)]),
  ]
  if (where.length > 0) text(c, where.join(' · '), 10, top, ON_IMAGE)
  c.textAlign = 'right'
  const right = input.camera.width - 10 - (input.bar === null ? 0 : barWidth(input.bar) + BAR_MARGIN)
  if (window !== null) text(c, viewerText.window(window.center, window.width), right, 9, ON_IMAGE)
  const scale = [...(thickness === null ? [] : [viewerText.thickness(thickness)]), viewerText.zoom(magnification)]
  text(c, scale.join(' · '), right, 9 + LINE, ON_IMAGE)
}

function drawLetter(c: Context, { frame, camera, bar }: OverlayInput, side: 'left' | 'right' | 'top' | 'bottom'): void {
  if (frame.letters === null) return
  const { width, height } = camera
  const right = width - 10 - (bar === null ? 0 : barWidth(bar) + BAR_MARGIN)
  const places = {
    left: [10, height / 2],
    right: [right, height / 2],
    top: [width / 2, 16],
    bottom: [width / 2, height - 14],
  }
  const [x = 0, y = 0] = places[side]
  c.font = SANS
  c.textBaseline = 'middle'
  c.textAlign = side === 'left' || side === 'right' ? side : 'center'
  text(c, frame.letters[side], x, y, LETTER)
}

function drawScale(c: Context, { camera, transform, metric, atDetector }: OverlayInput): void {
  const bar = scaleBar(transform.unit / camera.zoom, metric.unit, Math.max(70, camera.width * SCALE_BAR_SHARE))
  const [x, y] = [10.5, camera.height - 26.5]
  const shape = new Path2D()
  shape.moveTo(x, y)
  shape.lineTo(x, y + 5)
  shape.lineTo(x + bar.pixels, y + 5)
  shape.lineTo(x + bar.pixels, y)
  c.lineWidth = 3
  c.strokeStyle = '#000a'
  c.stroke(shape)
  c.lineWidth = 1.5
  c.strokeStyle = ON_IMAGE
  c.stroke(shape)
  c.font = MONO
  c.textAlign = 'left'
  c.textBaseline = 'alphabetic'
  const length = viewerText.length(bar.value, bar.unit)
  text(c, atDetector ? `${length} ${viewerText.atDetector}` : length, 10, camera.height - 8, ON_IMAGE)
}

function drawCrosshair(c: Context, { camera, transform, frame }: OverlayInput, [i, j]: Voxel): void {
  const [x, y] = project(camera, transform, i, j)
  const gap = 6
  const colors = crossColors(frame)
  c.globalAlpha = 0.8
  c.lineWidth = 1
  c.strokeStyle = colors.horizontal
  line(c, 0, y, x - gap, y)
  line(c, x + gap, y, camera.width, y)
  c.strokeStyle = colors.vertical
  line(c, x, 0, x, y - gap)
  line(c, x, y + gap, x, camera.height)
  c.globalAlpha = 1
}

/** A line has the colour of the plane it stands for. */
function crossColors({ plane }: SliceFrame): { horizontal: string; vertical: string } {
  const { axial, coronal, sagittal } = PLANE_COLOR
  if (plane === 'coronal') return { horizontal: axial, vertical: sagittal }
  if (plane === 'sagittal') return { horizontal: axial, vertical: coronal }
  return { horizontal: coronal, vertical: sagittal }
}

function drawUndecodable(c: Context, { camera, transform }: OverlayInput, box: Rect, name: string): void {
  const a = project(camera, transform, box.x0 - 0.5, box.y0 - 0.5)
  const b = project(camera, transform, box.x1 - 0.5, box.y1 - 0.5)
  const [x, y] = [Math.max(0, Math.min(a[0], b[0])), Math.max(0, Math.min(a[1], b[1]))]
  const w = Math.min(camera.width, Math.max(a[0], b[0])) - x
  const h = Math.min(camera.height, Math.max(a[1], b[1])) - y
  if (w <= 0 || h <= 0) return
  c.save()
  c.beginPath()
  c.rect(x, y, w, h)
  c.clip()
  c.strokeStyle = '#f4776f88'
  c.lineWidth = 1
  for (let d = -h; d < w; d += 14) line(c, x + d, y + h, x + d + h, y)
  c.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1)
  c.restore()
  c.font = MONO
  c.textAlign = 'center'
  c.textBaseline = 'middle'
  text(c, viewerText.undecodable(name), x + w / 2, y + h / 2, BAD)
}

function drawNotice(c: Context, { camera }: OverlayInput, words: string): void {
  c.font = MONO
  c.textAlign = 'center'
  c.textBaseline = 'middle'
  text(c, words, camera.width / 2, camera.height * 0.62, ON_IMAGE)
}

/** An outline is cheaper than a shadow and reads as well. */
function text(c: Context, words: string, x: number, y: number, color: string): void {
  c.lineJoin = 'round'
  c.lineWidth = 3
  c.strokeStyle = '#000b'
  c.strokeText(words, x, y)
  c.fillStyle = color
  c.fillText(words, x, y)
}

function line(c: Context, x0: number, y0: number, x1: number, y1: number): void {
  c.beginPath()
  c.moveTo(x0, y0)
  c.lineTo(x1, y1)
  c.stroke()
}
