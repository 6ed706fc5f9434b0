import type { StoreApi } from 'zustand/vanilla'
import { project as projectVoxel, unprojectStep } from '../geometry/camera'
import { contains, type Grid, nearestVoxel, type Voxel } from '../geometry/grid'
import type { Editor, Tool, ToolId, ToolSettings, WindowLevel } from '../store/editor'
import type { BrushCursor } from './brush-cursor'
import { valueRange, windowFromColors, windowFromPixels } from './default-window'
import { Engine } from './engine'
import { rescaleOf } from './image-loader'
import { Input, type InputHost } from './input'
import { KeyboardCursor, type KeyboardHost } from './keyboard-cursor'
import { buildLut } from './lut'
import { PointerReadout } from './pointer-readout'
import { Pyramid } from './pyramid'
import { differs, labelUnder, sameStyle } from './readout'
import { sliceAt, sliceAtHeight } from './slice-bar'
import { SlicePresence } from './slice-presence'
import { Stage } from './stage'
import { ViewModel } from './view-model'
import type {
  Interpolation,
  LabelStyle,
  ProposalSource,
  SegmentStyle,
  ViewerOptions,
  ViewerStats,
  ViewState,
} from './view-state'

/** Counters in `state` change at most this often: a status bar needs no more. */
const PUBLISH_MS = 250

/** One view of one image: picture, labels, overlay and input. React reads `state`; tests read `stats`. */
export class Viewer {
  readonly state: StoreApi<ViewState>
  readonly settings: StoreApi<ToolSettings>
  readonly grid: Grid
  readonly tools: readonly Tool[]
  private readonly stage: Stage
  private readonly model: ViewModel
  private readonly engine: Engine
  private readonly readout: PointerReadout
  private readonly input: Input
  private readonly keyboard: KeyboardCursor
  private readonly disposers: (() => void)[] = []
  private lastTool: ToolId = 'pan'
  private publishedAt = Number.NEGATIVE_INFINITY
  private publishTimer: ReturnType<typeof setTimeout> | null = null

  constructor(
    container: HTMLElement,
    private readonly options: ViewerOptions,
  ) {
    const { image, labels } = options
    this.stage = new Stage(container, options.name ?? image.id, () => this.model.resized())
    this.model = new ViewModel(image, this.stage)
    this.state = this.model.state
    this.settings = this.model.settings
    this.grid = this.model.grid
    this.tools = options.tools(this.makeEditor())
    this.engine = this.makeEngine()
    this.readout = new PointerReadout(this.state, this.grid, labels, (voxel) => this.engine.loader.valueAt(voxel))
    this.input = new Input(this.stage.root, this.makeInputHost())
    this.keyboard = new KeyboardCursor(this.stage.root, this.makeKeyboardHost())
    this.model.fit()
    this.model.onMoved = () => {
      this.engine.interact()
      this.engine.invalidate()
    }
    this.state.setState({ renderer: this.engine.gl.renderer })
    this.engine.gl.setLut('segments', buildLut([]))
    this.disposers.push(this.settings.subscribe(() => this.engine.pointerMoved()))
    if (labels !== null) this.followLabels(labels)
    this.updateCursor()
    this.engine.invalidate()
  }

  setSlice(k: number): void {
    this.model.setSlice(k)
  }

  stepSlice(by: number): void {
    this.model.setSlice(this.model.k + by)
  }

  setWindow(window: WindowLevel): void {
    this.model.setWindow(window)
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
    this.model.fit()
  }

  /** One pixel of the image on one pixel of the screen, about the middle of the view. */
  oneToOne(): void {
    this.model.oneToOne()
  }

  zoomBy(factor: number, client?: { x: number; y: number }): void {
    const { width, height } = this.stage
    const at = client === undefined ? { x: width / 2, y: height / 2 } : this.stage.inView(client.x, client.y)
    this.model.zoomAt(factor, at.x, at.y)
  }

  panBy(dx: number, dy: number): void {
    this.model.panBy(dx, dy)
  }

  setSegments(views: readonly SegmentStyle[]): void {
    const before = this.model.segments
    const same = views.length === before.length && views.every((view, at) => sameStyle(view, before[at]))
    if (same) return
    this.model.segments = views
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
    this.cancel()
    this.lastTool = before
    this.state.setState({ activeTool: this.tool(id).id })
    this.updateCursor()
  }

  setCrosshair(crosshair: Voxel | null): void {
    this.state.setState({ crosshair })
    this.engine.invalidateOverlay()
  }

  scaleRadius(factor: number): void {
    this.model.scaleRadius(factor)
  }

  /** Escape: drops the stroke or drag under way without effect; false when there was none. */
  cancel(): boolean {
    const wasOn = this.keyboard.isOn
    this.keyboard.leave()
    return this.input.cancel() || wasOn
  }

  /** Client coordinates of a voxel of the slice on screen. */
  project(i: number, j: number, _k?: number): { x: number; y: number } {
    const [x, y] = projectVoxel(this.model.camera, this.model.transform, i, j)
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

  /** Holds when what was asked so far is on screen, at the quality of the moment. */
  drawn(): Promise<void> {
    return this.engine.drawn()
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
    this.keyboard.dispose()
    this.readout.dispose()
    this.input.dispose()
    for (const dispose of this.disposers.splice(0)) dispose()
    if (this.publishTimer !== null) clearTimeout(this.publishTimer)
    this.engine.dispose()
    this.stage.dispose()
  }

  /** Leaves nothing in the page when there is no WebGL2. */
  private makeEngine(): Engine {
    try {
      return new Engine(this.stage, new Pyramid(this.options.image), this.options, this.model, {
        beforeFrame: () => {
          this.readout.read(this.model.pointer, this.engine.drawing, () => this.engine.pointerMoved())
          this.stage.brushCursor.show(this.brushCursor())
        },
        onFrame: () => this.publish(),
        onTiles: () => this.chooseWindow(),
      })
    } catch (error) {
      this.stage.dispose()
      throw error
    }
  }

  private followLabels(labels: NonNullable<ViewerOptions['labels']>): void {
    const presence = labels.shape[0] === 1 ? null : new SlicePresence(labels, () => this.engine.invalidateOverlay())
    this.model.presence = presence
    const unsubscribe = labels.subscribe((boxes) => {
      this.engine.labelsChanged(boxes)
      presence?.markDirty(boxes)
    })
    this.disposers.push(unsubscribe, () => presence?.dispose())
  }

  private tool(id: ToolId): Tool {
    const tool = this.tools.find((candidate) => candidate.id === id)
    if (tool === undefined) throw new RangeError(`no tool "${id}"`)
    return tool
  }

  private get activeTool(): Tool {
    return this.tool(this.state.getState().activeTool)
  }

  /** Counters now and then; what happens once, at once. */
  private publish(): void {
    const { engine } = this
    const { firstSlice, allSlices, contextLost } = engine
    if (differs(this.state.getState(), { firstSlice, allSlices, contextLost }))
      this.publishedAt = Number.NEGATIVE_INFINITY
    const wait = this.publishedAt + PUBLISH_MS - performance.now()
    if (wait > 0) {
      this.publishTimer ??= setTimeout(() => {
        this.publishTimer = null
        this.publish()
      }, wait)
      return
    }
    this.publishedAt = performance.now()
    const { tilesLoaded, tilesWanted, slicesLoaded, problem } = engine.loader
    const next = {
      tilesLoaded,
      tilesWanted,
      slicesLoaded,
      loadProblem: problem,
      firstSlice,
      allSlices,
      contextLost,
      qualityScale: engine.quality.scale,
      frameMs: engine.frameTimes.summary(),
    }
    if (differs(this.state.getState(), next)) this.state.setState(next)
  }

  /** A file without a window gets one from the voxels that come first. */
  private chooseWindow(): void {
    if (!this.model.needsWindow) return
    const { cache } = this.engine.loader
    const key = cache.keys().next().value
    const tile = key === undefined ? undefined : cache.peek(key)
    if (tile === undefined) return
    const isColor = this.options.image.channels === 3
    const rescale = rescaleOf(this.options.image, tile.k)
    this.model.suggestWindow(isColor ? windowFromColors(tile.pixels) : windowFromPixels(tile.pixels, ...rescale))
    this.engine.invalidate()
  }

  private updateCursor(): void {
    this.stage.setCursor(this.input.panHeld ? this.tool('pan').cursor : this.activeTool.cursor)
    this.engine.pointerMoved()
  }

  private brushCursor(): BrushCursor | null {
    const { pointer, transform, camera } = this.model
    const { activeTool } = this
    const shown = activeTool.draws || this.keyboard.isOn
    if (pointer === null || !shown || this.input.panHeld) return null
    const radius = activeTool.draws ? (this.settings.getState().radiusMm / transform.unit) * camera.zoom : 8
    return { x: pointer.x, y: pointer.y, radius, erases: activeTool.id === 'eraser' || pointer.shift || pointer.erase }
  }

  private makeEditor(): Editor {
    const { model, options } = this
    return {
      labels: options.labels,
      shape: model.grid.shape,
      metric: model.grid.metric,
      get settings() {
        return model.settings.getState()
      },
      changeSettings: (change) => model.settings.setState(change),
      get window() {
        return model.window
      },
      setWindow: (window) => model.setWindow(window),
      get valueRange() {
        return valueRange(model.image, model.window)
      },
      panBy: (dx, dy) => model.panBy(dx, dy),
      get crosshair() {
        return model.state.getState().crosshair
      },
      setCrosshair: (voxel) => this.setCrosshair(voxel),
      refuse: (reason) => options.onRefusal?.(reason),
    }
  }

  private makeInputHost(): InputHost {
    const { stage, engine, model } = this
    return {
      slices: this.grid.shape[0],
      activeTool: () => this.activeTool,
      tool: (id) => this.tool(id),
      pointerAt: (event) => {
        const { x, y } = stage.inView(event.clientX, event.clientY)
        const { shiftKey: shift, ctrlKey, metaKey, altKey: alt } = event
        return { voxel: model.voxelAt(x, y), x, y, shift, ctrl: ctrlKey || metaKey, alt, erase: false }
      },
      hover: (pointer) => {
        model.pointer = pointer
        if (pointer?.shift && !this.input.busy && !this.activeTool.draws) this.followWithCrosshair(pointer.voxel)
        engine.pointerMoved()
      },
      sampled: (timeStamp, workMs) => engine.sampled(timeStamp, workMs),
      pickSegment: ({ voxel }) => {
        const number = labelUnder(nearestVoxel(voxel), this.grid, this.options.labels)
        if (number !== 0) this.settings.setState({ activeNumber: number })
      },
      stepSlice: (by) => this.stepSlice(by),
      zoomAt: (factor, x, y) => model.zoomAt(factor, x, y),
      pan: (dx, dy) => model.panBy(dx, dy),
      scaleRadius: (factor) => model.scaleRadius(factor),
      stepOpacity: (by) => this.setLabelStyle({ fill: Math.min(1, Math.max(0, model.labelStyle.fill + by)) }),
      barSliceAt: (x, y, dragging) => {
        const bar = model.sliceBar()
        if (bar === null) return null
        return dragging ? sliceAtHeight(bar, y, stage.height) : sliceAt(bar, x, y, stage.width, stage.height)
      },
      setSlice: (k) => model.setSlice(k),
      contextMenu: ({ clientX, clientY }) => {
        const { x, y } = stage.inView(clientX, clientY)
        const voxel = nearestVoxel(model.voxelAt(x, y))
        this.options.onContextMenu?.({ clientX, clientY, voxel: contains(this.grid.shape, voxel) ? voxel : null })
      },
      swapTools: () => this.setTool(this.lastTool),
      cursorChanged: () => {
        engine.drawing = this.input.busy
        this.updateCursor()
      },
    }
  }

  private followWithCrosshair(voxel: Voxel): void {
    const nearest = nearestVoxel(voxel)
    if (contains(this.grid.shape, nearest)) this.setCrosshair(nearest)
  }

  private makeKeyboardHost(): KeyboardHost {
    const { stage, model, engine } = this
    return {
      shape: this.grid.shape,
      activeTool: () => this.activeTool,
      startVoxel: () => model.pointer?.voxel ?? model.voxelAt(stage.width / 2, stage.height / 2),
      pointerOn: (voxel) => {
        const [x, y] = projectVoxel(model.camera, model.transform, voxel[0], voxel[1])
        return { voxel: [voxel[0], voxel[1], model.k], x, y, shift: false, ctrl: false, alt: false, erase: false }
      },
      step: (right, down) => unprojectStep(model.camera, model.transform, right, down),
      largeStep: () => Math.max(1, Math.round(this.settings.getState().radiusMm / model.transform.unit)),
      show: (pointer) => {
        model.pointer = pointer
        engine.pointerMoved()
      },
    }
  }
}
