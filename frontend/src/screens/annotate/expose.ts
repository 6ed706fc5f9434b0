import type { Workspace } from './workspace-context'

/** What tests and curious people may read of the open image. Read-only, always there, no patient data. */
export interface Exposed {
  readonly renders: number
  readonly firstPaint: number | null
  readonly firstSlice: number | null
  readonly allSlices: number | null
  readonly tilesLoaded: number
  readonly tilesWanted: number
  readonly uploads: number
  readonly frameMs: { readonly p50: number; readonly p95: number }
  readonly strokeMs: { readonly p50: number; readonly p95: number }
  readonly pointerToPaintMs: { readonly p50: number; readonly p95: number }
  readonly saveState: string
  readonly saveMs: number | null
  readonly revision: number
  readonly journalLength: number
  readonly renderer: string
  readonly qualityScale: number
  readonly contextLosses: number
  readonly bytesCpu: number
  readonly bytesGpu: number
  readonly imageId: string
  readonly segmentationId: string
  readonly activeNumber: number | null
  readonly slice: number
  readonly proposal: string
  labelAt(i: number, j: number, k: number): number
  voxelCount(number: number): number
  project(i: number, j: number, k: number): { x: number; y: number }
  probe(x: number, y: number): [r: number, g: number, b: number, a: number]
  setSlice(k: number): void
  drawn(): Promise<void>
  settled(): Promise<void>
}

declare global {
  interface Window {
    __maskloop?: Exposed
  }
}

const VIEWER_STATS = [
  'renders',
  'firstPaint',
  'firstSlice',
  'allSlices',
  'uploads',
  'frameMs',
  'strokeMs',
  'pointerToPaintMs',
  'renderer',
  'qualityScale',
  'contextLosses',
  'bytesCpu',
  'bytesGpu',
] as const

/** Shows the workspace as `window.__maskloop` until the returned function is called. */
export function expose({ image, document, viewer, proposals }: Workspace): () => void {
  const methods = {
    labelAt: (i: number, j: number, k: number) => document.labels.labelAt(i, j, k),
    voxelCount: (number: number) => document.labels.voxelCount(number),
    project: (i: number, j: number, k: number) => viewer.project(i, j, k),
    probe: (x: number, y: number) => viewer.probe(x, y),
    setSlice: (k: number) => viewer.setSlice(k),
    drawn: () => viewer.drawn(),
    settled: async () => {
      await document.actions.settled()
      await viewer.settled()
    },
  }
  const getters: Record<string, () => unknown> = {
    tilesLoaded: () => viewer.state.getState().tilesLoaded,
    tilesWanted: () => viewer.state.getState().tilesWanted,
    slice: () => viewer.state.getState().k,
    saveState: () => document.state.getState().saveState.kind,
    saveMs: () => document.state.getState().saveMs,
    revision: () => document.state.getState().revision,
    journalLength: () => document.state.getState().pending,
    activeNumber: () => document.state.getState().activeNumber,
    segmentationId: () => document.state.getState().segmentation.id,
    imageId: () => image.id,
    proposal: () => proposals.state.getState().kind,
  }
  for (const name of VIEWER_STATS) getters[name] = () => viewer.stats()[name]
  const properties = Object.entries(getters).map(([name, get]) => [name, { get, enumerable: true }] as const)
  const exposed = Object.defineProperties(methods, Object.fromEntries(properties)) as typeof methods & Exposed
  window.__maskloop = Object.freeze(exposed)
  return () => {
    if (window.__maskloop === exposed) delete window.__maskloop
  }
}
