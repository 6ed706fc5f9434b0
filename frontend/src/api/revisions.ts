import { type Page, request } from './http'
import type { Schema, With } from './schema'

/** `undoes` is the seq that this one undoes; `model` says which segmenter made what it accepted. */
export type Revision = With<
  Schema['RevisionOut'],
  { stats: { voxels?: number; labels?: Record<string, { added: number; removed: number }>; skipped?: number } }
>

export function readRevisions(
  segmentationId: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<Page<Revision>> {
  return request<Page<Revision>>(`/segmentations/${segmentationId}/revisions`, { query: { cursor, limit: 60 }, signal })
}
