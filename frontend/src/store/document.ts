import { createStore, type StoreApi } from 'zustand/vanilla'
import { type Segmentation, type SegmentationApi, segmentationApi } from '../api/segmentations'
import { decodeTilesBody } from '../labelmap/tiles-body'
import { DocumentSession } from './document-session'
import type { DocumentActions, DocumentState } from './document-state'
import { browserEnvironment, type Environment } from './environment'
import { askForPersistence } from './journal'
import { LabelStore } from './label-store'

export type * from './document-state'

export interface OpenOptions {
  readonly segmentationId: string
  readonly userId: string
  readonly client?: SegmentationApi
  readonly environment?: Partial<Environment>
}

/** The open document: the labels for the viewer and the tools, the state for React, and what the user can do. */
export interface OpenDocument {
  readonly labels: LabelStore
  readonly state: StoreApi<DocumentState>
  readonly actions: DocumentActions
  /** Lets go of everything; what is unsent is sent for up to ten seconds more and lies in the journal anyway. */
  dispose(): void
}

/** Documents that were left and still send; the next open of the same one must not find its own lease taken. */
const leaving = new Map<string, DocumentSession>()

/**
 * Opens a segmentation: reads its tiles, draws over them what this user left unsent on this computer, and starts to save.
 *
 * Rejects with `ApiProblem` or `NoAnswer` when the server does not give the segmentation.
 */
export async function openDocument(options: OpenOptions): Promise<OpenDocument> {
  const { segmentationId, userId } = options
  const api = options.client ?? segmentationApi
  const environment: Environment = { ...browserEnvironment(), ...options.environment }
  await leaving.get(segmentationId)?.end()
  void askForPersistence()
  const [segmentation, tiles, undoKeys] = await Promise.all([
    api.read(segmentationId),
    api.readTiles(segmentationId, 0),
    api.readUndo(segmentationId),
  ])
  const labels = new LabelStore(segmentation.grid.shape)
  if (tiles.numbering !== segmentation.numbering) return openDocument(options) // renumbered between the two answers
  const body = await decodeTilesBody(tiles.bytes, labels.shape)
  const state = createStore<DocumentState>(() => initialState(segmentation))
  const session = new DocumentSession({ api, environment, labels, state, userId, segmentation })
  await session.start(body, undoKeys)
  return {
    labels,
    state,
    actions: session.actions,
    dispose: () => {
      leaving.set(segmentationId, session)
      void session.leave().finally(() => {
        if (leaving.get(segmentationId) === session) leaving.delete(segmentationId)
      })
    },
  }
}

function initialState(segmentation: Segmentation): DocumentState {
  return {
    segmentation,
    access: { kind: 'other-tab' },
    segments: [],
    activeNumber: null,
    saveState: { kind: 'saved', revision: segmentation.seq },
    revision: segmentation.seq,
    undoKey: null,
    redoKey: null,
    conflict: null,
    refusal: null,
    pending: 0,
    labelStyle: { fill: 0, outlinePx: 0 },
    saveMs: null,
    skippedVoxels: 0,
  }
}
