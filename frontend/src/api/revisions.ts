import { type Page, request } from './http'

export interface Revision {
  seq: number
  key: string
  author: { id: string; name: string } | null
  /** Which segmenter made what this revision accepted. */
  model: { name: string; version: string | null; hash: string | null } | null
  source: string
  tool: string | null
  /** The seq that this one undoes. */
  undoes: number | null
  depth: number
  undone: boolean
  name: string | null
  message: string | null
  active_ms: number
  created_at: string
  stats: { voxels?: number; labels?: Record<string, { added: number; removed: number }>; skipped?: number }
}

export function readRevisions(
  segmentationId: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<Page<Revision>> {
  return request<Page<Revision>>(`/segmentations/${segmentationId}/revisions`, { query: { cursor, limit: 60 }, signal })
}
