import { request } from './http'
import type { Segmentation } from './segmentations'

/** The reading of an image: the caller's or the shared one, made when there is none. */
export function openReading(imageId: string): Promise<Segmentation> {
  return request<Segmentation>(`/images/${imageId}/segmentations`, { method: 'POST', json: { purpose: 'reading' } })
}

export async function readSegmentations(imageId: string): Promise<Segmentation[]> {
  return (await request<{ items: Segmentation[] }>(`/images/${imageId}/segmentations`)).items
}

/** Closes the labelling at a revision. */
export function submitSegmentation(segmentationId: string, seq: number): Promise<unknown> {
  return request<unknown>(`/segmentations/${segmentationId}/submit`, { method: 'POST', json: { seq } })
}

export function reopenSegmentation(segmentationId: string): Promise<unknown> {
  return request<unknown>(`/segmentations/${segmentationId}/reopen`, { method: 'POST' })
}
