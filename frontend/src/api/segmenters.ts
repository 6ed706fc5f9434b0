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
  /** Defaults that differ for a modality. */
  by_modality?: Record<string, number | string | boolean | null>
}

export interface Segmenter {
  name: string
  title: string
  version: string | null
  task: 'semantic' | 'instances' | 'prompt'
  dims: number[]
  source: 'classical' | 'model'
  hash: string | null
  licence: string | null
  intended_use: string | null
  parameters: SegmenterParameter[]
  stage: string | null
  modalities: string[]
  segments: { number: number; name: string }[]
}

export const segmentersQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['projects', projectId, 'segmenters'],
    queryFn: async ({ signal }) =>
      (await request<{ items: Segmenter[] }>(`/projects/${projectId}/segmenters`, { signal })).items,
  })

export interface ModelVersion {
  name: string
  version: string | null
  title: string
  task: string
  stage: string
  source: 'classical' | 'model'
  hash: string | null
  licence: string | null
  intended_use: string | null
}

export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: async ({ signal }) => (await request<{ items: ModelVersion[] }>('/models', { signal })).items,
})

export function addModel(files: readonly File[], manifest: string | null): Promise<Job> {
  const form = new FormData()
  for (const file of files) form.append('files', file, file.name)
  if (manifest !== null) form.append('manifest', manifest)
  return request<Job>('/models', { method: 'POST', body: form })
}
