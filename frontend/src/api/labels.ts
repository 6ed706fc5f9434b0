import { queryOptions } from '@tanstack/react-query'
import { request, requestAll, requestTagged } from './http'
import type { Schema } from './schema'

export type LabelKind = Label['kind']

export type Code = Schema['Code']

export type FoundCode = Schema['FoundCode']

export type Label = Schema['LabelOut']

export type NewLabel = Required<Schema['NewLabel']>

export type LabelChange = Schema['LabelChange']

export const labelsQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['projects', projectId, 'labels'],
    queryFn: ({ signal }) => requestAll<Label>(`/projects/${projectId}/labels`, { signal }),
  })

export function createLabel(projectId: string, label: NewLabel): Promise<Label> {
  return request<Label>(`/projects/${projectId}/labels`, { method: 'POST', json: label })
}

/** Reads the label's present ETag, then changes it: 412 when somebody else changed it in between. */
export async function changeLabel(projectId: string, labelId: string, change: LabelChange): Promise<Label> {
  const path = `/projects/${projectId}/labels/${labelId}`
  const { etag } = await requestTagged<Label>(path)
  return request<Label>(path, { method: 'PATCH', json: change, ifMatch: etag })
}

export const codesQuery = (text: string) =>
  queryOptions({
    queryKey: ['codes', text],
    queryFn: async ({ signal }) =>
      (await request<{ items: FoundCode[] }>('/codes', { query: { q: text }, signal })).items,
    enabled: text.trim().length >= 2,
    staleTime: Number.POSITIVE_INFINITY,
  })
