import {
  Boxes,
  FolderClosed,
  History,
  Image,
  Inbox,
  List,
  type LucideIcon,
  Package,
  Settings,
  Tag,
  Upload,
  UserCog,
  Users,
} from 'lucide-react'
import type { Project } from '../../api/projects'
import type { User } from '../../api/session'
import { frameText } from '../../strings'
import { canExport, canImport } from '../can'
import type { ScreenId } from '../routes'

export interface NavEntry {
  id: ScreenId
  text: string
  icon: LucideIcon
  to: string
  count?: number | undefined
}

export interface NavGroup {
  title: string
  entries: NavEntry[]
}

/** The groups of the navigation: those of a project only where there is one. */
export function navGroups(project: Project | null, user: User): NavGroup[] {
  if (project === null) return [{ title: frameText.work, entries: [projectsEntry()] }]
  const at = (id: ScreenId): string => `/projects/${project.id}/${id}`
  const { counts } = project
  return [
    {
      title: frameText.work,
      entries: [
        { id: 'tasks', text: frameText.tasks, icon: Inbox, to: at('tasks') },
        { id: 'queue', text: frameText.queue, icon: List, to: at('queue'), count: counts.work_items },
      ],
    },
    {
      title: frameText.project,
      entries: [
        { id: 'images', text: frameText.images, icon: Image, to: at('images'), count: counts.images },
        { id: 'labels', text: frameText.labels, icon: Tag, to: at('labels'), count: counts.labels },
        { id: 'people', text: frameText.people, icon: Users, to: at('people'), count: counts.members },
        ...(canImport(project, user)
          ? [{ id: 'import' as const, text: frameText.import, icon: Upload, to: at('import') }]
          : []),
        ...(canExport(project, user)
          ? [{ id: 'exports' as const, text: frameText.exports, icon: Package, to: at('exports') }]
          : []),
      ],
    },
    {
      title: frameText.loop,
      entries: [{ id: 'models', text: frameText.models, icon: Boxes, to: at('models') }],
    },
  ]
}

function projectsEntry(): NavEntry {
  return { id: 'projects', text: frameText.projects, icon: FolderClosed, to: '/projects' }
}

/** Below the groups: what belongs to the service. */
export function serviceEntries(user: User): NavEntry[] {
  const admin: NavEntry[] = [
    { id: 'users', text: frameText.users, icon: UserCog, to: '/users' },
    { id: 'audit', text: frameText.audit, icon: History, to: '/audit' },
  ]
  const settings: NavEntry = { id: 'settings', text: frameText.settings, icon: Settings, to: '/settings' }
  return user.role === 'admin' ? [...admin, settings] : [settings]
}
