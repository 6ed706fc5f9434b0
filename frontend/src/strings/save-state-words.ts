/** One text for each save state: a state without words does not compile. */
export interface SaveStateWords {
  saved: (revision: number) => string
  saving: (tiles: number) => string
  offline: (strokes: number) => string
  conflict: (voxels: number) => string
  unprotected: string
  signedOut: string
  refused: string
}
