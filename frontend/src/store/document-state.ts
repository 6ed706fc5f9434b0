import type { Segmentation } from '../api/segmentations'

/** One line of the segment panel: a segment, or one existing instance of a block of numbers. */
export interface SegmentView {
  readonly number: number
  readonly labelId: string
  readonly kind: 'semantic' | 'instance' | 'answer'
  readonly layer: number
  /** Its own name; null: the label's. */
  readonly name: string | null
  /** Its own colour "#rrggbb"; null: the label's, or by number for an instance. */
  readonly color: string | null
  readonly state: string | null
  readonly visible: boolean
  readonly locked: boolean
  readonly voxels: number
}

/** Always one of these, in the words of the status bar. */
export type SaveState =
  | { readonly kind: 'saved'; readonly revision: number }
  | { readonly kind: 'saving'; readonly tiles: number }
  | { readonly kind: 'offline'; readonly strokes: number; readonly retryAt: number }
  | { readonly kind: 'conflict'; readonly voxels: number }
  | { readonly kind: 'unprotected' }
  | { readonly kind: 'signedOut' }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string; readonly title: string }

/** Disputed voxels that touch each other in one tile; `mine` and `theirs` by voxel, in the order of `voxels`. */
export interface ConflictIsland {
  readonly id: number
  readonly layer: number
  readonly k: number
  /** Indices (i, j) of the voxels, flat: i0, j0, i1, j1 ... */
  readonly voxels: Uint32Array
  readonly mine: Uint16Array
  readonly theirs: Uint16Array
  readonly box: { readonly i0: number; readonly j0: number; readonly i1: number; readonly j1: number }
}

export interface Conflict {
  readonly voxels: number
  readonly islands: readonly ConflictIsland[]
}

export type Choice = 'mine' | 'theirs'

/** The entry at the head of the queue that the server refused; it is kept until the user decides. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  /** Numbers that are gone, for `segment-gone`. */
  readonly numbers: readonly number[]
}

export type Access =
  | { readonly kind: 'editor' }
  /** Another tab of this browser edits; `takeOver` asks it to hand over. */
  | { readonly kind: 'other-tab' }
  /** Submitted or approved: reopen it to draw. */
  | { readonly kind: 'closed' }

export interface DocumentState {
  readonly segmentation: Segmentation
  readonly access: Access
  readonly segments: readonly SegmentView[]
  readonly activeNumber: number | null
  readonly saveState: SaveState
  /** Seq of the newest revision that this client has. */
  readonly revision: number
  readonly undoKey: string | null
  readonly redoKey: string | null
  readonly conflict: Conflict | null
  readonly refusal: Refusal | null
  /** Strokes that the server has not confirmed. */
  readonly pending: number
  /** Fill opacity 0..1 and outline width in px of all labels; settings of this browser. */
  readonly labelStyle: { readonly fill: number; readonly outlinePx: number }
  /** From the end of the last stroke to its checked answer. */
  readonly saveMs: number | null
  /** What the last undo left alone because others had changed it since. */
  readonly skippedVoxels: number
}

export interface DocumentActions {
  /** Asks the server for a number and makes it active; resolves with it. `instance` labels get a block of 64. */
  addSegment(segment: {
    labelId: string
    kind: 'semantic' | 'instance'
    name?: string
    color?: string
  }): Promise<number>
  /** The next unused instance number of a label, from the spare block; null: none left while offline. */
  nextInstance(labelId: string): number | null
  renameSegment(number: number, name: string): void
  recolorSegment(number: number, color: string): void
  setSegmentState(number: number, state: string | null): void
  /** On the server, over all its voxels, once everything unsent is sent. */
  deleteSegment(number: number): Promise<void>
  setActive(number: number | null): void
  setVisible(number: number, visible: boolean): void
  setLocked(number: number, locked: boolean): void
  setLabelStyle(style: { fill?: number; outlinePx?: number }): void
  /** False when there is nothing to undo. */
  undo(): boolean
  redo(): boolean
  /** Tries at once, without waiting for the pause to end. */
  saveNow(): void
  /** One choice per island of `conflict`; rejects while one is missing. The merge is saved as an entry of its own. */
  resolveConflict(choices: ReadonlyMap<number, Choice>): Promise<void>
  /** Sends the refused entry again (after a reopen, a role change ...); a `stale-segment` then comes after theirs. */
  retryRefused(): Promise<void>
  /** For `segment-gone`: paints what was drawn in the gone segments as `number` instead. */
  replaceGoneSegment(number: number): Promise<void>
  /** Gives up the refused entry; offer `exportUnsent` first. */
  discardRefused(): Promise<void>
  /** What is unsent, as a file: JSON with each save body in base64. */
  exportUnsent(): Blob
  /** Makes this tab the editor. */
  takeOver(): Promise<void>
  /** After signing in again in place. Another user's session sends nothing of this one's. */
  signedIn(): void
  /** Reads what is new on the server: after accepting a proposal, a reopen ... Resolves when it is shown. */
  refresh(): Promise<void>
  /** Resolves when everything is saved, or when it can go no further without the user. */
  settled(): Promise<void>
  /** Time spent on this document in this session: input within 30 s, tab visible. */
  activeMs(): number
}
