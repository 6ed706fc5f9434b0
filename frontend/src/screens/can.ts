import type { Project } from '../api/projects'
import type { User } from '../api/session'

/** What is offered to whom. The server decides; this only keeps buttons away that it would refuse. */

type RoleOf = Pick<Project, 'role'> | null | undefined

export function canManage(project: RoleOf, user: User): boolean {
  return user.role === 'admin' || project?.role === 'manager'
}

export function canImport(project: RoleOf, user: User): boolean {
  return canManage(project, user) || project?.role === 'annotator'
}

export function canExport(project: Pick<Project, 'role' | 'readers'> | null | undefined, user: User): boolean {
  if (canManage(project, user) || project?.role === 'reviewer') return true
  return project?.role === 'annotator' && project.readers === 'shared'
}

export function canDraw(project: RoleOf, user: User): boolean {
  return user.role === 'admin' || (project?.role !== undefined && project.role !== null && project.role !== 'viewer')
}
