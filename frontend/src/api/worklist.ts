import { queryOptions } from '@tanstack/react-query'
import { type Page, request, send } from './http'
import type { GridShape, GridSpacing, Schema, With } from './schema'

export type WorkItemState = Schema['WorkItemOut']['state']

export type WorkItem = With<
  Schema['WorkItemOut'],
  { image: With<Schema['WorkImage'], { shape: GridShape; spacing: GridSpacing | null }> }
>

export interface WorkItemFilter {
  mine?: boolean
  state?: string
  q?: string
  modality?: string
}

export function readWorkItems(
  projectId: string,
  filter: WorkItemFilter,
  cursor: string | null,
  signal: AbortSignal,
): Promise<Page<WorkItem>> {
  const query = { ...filter, cursor, limit: 100 }
  return request<Page<WorkItem>>(`/projects/${projectId}/work-items`, { query, signal })
}

export const myTasksQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['projects', projectId, 'work-items', 'mine'],
    queryFn: ({ signal }) => readWorkItems(projectId, { mine: true }, null, signal),
  })

/** Leases the best waiting item to me; null when nothing waits. */
export async function startNext(projectId: string): Promise<WorkItem | null> {
  const response = await send(`/projects/${projectId}/work-items/next`, { method: 'POST' })
  return response.status === 204 ? null : ((await response.json()) as WorkItem)
}

export function openWorkItem(workItemId: string): Promise<WorkItem> {
  return request<WorkItem>(`/work-items/${workItemId}/open`, { method: 'POST' })
}

export function submitWorkItem(workItemId: string): Promise<WorkItem> {
  return request<WorkItem>(`/work-items/${workItemId}/submit`, { method: 'POST' })
}

export function skipWorkItem(workItemId: string, reason: string): Promise<unknown> {
  return request<unknown>(`/work-items/${workItemId}/skip`, { method: 'POST', json: { reason } })
}
