import { queryOptions } from '@tanstack/react-query'
import { request } from './http'
import type { Job } from './jobs'

export interface SegmenterParameter {
  name: string
  title: string
  type: 'number' | 'integer' | 'choice' | 'boolean'
  default: number | string | boolean | null
  minimum?: number | null
  maximum?: number | null
  unit?: string | null
  choices?: string[] | null
}

export interface Segmenter {
  name: string
  title: string
  version: string | null
  task: 'semantic' | 'instances'
  dims: number[]
  source: 'classical' | 'model'
  hash: string | null
  licence: string | null
  intended_use: string | null
  parameters: SegmenterParameter[]
  segments: { number: number; name: string; code: unknown }[]
}

export const segmentersQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['projects', projectId, 'segmenters'],
    queryFn: async ({ signal }) =>
      (await request<{ items: Segmenter[] }>(`/projects/${projectId}/segmenters`, { signal })).items,
  })

export interface ModelVersion {
  name: string
  version: string
  title?: string | null
  task: string
  stage: string
  hash: string | null
  licence: string | null
  intended_use: string | null
  source?: string
  created_at?: string | null
}

export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: async ({ signal }) => (await request<{ items: ModelVersion[] }>('/models', { signal })).items,
})

export function addModel(files: readonly File[], manifest: string | null): Promise<Job> {
  const form = new FormData()
  for (const file of files) form.append('file', file, file.name)
  if (manifest !== null) form.append('manifest', manifest)
  return request<Job>('/models', { method: 'POST', body: form })
}
