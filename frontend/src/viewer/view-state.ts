import type { Shape, Voxel } from '../geometry/grid'
import type { Vec3 } from '../geometry/vector'
import type { Editor, Refusal, Tool, ToolId, WindowLevel } from '../store/editor'
import type { DirtyBox, Stroke } from '../store/label-store'

/** What the viewer needs of `GET /images/{id}`, in our own case. */
export interface ViewerImage {
  readonly id: string
  readonly modality: string
  readonly kind: 'volume' | 'planar'
  readonly shape: Shape
  readonly channels: 1 | 3
  readonly dtype: 'int16' | 'uint16' | 'uint8' | 'float32'
  readonly affine: readonly (readonly number[])[] | null
  readonly spacing: readonly [number, number, number] | null
  readonly spacingSource: 'pixel' | 'detector' | null
  readonly frameOfReference: string | null
  readonly rescale: { readonly slope: readonly number[]; readonly intercept: readonly number[] }
  readonly unit: string | null
  readonly window: WindowLevel | null
  readonly photometric: 'MONOCHROME2' | 'MONOCHROME1' | 'RGB'
  readonly pixels: {
    readonly tile: number
    readonly levels: readonly { readonly level: number; readonly shape: Shape; readonly groups: number }[]
  }
}

/** The part of the open labelmap that the viewer reads and the tools write. */
export interface LabelSource {
  readonly shape: Shape
  readonly layers: readonly number[]
  readonly editable: boolean
  readonly isDrawing: boolean
  labelAt(i: number, j: number, k: number, layer?: number): number
  tile(layer: number, k: number, tj: number, ti: number): Uint16Array | null
  beginStroke(tool: string): Stroke
  subscribe(listener: (boxes: readonly DirtyBox[]) => void): () => void
}

export interface ProposalSource {
  /** 256 × 256 label tiles of local numbers, edge tiles cut; null is background. */
  tile(k: number, tj: number, ti: number): Uint16Array | null
}

export interface SegmentStyle {
  readonly number: number
  /** A block of instances: each gets its own colour. Default: the number alone. */
  readonly lastNumber?: number
  /** "#rrggbb" */
  readonly color: string
  readonly visible: boolean
  readonly locked: boolean
  readonly solo: boolean
}

export interface LabelStyle {
  /** Opacity of the fill, 0 to 1. */
  readonly fill: number
  /** Width of the outline in CSS pixels; 0 is none. */
  readonly outlinePx: number
  /** False hides all labels and the proposal. */
  readonly visible: boolean
}

export interface ViewerLimits {
  readonly cpuBytes?: number
  readonly gpuBytes?: number
  /** Largest side of a 3-D texture: smaller than the driver's own to try the paged path. */
  readonly max3dTexture?: number
}

export interface ViewerOptions {
  readonly image: ViewerImage
  readonly fetchGroup: (level: number, group: number, signal: AbortSignal) => Promise<ArrayBuffer>
  readonly labels: LabelSource | null
  /** `createTools` of tools/toolbox.ts: viewer and tools do not import each other. */
  readonly tools: (editor: Editor) => readonly Tool[]
  /** Name of the canvas for screen readers. */
  readonly name?: string
  readonly limits?: ViewerLimits
  /** A drawing tool did nothing, and why. */
  readonly onRefusal?: (reason: Refusal) => void
  /** Right click without a drag. */
  readonly onContextMenu?: (at: { clientX: number; clientY: number; voxel: Voxel | null }) => void
}

export type Interpolation = 'linear' | 'nearest'

export interface CursorState {
  readonly voxel: Voxel
  /** LPS millimetres; null without an affine. */
  readonly patient: Vec3 | null
  /** In the image's unit; one per channel; null while the voxels are not here. */
  readonly value: readonly number[] | null
  /** Segment number; 0 is background. */
  readonly number: number
}

export interface ViewState {
  readonly k: number
  readonly slices: number
  readonly window: WindowLevel
  readonly invert: boolean
  readonly zoom: number
  readonly center: readonly [i: number, j: number]
  readonly interpolation: Interpolation
  readonly cursor: CursorState | null
  readonly crosshair: Voxel | null
  readonly tilesLoaded: number
  readonly tilesWanted: number
  readonly slicesLoaded: number
  /** Tiles that could not be decoded, or a group that did not come: in words, for the status bar. */
  readonly loadProblem: string | null
  readonly renderer: string
  readonly frameMs: { readonly p50: number; readonly p95: number }
  readonly qualityScale: number
  /** Milliseconds since the viewer was made; null until it happens. */
  readonly firstSlice: number | null
  readonly allSlices: number | null
  readonly contextLost: boolean
  readonly activeTool: ToolId
  readonly labelStyle: LabelStyle
}

/** Counters for tests and the status bar; read at any time, not observed. */
export interface ViewerStats {
  readonly renders: number
  readonly uploads: number
  readonly firstPaint: number | null
  readonly firstSlice: number | null
  readonly allSlices: number | null
  readonly frameMs: { readonly p50: number; readonly p95: number }
  /** Our own work per pointer event while a tool is busy. */
  readonly strokeMs: { readonly p50: number; readonly p95: number }
  readonly pointerToPaintMs: { readonly p50: number; readonly p95: number }
  readonly qualityScale: number
  readonly contextLosses: number
  readonly bytesCpu: number
  readonly bytesGpu: number
  readonly renderer: string
  /** How the image lies on the GPU; null while the context is lost. */
  readonly mode: 'volume' | 'paged' | null
}
