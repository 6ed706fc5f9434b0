import { queryOptions } from '@tanstack/react-query'
import { request, requestAll } from './http'
import type { ProjectRole } from './projects'
import type { Schema } from './schema'

export type Member = Schema['MemberOut']

export const membersQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['projects', projectId, 'members'],
    queryFn: ({ signal }) => requestAll<Member>(`/projects/${projectId}/members`, { signal }),
  })

export function addMember(projectId: string, login: string, role: ProjectRole): Promise<Member> {
  return request<Member>(`/projects/${projectId}/members`, { method: 'POST', json: { login, role } })
}

export function putMember(projectId: string, userId: string, role: ProjectRole): Promise<unknown> {
  return request<unknown>(`/projects/${projectId}/members/${userId}`, { method: 'PUT', json: { role } })
}

export function removeMember(projectId: string, userId: string): Promise<void> {
  return request<void>(`/projects/${projectId}/members/${userId}`, { method: 'DELETE' })
}
