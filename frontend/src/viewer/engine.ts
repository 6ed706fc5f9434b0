import { type Camera, join, projectBox, type Rect, type SliceTransform, visibleVoxels } from '../geometry/camera'
import type { Grid } from '../geometry/grid'
import type { SliceFrame } from '../geometry/orientation'
import type { WindowLevel } from '../store/editor'
import type { DirtyBox } from '../store/label-store'
import { Quality, Timings } from './frame-stats'
import { GlView } from './gl-view'
import { ImageLoader, rescaleOf } from './image-loader'
import { drawOverlay, type OverlayInput } from './overlay'
import { OverlayCanvases } from './overlay-canvases'
import type { Pyramid } from './pyramid'
import type { FrameInput } from './scene'
import { Settling } from './settling'
import type { Stage } from './stage'
import { tileKey } from './tile-order'
import type { Interpolation, LabelStyle, ProposalSource, ViewerOptions } from './view-state'

/** What the picture shows now: the viewer owns it, the engine only reads. */
export interface EngineModel {
  readonly grid: Grid
  readonly frame: SliceFrame
  readonly transform: SliceTransform
  readonly camera: Camera
  readonly k: number
  readonly direction: 1 | -1
  readonly window: WindowLevel
  readonly invert: boolean
  readonly interpolation: Interpolation
  readonly labelStyle: LabelStyle
  overlay(): Omit<OverlayInput, 'loading' | 'contextLost' | 'undecodable'>
}

export interface EngineEvents {
  /** Before a frame is drawn: time to work out what the pointer is on. */
  beforeFrame(): void
  /** Once per frame at most: the counters may have changed. */
  onFrame(): void
  onTiles(): void
}

const CPU_GIB_UNKNOWN = 4
const MAX_CPU_BYTES = 2 * 2 ** 30
const REST_MS = 120
/** A wait up to this is not mentioned. */
const QUIET_MS = 300
const UPLOAD_MS = { drawing: 4, idle: 12 } as const

/** Loads, uploads and draws: one frame for any number of changes, none when nothing changed. */
export class Engine {
  readonly loader: ImageLoader
  readonly gl: GlView
  readonly frameTimes = new Timings()
  readonly strokeTimes = new Timings()
  readonly paintTimes = new Timings()
  readonly quality: Quality
  readonly settling: Settling
  renders = 0
  uploads = 0
  firstPaint: number | null = null
  firstSlice: number | null = null
  allSlices: number | null = null
  drawing = false
  private readonly overlay: OverlayCanvases
  private proposal: ProposalSource | null = null
  private pictureStale = true
  /** Voxels that were sent but not drawn yet. */
  private boxStale: Rect | null = null
  private overlayStale = true
  private lookStale = true
  private restTimer: ReturnType<typeof setTimeout> | null = null
  private request = 0
  private oldestSample: number | null = null
  private readonly madeAt = performance.now()
  private readonly quietTimer = setTimeout(() => this.invalidateOverlay(), QUIET_MS)

  constructor(
    private readonly stage: Stage,
    private readonly pyramid: Pyramid,
    private readonly options: ViewerOptions,
    private readonly model: EngineModel,
    private readonly events: EngineEvents,
  ) {
    const limits = options.limits ?? {}
    this.gl = new GlView(stage.picture, options.image, pyramid, limits, {
      onLost: () => this.invalidate(),
      onRestored: () => this.restore(),
    })
    this.overlay = new OverlayCanvases(stage.overlay, this.gl.software)
    this.gl.start()
    this.quality = new Quality(this.gl.software)
    this.settling = new Settling(() => this.isSettled())
    this.loader = new ImageLoader(options.image, pyramid, options.fetchGroup, limits.cpuBytes ?? cpuBudget(), {
      onTiles: (keys) => {
        for (const key of keys) this.gl.scene?.image.offer(key)
        this.events.onTiles()
        this.schedule()
      },
      onProblem: () => this.schedule(),
    })
  }

  get contextLost(): boolean {
    return this.gl.scene === null
  }

  /** The picture looks different: another slice, window, place or size. */
  invalidate(): void {
    this.pictureStale = true
    this.overlayStale = true
    this.lookStale = true
    this.schedule()
  }

  invalidateOverlay(): void {
    this.overlayStale = true
    this.schedule()
  }

  /** The pointer moved: the readout follows it in the next frame; nothing is drawn for it. */
  pointerMoved(): void {
    this.schedule()
  }

  /** The picture will go on changing for a moment: frames may be coarser until it rests. */
  interact(): void {
    if (this.restTimer !== null) clearTimeout(this.restTimer)
    this.restTimer = setTimeout(() => {
      this.restTimer = null
      if (this.stage.pictureScale < 1) this.pictureStale = true
      this.schedule()
    }, REST_MS)
  }

  labelsChanged(boxes: readonly DirtyBox[]): void {
    const layers = this.options.labels?.layers ?? []
    this.gl.scene?.labels.markDirty(boxes, (layer) => layers.indexOf(layer))
    this.schedule()
  }

  setProposal(source: ProposalSource | null): void {
    this.proposal = source
    this.gl.scene?.labels.invalidate()
    this.invalidate()
  }

  sampled(timeStamp: number, workMs: number): void {
    this.strokeTimes.add(workMs)
    this.oldestSample ??= timeStamp
  }

  dispose(): void {
    cancelAnimationFrame(this.request)
    clearTimeout(this.quietTimer)
    if (this.restTimer !== null) clearTimeout(this.restTimer)
    this.loader.dispose()
    this.gl.dispose()
    this.settling.dispose()
  }

  /** Draws at once what is due: for a probe that cannot wait for the next frame. */
  flush(): void {
    cancelAnimationFrame(this.request)
    this.request = 0
    this.frame()
  }

  /** The frame due next, or the last one, is done; it may be a coarse one. */
  drawn(): Promise<void> {
    return new Promise((resolve) => requestAnimationFrame(() => this.gl.whenDone(resolve)))
  }

  private schedule(): void {
    if (this.request === 0) this.request = requestAnimationFrame(() => this.frame())
  }

  private frame(): void {
    this.request = 0
    const start = performance.now()
    this.events.beforeFrame()
    if (this.lookStale) this.look()
    const drawn = this.drawPicture()
    if (this.overlayStale) this.drawOverlayCanvas()
    if (drawn !== null) this.timeFrame(drawn, start)
    this.noteProgress()
    this.events.onFrame()
    this.settling.check()
  }

  private look(): void {
    this.lookStale = false
    const { camera, transform, k, direction } = this.model
    const [, rows, columns] = this.pyramid.base.shape
    const visible = visibleVoxels(camera, transform, columns, rows)
    const mode = this.gl.scene?.image.mode ?? 'paged'
    this.loader.look({ k, direction, level: this.level(), visible }, mode)
  }

  private level(): number {
    if (this.gl.scene?.image.mode === 'volume') return 0
    return this.pyramid.levelFor(this.model.camera.zoom * this.stage.dpr)
  }

  /** Uploads and draws; says how much of the picture, or null when nothing changed. */
  private drawPicture(): 'whole' | 'part' | null {
    const { scene } = this.gl
    if (scene === null) return null
    if (this.isWaitingForFirstTile()) return null
    const { k } = this.model
    const before = performance.now()
    const deadline = before + (this.drawing ? UPLOAD_MS.drawing : UPLOAD_MS.idle)
    const keys = this.loader.urgentKeys
    const image = scene.image.sync({ k, level: this.level(), keys }, this.loader.cache, deadline)
    const labels = scene.labels.sync(k, this.options.labels, this.proposal)
    this.uploads += image.uploads + labels.uploads
    if (image.pending) this.schedule()
    if (image.changed !== null) this.overlayStale = true
    for (const box of [image.changed, labels.changed]) if (box !== null) this.boxStale = join(this.boxStale, box)
    const whole = this.pictureStale
    if (!whole && this.boxStale === null) return null
    const input = this.frameInput()
    if (!scene.isReady(input)) {
      this.schedule()
      return null
    }
    const part = whole || this.boxStale === null ? null : this.onScreen(this.boxStale)
    this.pictureStale = false
    this.boxStale = null
    if (whole) this.stage.setPictureScale(this.restTimer !== null ? this.quality.scale : 1)
    scene.draw(input, part)
    this.renders++
    return whole ? 'whole' : 'part'
  }

  /** A view that is still empty is not drawn: the first tile would have to wait for that. */
  private isWaitingForFirstTile(): boolean {
    return this.renders === 0 && this.loader.tilesLoaded === 0 && !this.loader.viewIsComplete()
  }

  private frameInput(): FrameInput {
    const { model } = this
    const base = this.options.image.photometric === 'MONOCHROME1'
    return {
      camera: model.camera,
      transform: model.transform,
      k: model.k,
      level: this.level(),
      rescale: this.options.image.channels === 3 ? [1, 0] : rescaleOf(this.options.image, model.k),
      window: model.window,
      invert: base !== model.invert,
      linear: model.interpolation === 'linear',
      fill: model.labelStyle.fill,
      outlinePx: model.labelStyle.outlinePx,
      labelsVisible: model.labelStyle.visible,
    }
  }

  /** The part of the view that a change of voxels can touch: outlines and blending reach a little further. */
  private onScreen(box: Rect): Rect {
    const { camera, transform, labelStyle } = this.model
    const margin = labelStyle.outlinePx + 2
    const part = projectBox(camera, transform, box)
    return { x0: part.x0 - margin, y0: part.y0 - margin, x1: part.x1 + margin, y1: part.y1 + margin }
  }

  private drawOverlayCanvas(): void {
    this.overlayStale = false
    const { k } = this.model
    const undecodable = [...this.loader.failed.values()]
      .filter((mark) => mark.k === k)
      .map(({ level, tj, ti }) => ({
        box: this.pyramid.boxOf(tileKey(level, k, tj, ti)),
        name: `${level}/${k}/${tj}/${ti}`,
      }))
    const loading = !this.loader.viewIsComplete() && performance.now() >= this.madeAt + QUIET_MS
    const input = { ...this.model.overlay(), undecodable, loading, contextLost: this.contextLost }
    drawOverlay(this.overlay, input, this.stage.dpr)
  }

  /** From the start of our own work to the end of the GPU's. */
  private timeFrame(drawn: 'whole' | 'part', start: number): void {
    const sampledAt = this.oldestSample
    this.oldestSample = null
    this.firstPaint ??= this.mark('firstPaint')
    this.settling.begin()
    this.gl.whenDone(() => {
      const now = performance.now()
      this.frameTimes.add(now - start)
      if (drawn === 'whole' && this.restTimer !== null) this.quality.record(now - start)
      if (sampledAt !== null) this.paintTimes.add(now - sampledAt)
      this.settling.end()
    })
  }

  private noteProgress(): void {
    if (this.firstSlice === null && this.renders > 0 && this.loader.viewIsComplete() && this.loader.cache.size > 0) {
      this.firstSlice = this.mark('firstSlice')
      this.overlayStale = true
      this.schedule()
    }
    if (this.allSlices === null && this.firstSlice !== null && this.loader.complete)
      this.allSlices = this.mark('allSlices')
  }

  private mark(name: string): number {
    performance.mark(`maskloop:${name}`)
    return Math.round(performance.now() - this.madeAt)
  }

  private isSettled(): boolean {
    const moving =
      this.pictureStale || this.overlayStale || this.lookStale || this.request !== 0 || this.restTimer !== null
    return !moving && !this.contextLost && this.loader.viewIsComplete()
  }

  private restore(): void {
    for (const tile of this.loader.cache.keys()) this.gl.scene?.image.offer(tile)
    this.invalidate()
  }
}

function cpuBudget(): number {
  const gib = (navigator as { deviceMemory?: number }).deviceMemory ?? CPU_GIB_UNKNOWN
  return Math.min(0.4 * gib * 2 ** 30, MAX_CPU_BYTES)
}
