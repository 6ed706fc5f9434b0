import { type ComponentType, lazy } from 'react'

export interface ScreenProps {
  projectId: string
  uploadId: string | null
}

export type ScreenId =
  | 'projects'
  | 'tasks'
  | 'queue'
  | 'images'
  | 'labels'
  | 'people'
  | 'import'
  | 'exports'
  | 'models'
  | 'settings'
  | 'users'
  | 'audit'

export interface ScreenRoute {
  id: ScreenId
  pattern: string
  Screen: ComponentType<ScreenProps>
}

type Loader = () => Promise<ComponentType<ScreenProps>>

function screen(id: ScreenId, pattern: string, load: Loader): ScreenRoute {
  return { id, pattern, Screen: lazy(async () => ({ default: await load() })) }
}

const loadImport: Loader = async () => (await import('./import/import-screen')).ImportScreen

/** The first pattern that fits the address is shown. Each screen is its own chunk. */
export const SCREENS: readonly ScreenRoute[] = [
  screen('projects', '/projects', async () => (await import('./projects/projects-screen')).ProjectsScreen),
  screen('tasks', '/projects/:projectId/tasks', async () => (await import('./tasks/tasks-screen')).TasksScreen),
  screen('queue', '/projects/:projectId/queue', async () => (await import('./tasks/queue-screen')).QueueScreen),
  screen('images', '/projects/:projectId/images', async () => (await import('./images/images-screen')).ImagesScreen),
  screen('labels', '/projects/:projectId/labels', async () => (await import('./labels/labels-screen')).LabelsScreen),
  screen('people', '/projects/:projectId/people', async () => (await import('./people/people-screen')).PeopleScreen),
  screen('import', '/projects/:projectId/import', loadImport),
  screen('import', '/projects/:projectId/import/:uploadId', loadImport),
  screen(
    'exports',
    '/projects/:projectId/exports',
    async () => (await import('./exports/exports-screen')).ExportsScreen,
  ),
  screen('models', '/projects/:projectId/models', async () => (await import('./models/models-screen')).ModelsScreen),
  screen('settings', '/settings', async () => (await import('./settings/settings-screen')).SettingsScreen),
  screen('users', '/users', async () => (await import('./settings/users-screen')).UsersScreen),
  screen('audit', '/audit', async () => (await import('./settings/audit-screen')).AuditScreen),
]
