import { queryOptions } from '@tanstack/react-query'
import { API_BASE, request, requestAll } from './http'
import type { Job } from './jobs'
import type { Schema, With } from './schema'

export type ExportFormat = NewExport['format']
export type PngVariant = NonNullable<NewExport['variant']>

/** What reading the file back has shown: names and figures. */
export type ExportReceipt = Record<string, unknown>

export type ExportItem = Schema['ExportItem']

export type ExportManifest = Schema['Manifest']

export type ExportRun = With<Schema['ExportOut'], { format: ExportFormat }>

/** Without ids: every labelling of the project. */
export type NewExport = Pick<Schema['ExportIn'], 'format'> & Partial<Schema['ExportIn']>

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
