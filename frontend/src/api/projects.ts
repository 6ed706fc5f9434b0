import { queryOptions } from '@tanstack/react-query'
import { request, requestAll } from './http'
import type { Schema } from './schema'

export type ProjectRole = Schema['MemberRole']['role']
export const PROJECT_ROLES: readonly ProjectRole[] = ['manager', 'annotator', 'reviewer', 'viewer']

export type ReaderMode = Project['readers']

/** `role` is the caller's own; null for an administrator who is not a member. */
export type Project = Schema['ProjectOut']

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
