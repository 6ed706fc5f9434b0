import { queryOptions } from '@tanstack/react-query'
import { API_BASE, request, requestAll } from './http'
import type { Job } from './jobs'
import type { Schema } from './schema'

export type Outcome = Schema['UploadItemOut']['outcome']

export type UploadTotals = Schema['UploadTotals']

export type Upload = Schema['UploadOut']

/** One row per file, archive entry or series; the slices of one series are one row. */
export type UploadItem = Schema['UploadItemOut']

export const uploadsQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['projects', projectId, 'uploads'],
    queryFn: ({ signal }) => requestAll<Upload>(`/projects/${projectId}/uploads`, { signal }, 200),
  })

export const uploadQuery = (uploadId: string) =>
  queryOptions({
    queryKey: ['uploads', uploadId],
    queryFn: ({ signal }) => request<Upload>(`/uploads/${uploadId}`, { signal }),
    refetchInterval: (query) => (query.state.data?.state === 'importing' ? 1500 : false),
  })

export const uploadItemsQuery = (uploadId: string, isLive: boolean) =>
  queryOptions({
    queryKey: ['uploads', uploadId, 'items'],
    queryFn: ({ signal }) => requestAll<UploadItem>(`/uploads/${uploadId}/items`, { signal }),
    refetchInterval: isLive ? 1500 : false,
  })

export function createUpload(projectId: string): Promise<Upload> {
  return request<Upload>(`/projects/${projectId}/uploads`, {
    method: 'POST',
    json: { allow_identified: false, source: 'browser' },
  })
}

export function closeUpload(uploadId: string): Promise<Job> {
  return request<Job>(`/uploads/${uploadId}/close`, { method: 'POST' })
}

/** Imports what was held because it may name a patient. */
export function confirmItems(uploadId: string, itemIds: readonly string[]): Promise<Job> {
  return request<Job>(`/uploads/${uploadId}/confirm`, { method: 'POST', json: { item_ids: itemIds } })
}

export function discardItems(uploadId: string, itemIds: readonly string[]): Promise<void> {
  return request<void>(`/uploads/${uploadId}/discard`, { method: 'POST', json: { item_ids: itemIds } })
}

export function reportUrl(uploadId: string): string {
  return `${API_BASE}/uploads/${uploadId}/report.csv`
}
