import { queryOptions } from '@tanstack/react-query'
import { API_BASE, request, requestAll } from './http'
import type { Job } from './jobs'

export type ExportFormat = 'nifti' | 'png'

export interface ExportReceipt {
  [name: string]: unknown
}

export interface ExportItem {
  file: string
  image: string
  segmentation: string
  seq: number
  digest: string
  receipt: ExportReceipt | null
}

export interface ExportManifest {
  items: ExportItem[]
  failed: { image?: string; segmentation?: string; reason?: string; detail?: string }[]
}

export interface ExportRun {
  id: string
  format: ExportFormat
  state: string
  manifest: ExportManifest | null
  job_id?: string | null
  created_at?: string
}

export interface NewExport {
  format: ExportFormat
  variant?: string
  image_ids?: string[]
}

export const exportsQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['projects', projectId, 'exports'],
    queryFn: ({ signal }) => requestAll<ExportRun>(`/projects/${projectId}/exports`, { signal }, 500),
  })

export function createExport(projectId: string, body: NewExport, key: string): Promise<Job> {
  return request<Job>(`/projects/${projectId}/exports`, { method: 'POST', json: body, idempotencyKey: key })
}

export function exportFileUrl(exportId: string, name: string): string {
  return `${API_BASE}/exports/${exportId}/files/${name.split('/').map(encodeURIComponent).join('/')}`
}

export function exportArchiveUrl(exportId: string): string {
  return `${API_BASE}/exports/${exportId}/archive`
}
