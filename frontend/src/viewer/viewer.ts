import { createStore, type StoreApi } from 'zustand/vanilla'
import { toPatient } from '../geometry/affine'
import * as cameras from '../geometry/camera'
import { contains, type Grid, makeGrid, nearestVoxel, type Voxel } from '../geometry/grid'
import { type SliceFrame, sliceFrame } from '../geometry/orientation'
import type { Editor, Tool, ToolId, ToolPointer, ToolSettings, WindowLevel } from '../store/editor'
import { valueRange, windowFromPixels } from './default-window'
import { Engine, type EngineModel } from './engine'
import { rescaleOf } from './image-loader'
import { Input, type InputHost } from './input'
import { buildLut } from './lut'
import type { OverlayInput } from './overlay'
import { Pyramid } from './pyramid'
import { differs, firstState, hasPatientAxes, labelUnder, readVoxel, sameCursor } from './readout'
import { type SliceBar, sliceAt, sliceAtHeight } from './slice-bar'
import { SlicePresence } from './slice-presence'
import { Stage } from './stage'
import type {
  Interpolation,
  LabelStyle,
  ProposalSource,
  SegmentStyle,
  ViewerImage,
  ViewerOptions,
  ViewerStats,
  ViewState,
} from './view-state'

const RADIUS_LIMITS = { mm: [0.1, 100], px: [0.5, 1000] } as const
const FIRST_RADIUS_SHARE = 0.03

/** One view of one image: picture, labels, overlay and input. React reads `state`; tests read `stats`. */
export class Viewer {
  readonly state: StoreApi<ViewState>
  readonly settings: StoreApi<ToolSettings>
  readonly grid: Grid
  readonly tools: readonly Tool[]
  private readonly image: ViewerImage
  private readonly stage: Stage
  private readonly engine: Engine
  private readonly input: Input
  private readonly pyramid: Pyramid
  private readonly frame: SliceFrame
  private readonly transform: cameras.SliceTransform
  private readonly presence: SlicePresence | null
  private readonly disposers: (() => void)[] = []
  private camera: cameras.Camera
  private direction: 1 | -1 = 1
  private fitted = true
  private windowChosen: boolean
  private segments: readonly SegmentStyle[] = []
  private pointer: ToolPointer | null = null
  private lastTool: ToolId = 'pan'

  constructor(
    container: HTMLElement,
    private readonly options: ViewerOptions,
  ) {
    const { image, labels } = options
    this.image = image
    this.grid = makeGrid(image.shape, image.affine, image.spacing)
    this.pyramid = new Pyramid(image)
    this.frame = sliceFrame(hasPatientAxes(image) ? this.grid.affine : null)
    this.transform = cameras.sliceTransform(this.frame, this.grid.metric)
    this.stage = new Stage(container, options.name ?? image.id, () => this.resized())
    this.camera = { center: [0, 0], zoom: 1, width: this.stage.width, height: this.stage.height }
    this.windowChosen = image.window !== null || image.channels === 3
    this.state = createStore(() => firstState(image))
    this.settings = createStore(() => ({ radiusMm: this.firstRadius(), shape: 'circle' as const, activeNumber: null }))
    this.tools = options.tools(this.makeEditor())
    this.presence =
      labels === null || image.shape[0] === 1 ? null : new SlicePresence(labels, () => this.engine.invalidateOverlay())
    this.engine = new Engine(this.stage, this.pyramid, options, this.makeModel(), {
      beforeFrame: () => this.readCursor(),
      onFrame: () => this.publish(),
      onTiles: () => this.chooseWindow(),
    })
    this.state.setState({ renderer: this.engine.gl.renderer })
    this.input = new Input(this.stage.root, this.makeInputHost())
    this.engine.gl.setLut('segments', buildLut([]))
    if (labels !== null) {
      this.disposers.push(
        labels.subscribe((boxes) => {
          this.engine.labelsChanged(boxes)
          this.presence?.markDirty(boxes)
        }),
      )
    }
    this.disposers.push(this.settings.subscribe(() => this.engine.invalidateOverlay()))
    this.fit()
    this.updateCursor()
  }

  setSlice(k: number): void {
    const { k: before, slices } = this.state.getState()
    const next = Math.min(slices - 1, Math.max(0, Math.round(k)))
    if (next === before) return
    this.direction = next > before ? 1 : -1
    this.state.setState({ k: next })
    if (this.pointer !== null) this.pointer = { ...this.pointer, voxel: this.voxelAt(this.pointer.x, this.pointer.y) }
    this.moved()
  }

  stepSlice(by: number): void {
    this.setSlice(this.state.getState().k + by)
  }

  setWindow(window: WindowLevel): void {
    if (!(window.width > 0) || !Number.isFinite(window.center)) throw new RangeError('a window has a width above 0')
    this.windowChosen = true
    this.state.setState({ window })
    this.moved()
  }

  setInvert(invert: boolean): void {
    this.state.setState({ invert })
    this.engine.invalidate()
  }

  setInterpolation(interpolation: Interpolation): void {
    this.state.setState({ interpolation })
    this.engine.invalidate()
  }

  fit(): void {
    const [, rows, columns] = this.grid.shape
    const zoom = cameras.fitZoom(this.transform, columns, rows, this.stage.width, this.stage.height)
    this.fitted = true
    this.look({ ...this.camera, zoom, center: [(columns - 1) / 2, (rows - 1) / 2] })
  }

  /** One pixel of the image on one pixel of the screen, about the middle of the view. */
  oneToOne(): void {
    this.zoomBy(1 / (this.camera.zoom * this.stage.dpr))
    this.look(cameras.snapToPixels(this.camera, this.transform, this.stage.dpr))
  }

  zoomBy(factor: number, client?: { x: number; y: number }): void {
    const at =
      client === undefined
        ? { x: this.camera.width / 2, y: this.camera.height / 2 }
        : this.stage.inView(client.x, client.y)
    this.fitted = false
    this.look(cameras.zoomAbout(this.camera, this.transform, factor, at.x, at.y))
  }

  panBy(dx: number, dy: number): void {
    this.fitted = false
    this.look(cameras.panBy(this.camera, this.transform, dx, dy))
  }

  setSegments(views: readonly SegmentStyle[]): void {
    this.segments = views
    this.engine.gl.setLut('segments', buildLut(views))
    this.engine.invalidate()
  }

  setLabelStyle(change: Partial<LabelStyle>): void {
    this.state.setState(({ labelStyle }) => ({ labelStyle: { ...labelStyle, ...change } }))
    this.engine.invalidate()
  }

  /** The preview layer of what a model suggests; colours go by its local numbers. Call again when its tiles change. */
  setProposal(source: ProposalSource | null, colors: readonly { number: number; color: string }[] = []): void {
    const styles = colors.map(({ number, color }) => ({ number, color, visible: true, locked: false, solo: false }))
    this.engine.gl.setLut('proposal', buildLut(styles))
    this.engine.setProposal(source)
  }

  setTool(id: ToolId): void {
    const before = this.state.getState().activeTool
    if (before === id) return
    this.input.cancel()
    this.lastTool = before
    this.state.setState({ activeTool: this.tool(id).id })
    this.updateCursor()
  }

  setCrosshair(crosshair: Voxel | null): void {
    this.state.setState({ crosshair })
    this.engine.invalidateOverlay()
  }

  scaleRadius(factor: number): void {
    const [low, high] = RADIUS_LIMITS[this.grid.metric.unit]
    this.settings.setState(({ radiusMm }) => ({ radiusMm: Math.min(high, Math.max(low, radiusMm * factor)) }))
  }

  /** Escape: drops the stroke or drag under way without effect; false when there was none. */
  cancel(): boolean {
    return this.input.cancel()
  }

  /** Client coordinates of a voxel of the slice on screen. */
  project(i: number, j: number, _k?: number): { x: number; y: number } {
    const [x, y] = cameras.project(this.camera, this.transform, i, j)
    return this.stage.toClient(x, y)
  }

  /** The colour of the picture (without the overlay) at a client position. */
  probe(x: number, y: number): [r: number, g: number, b: number, a: number] {
    this.engine.flush()
    const at = this.stage.inView(x, y)
    const scale = this.stage.dpr * this.stage.pictureScale
    return this.engine.gl.readPixel(Math.floor(at.x * scale), Math.floor(at.y * scale))
  }

  /** Holds when the view is complete at its resolution, drawn, and nothing moves any more. */
  settled(): Promise<void> {
    return this.engine.settling.settled()
  }

  stats(): ViewerStats {
    const { engine } = this
    return {
      renders: engine.renders,
      uploads: engine.uploads,
      firstPaint: engine.firstPaint,
      firstSlice: engine.firstSlice,
      allSlices: engine.allSlices,
      frameMs: engine.frameTimes.summary(),
      strokeMs: engine.strokeTimes.summary(),
      pointerToPaintMs: engine.paintTimes.summary(),
      qualityScale: engine.quality.scale,
      contextLosses: engine.gl.losses,
      bytesCpu: engine.loader.cache.bytes,
      bytesGpu: engine.gl.scene?.bytes ?? 0,
      renderer: engine.gl.renderer,
      mode: engine.gl.scene?.image.mode ?? null,
    }
  }

  dispose(): void {
    this.input.dispose()
    for (const dispose of this.disposers.splice(0)) dispose()
    this.presence?.dispose()
    this.engine.dispose()
    this.stage.dispose()
  }

  private tool(id: ToolId): Tool {
    const tool = this.tools.find((candidate) => candidate.id === id)
    if (tool === undefined) throw new RangeError(`no tool "${id}"`)
    return tool
  }

  private get activeTool(): Tool {
    return this.tool(this.state.getState().activeTool)
  }

  /** Another part of the picture. */
  private look(camera: cameras.Camera): void {
    const [, rows, columns] = this.grid.shape
    this.camera = cameras.keepInSight(camera, columns, rows)
    this.state.setState({ zoom: this.camera.zoom * this.stage.dpr, center: this.camera.center })
    if (this.pointer !== null) this.pointer = { ...this.pointer, voxel: this.voxelAt(this.pointer.x, this.pointer.y) }
    this.moved()
  }

  private moved(): void {
    this.engine.interact()
    this.engine.invalidate()
  }

  private resized(): void {
    this.camera = { ...this.camera, width: this.stage.width, height: this.stage.height }
    if (this.fitted) this.fit()
    else this.look(this.camera)
  }

  private voxelAt(x: number, y: number): Voxel {
    const [i, j] = cameras.unproject(this.camera, this.transform, x, y)
    return [i, j, this.state.getState().k]
  }

  private readCursor(): void {
    const before = this.state.getState().cursor
    const { pointer } = this
    if (pointer === null) {
      if (before !== null) this.state.setState({ cursor: null })
      return
    }
    const cursor = readVoxel(nearestVoxel(pointer.voxel), this.grid, this.options.labels, (voxel) =>
      this.engine.loader.valueAt(voxel),
    )
    if (!sameCursor(before, cursor)) this.state.setState({ cursor })
  }

  private publish(): void {
    const { engine } = this
    const { loader } = engine
    const next = {
      tilesLoaded: loader.tilesLoaded,
      tilesWanted: loader.tilesWanted,
      slicesLoaded: loader.slicesLoaded,
      loadProblem: loader.problem,
      firstSlice: engine.firstSlice,
      allSlices: engine.allSlices,
      contextLost: engine.contextLost,
      qualityScale: engine.quality.scale,
      frameMs: engine.frameTimes.summary(),
    }
    if (differs(this.state.getState(), next)) this.state.setState(next)
  }

  /** A file without a window gets one from the voxels that come first. */
  private chooseWindow(): void {
    if (this.windowChosen) return
    const key = this.engine.loader.cache.keys().next().value
    const tile = key === undefined ? undefined : this.engine.loader.cache.peek(key)
    if (tile === undefined) return
    this.windowChosen = true
    this.state.setState({ window: windowFromPixels(tile.pixels, ...rescaleOf(this.image, tile.k)) })
    this.engine.invalidate()
  }

  private updateCursor(): void {
    this.stage.setCursor(this.input.panHeld ? this.tool('pan').cursor : this.activeTool.cursor)
    this.engine.invalidateOverlay()
  }

  private firstRadius(): number {
    const [, rows, columns] = this.grid.shape
    const share = Math.min(rows, columns) * this.transform.unit * FIRST_RADIUS_SHARE
    return Number(Math.max(RADIUS_LIMITS[this.grid.metric.unit][0], share).toPrecision(2))
  }

  private makeEditor(): Editor {
    const viewer = this
    return {
      labels: this.options.labels,
      shape: this.grid.shape,
      metric: this.grid.metric,
      get settings() {
        return viewer.settings.getState()
      },
      changeSettings: (change) => this.settings.setState(change),
      get window() {
        return viewer.state.getState().window
      },
      setWindow: (window) => this.setWindow(window),
      get valueRange() {
        return valueRange(viewer.image, viewer.state.getState().window)
      },
      panBy: (dx, dy) => this.panBy(dx, dy),
      get crosshair() {
        return viewer.state.getState().crosshair
      },
      setCrosshair: (voxel) => this.setCrosshair(voxel),
      refuse: (reason) => this.options.onRefusal?.(reason),
    }
  }

  private makeModel(): EngineModel {
    const viewer = this
    const state = (): ViewState => this.state.getState()
    return {
      grid: this.grid,
      frame: this.frame,
      transform: this.transform,
      get camera() {
        return viewer.camera
      },
      get k() {
        return state().k
      },
      get direction() {
        return viewer.direction
      },
      get window() {
        return state().window
      },
      get invert() {
        return state().invert
      },
      get interpolation() {
        return state().interpolation
      },
      get labelStyle() {
        return state().labelStyle
      },
      overlay: () => this.overlay(),
    }
  }

  private overlay(): ReturnType<EngineModel['overlay']> {
    const { k, slices, window, zoom, crosshair } = this.state.getState()
    const { grid, frame, transform, camera, image } = this
    const [, rows, columns] = grid.shape
    const middle = grid.affine === null ? null : toPatient(grid.affine, [(columns - 1) / 2, (rows - 1) / 2, k])
    return {
      camera,
      transform,
      frame,
      metric: grid.metric,
      k,
      slices,
      position: frame.letters === null || middle === null ? null : middle[frame.normalAxis],
      thickness: slices > 1 && grid.metric.unit === 'mm' ? Math.sqrt(grid.metric.kk) : null,
      window: image.channels === 3 ? null : window,
      magnification: zoom,
      atDetector: image.spacingSource === 'detector',
      brush: this.brushCursor(),
      crosshair: crosshair !== null && crosshair[2] === k ? crosshair : null,
      bar: this.sliceBar(),
    }
  }

  private brushCursor(): OverlayInput['brush'] {
    const { pointer, activeTool } = this
    if (pointer === null || !activeTool.draws || this.input.panHeld) return null
    const radius = (this.settings.getState().radiusMm / this.transform.unit) * this.camera.zoom
    return { x: pointer.x, y: pointer.y, radius, erases: activeTool.id === 'eraser' || pointer.shift || pointer.erase }
  }

  private sliceBar(): SliceBar | null {
    const { k, slices } = this.state.getState()
    if (slices === 1) return null
    const { presence } = this
    const anySolo = this.segments.some((segment) => segment.solo)
    const shown = this.segments.filter((segment) => segment.visible && (!anySolo || segment.solo))
    const columns = shown
      .filter(({ number, lastNumber }) => presence !== null && (lastNumber ?? number) === number)
      .map(({ number, color }) => ({ color, has: (slice: number) => presence?.has(number, slice) ?? false }))
    return { k, slices, columns }
  }

  private makeInputHost(): InputHost {
    const { stage, engine } = this
    return {
      slices: this.grid.shape[0],
      activeTool: () => this.activeTool,
      tool: (id) => this.tool(id),
      pointerAt: (event) => {
        const { x, y } = stage.inView(event.clientX, event.clientY)
        const { shiftKey: shift, ctrlKey, metaKey, altKey: alt } = event
        return { voxel: this.voxelAt(x, y), x, y, shift, ctrl: ctrlKey || metaKey, alt, erase: false }
      },
      hover: (pointer) => {
        this.pointer = pointer
        engine.invalidateOverlay()
      },
      sampled: (timeStamp, workMs) => engine.sampled(timeStamp, workMs),
      pickSegment: ({ voxel }) => {
        const number = labelUnder(nearestVoxel(voxel), this.grid, this.options.labels)
        if (number !== 0) this.settings.setState({ activeNumber: number })
      },
      stepSlice: (by) => this.stepSlice(by),
      zoomAt: (factor, x, y) => this.zoomBy(factor, stage.toClient(x, y)),
      pan: (dx, dy) => this.panBy(dx, dy),
      scaleRadius: (factor) => this.scaleRadius(factor),
      stepOpacity: (by) => {
        const { fill } = this.state.getState().labelStyle
        this.setLabelStyle({ fill: Math.min(1, Math.max(0, fill + by)) })
      },
      barSliceAt: (x, y, dragging) => {
        const bar = this.sliceBar()
        if (bar === null) return null
        return dragging ? sliceAtHeight(bar, y, stage.height) : sliceAt(bar, x, y, stage.width, stage.height)
      },
      setSlice: (k) => this.setSlice(k),
      contextMenu: ({ clientX, clientY }) => {
        const { x, y } = stage.inView(clientX, clientY)
        const voxel = nearestVoxel(this.voxelAt(x, y))
        this.options.onContextMenu?.({ clientX, clientY, voxel: contains(this.grid.shape, voxel) ? voxel : null })
      },
      swapTools: () => this.setTool(this.lastTool),
      cursorChanged: () => {
        engine.drawing = this.input.busy
        this.updateCursor()
      },
    }
  }
}
