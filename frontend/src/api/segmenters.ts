import { queryOptions } from '@tanstack/react-query'
import { request } from './http'
import type { Job } from './jobs'
import type { Schema } from './schema'

export type SegmenterParameter = Schema['ParameterOut']

export type Segmenter = Schema['SegmenterOut']

export const segmentersQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['projects', projectId, 'segmenters'],
    queryFn: async ({ signal }) =>
      (await request<{ items: Segmenter[] }>(`/projects/${projectId}/segmenters`, { signal })).items,
  })

export type ModelVersion = Schema['ModelVersionOut']

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
