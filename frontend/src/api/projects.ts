import { queryOptions } from '@tanstack/react-query'
import { request, requestAll } from './http'

export type ProjectRole = 'manager' | 'annotator' | 'reviewer' | 'viewer'
export const PROJECT_ROLES: readonly ProjectRole[] = ['manager', 'annotator', 'reviewer', 'viewer']

export type ReaderMode = 'shared' | 'blinded'

export interface Project {
  id: string
  name: string
  readers: ReaderMode
  /** The caller's own role in it; null for an administrator who is not a member. */
  role: ProjectRole | null
  counts: Partial<Record<'images' | 'work_items' | 'labels' | 'members' | 'models', number>>
  created_at: string
}

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: ({ signal }) => requestAll<Project>('/projects', { signal }),
})

export const projectQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['projects', projectId],
    queryFn: ({ signal }) => request<Project>(`/projects/${projectId}`, { signal }),
  })

export function createProject(project: { name: string; readers: ReaderMode }): Promise<Project> {
  return request<Project>('/projects', { method: 'POST', json: project })
}
