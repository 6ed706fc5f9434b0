import { queryOptions } from '@tanstack/react-query'
import { API_BASE, request, requestAll } from './http'
import type { Job, JobState } from './jobs'

export type ExportFormat = 'nifti' | 'png'
export type PngVariant = 'semantic' | 'instance' | 'overlay'

/** What reading the file back has shown: names and figures. */
export type ExportReceipt = Record<string, unknown>

export interface ExportItem {
  file: string
  image: string
  segmentation: string
  seq: number
  digest: string
  size: number
  receipt: ExportReceipt | null
}

export interface ExportManifest {
  items: ExportItem[]
  failed: { image: string; segmentation: string | null; code: string; reason: string }[]
}

export interface ExportRun {
  id: string
  project_id: string
  job_id: string | null
  format: ExportFormat
  settings: Record<string, unknown>
  state: JobState
  files: number
  bytes: number
  manifest: ExportManifest | null
  created_at: string
  ended_at: string | null
}

export interface NewExport {
  format: ExportFormat
  variant?: PngVariant
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
