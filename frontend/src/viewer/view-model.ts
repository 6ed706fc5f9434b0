import { createStore, type StoreApi } from 'zustand/vanilla'
import { toPatient } from '../geometry/affine'
import * as cameras from '../geometry/camera'
import { type Grid, makeGrid, type Voxel } from '../geometry/grid'
import { type SliceFrame, sliceFrame } from '../geometry/orientation'
import type { ToolPointer, ToolSettings, WindowLevel } from '../store/editor'
import type { EngineModel } from './engine'
import { firstState, hasPatientAxes } from './readout'
import type { SliceBar } from './slice-bar'
import type { SlicePresence } from './slice-presence'
import type { Interpolation, LabelStyle, SegmentStyle, ViewerImage, ViewState } from './view-state'

const RADIUS_LIMITS = { mm: [0.1, 100], px: [0.5, 1000] } as const
const FIRST_RADIUS_SHARE = 0.03

/** The size of what is looked through, in CSS pixels. */
export interface ViewSize {
  readonly width: number
  readonly height: number
  readonly dpr: number
}

/** Where the view is and what it shows; knows nothing of WebGL and the DOM. */
export class ViewModel implements EngineModel {
  readonly state: StoreApi<ViewState>
  readonly settings: StoreApi<ToolSettings>
  readonly grid: Grid
  readonly frame: SliceFrame
  readonly transform: cameras.SliceTransform
  camera: cameras.Camera
  direction: 1 | -1 = 1
  segments: readonly SegmentStyle[] = []
  presence: SlicePresence | null = null
  pointer: ToolPointer | null = null
  /** The picture moved: another slice, place or window. */
  onMoved: () => void = () => {}
  private fitted = true
  private windowChosen: boolean

  constructor(
    readonly image: ViewerImage,
    private readonly size: ViewSize,
  ) {
    this.grid = makeGrid(image.shape, image.affine, image.spacing)
    this.frame = sliceFrame(hasPatientAxes(image) ? this.grid.affine : null)
    this.transform = cameras.sliceTransform(this.frame, this.grid.metric)
    this.camera = { center: [0, 0], zoom: 1, width: size.width, height: size.height }
    this.windowChosen = image.window !== null
    this.state = createStore(() => firstState(image))
    this.settings = createStore(() => ({ radiusMm: this.firstRadius(), shape: 'circle' as const, activeNumber: null }))
  }

  get k(): number {
    return this.state.getState().k
  }

  get window(): WindowLevel {
    return this.state.getState().window
  }

  get invert(): boolean {
    return this.state.getState().invert
  }

  get interpolation(): Interpolation {
    return this.state.getState().interpolation
  }

  get labelStyle(): LabelStyle {
    return this.state.getState().labelStyle
  }

  setSlice(k: number): void {
    const { k: before, slices } = this.state.getState()
    const next = Math.min(slices - 1, Math.max(0, Math.round(k)))
    if (next === before) return
    this.direction = next > before ? 1 : -1
    this.state.setState({ k: next })
    this.moved()
  }

  setWindow(window: WindowLevel): void {
    if (!(window.width > 0) || !Number.isFinite(window.center)) throw new RangeError('a window has a width above 0')
    this.windowChosen = true
    this.state.setState({ window })
    this.moved()
  }

  /** For a file that names no window: holds until there is one. */
  get needsWindow(): boolean {
    return !this.windowChosen
  }

  suggestWindow(window: WindowLevel): void {
    this.windowChosen = true
    this.state.setState({ window })
  }

  fit(): void {
    const [, rows, columns] = this.grid.shape
    const zoom = cameras.fitZoom(this.transform, columns, rows, this.size.width, this.size.height)
    this.look({ ...this.camera, zoom, center: [(columns - 1) / 2, (rows - 1) / 2] })
    this.fitted = true
  }

  oneToOne(): void {
    this.zoomAt(1 / (this.camera.zoom * this.size.dpr), this.camera.width / 2, this.camera.height / 2)
    this.look(cameras.snapToPixels(this.camera, this.transform, this.size.dpr))
  }

  zoomAt(factor: number, x: number, y: number): void {
    this.look(cameras.zoomAbout(this.camera, this.transform, factor, x, y))
  }

  panBy(dx: number, dy: number): void {
    this.look(cameras.panBy(this.camera, this.transform, dx, dy))
  }

  resized(): void {
    this.camera = { ...this.camera, width: this.size.width, height: this.size.height }
    if (this.fitted) this.fit()
    else this.look(this.camera)
  }

  scaleRadius(factor: number): void {
    const [low, high] = RADIUS_LIMITS[this.grid.metric.unit]
    this.settings.setState(({ radiusMm }) => ({ radiusMm: Math.min(high, Math.max(low, radiusMm * factor)) }))
  }

  /** The voxel (with fractions) under a place in the view. */
  voxelAt(x: number, y: number): Voxel {
    const [i, j] = cameras.unproject(this.camera, this.transform, x, y)
    return [i, j, this.k]
  }

  overlay(): ReturnType<EngineModel['overlay']> {
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
      // A colour picture shown as stored has nothing to say here.
      window: image.channels === 3 && window.width === 255 ? null : window,
      magnification: zoom,
      atDetector: image.spacingSource === 'detector',
      crosshair: crosshair !== null && crosshair[2] === k ? crosshair : null,
      bar: this.sliceBar(),
    }
  }

  sliceBar(): SliceBar | null {
    const { k, slices } = this.state.getState()
    if (slices === 1) return null
    const { presence } = this
    const anySolo = this.segments.some((segment) => segment.solo)
    const columns = this.segments
      .filter((segment) => segment.visible && (!anySolo || segment.solo))
      .filter(({ number, lastNumber }) => presence !== null && (lastNumber ?? number) === number)
      .map(({ number, color }) => ({ color, has: (slice: number) => presence?.has(number, slice) ?? false }))
    return { k, slices, columns }
  }

  private look(camera: cameras.Camera): void {
    const [, rows, columns] = this.grid.shape
    this.fitted = false
    this.camera = cameras.keepInSight(camera, columns, rows)
    this.state.setState({ zoom: this.camera.zoom * this.size.dpr, center: this.camera.center })
    this.moved()
  }

  private moved(): void {
    if (this.pointer !== null) this.pointer = { ...this.pointer, voxel: this.voxelAt(this.pointer.x, this.pointer.y) }
    this.onMoved()
  }

  private firstRadius(): number {
    const [, rows, columns] = this.grid.shape
    const share = Math.min(rows, columns) * this.transform.unit * FIRST_RADIUS_SHARE
    return Number(Math.max(RADIUS_LIMITS[this.grid.metric.unit][0], share).toPrecision(2))
  }
}
