import { queryOptions } from '@tanstack/react-query'
import { type Page, request, send } from './http'

export type WorkItemState = 'todo' | 'in_progress' | 'submitted' | 'returned' | 'skipped'

export interface WorkItem {
  id: string
  image: {
    id: string
    name: string
    modality: string
    kind: 'volume' | 'planar'
    shape: [k: number, j: number, i: number]
    spacing: [si: number, sj: number, sk: number] | null
    thumbnail: string
    description: string | null
  }
  stage: string
  state: WorkItemState
  priority: number | null
  reason: string | null
  assignee: { id: string; name: string } | null
  lease_until: string | null
  progress: { segments: number; revision: number; proposal: boolean }
  updated_at: string
  segmentation_id: string | null
}

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
