import { useQuery } from '@tanstack/react-query'
import { FolderClosed, Plus } from 'lucide-react'
import { useState } from 'react'
import { type Project, projectsQuery } from '../../api/projects'
import { Empty } from '../../panels/bits'
import { Button } from '../../panels/button'
import type { Column } from '../../panels/data-table'
import { ListCard } from '../../panels/list-card'
import { Link, navigate } from '../../panels/router'
import { formatCount, formatMoment, peopleText, projectText } from '../../strings'
import { useSession } from '../session-context'
import { NewProjectDialog } from './new-project-dialog'

const titles = projectText.columns

const COLUMNS: readonly Column<Project>[] = [
  {
    id: 'name',
    title: titles.name,
    cell: (project) => (
      <Link
        to={`/projects/${project.id}/tasks`}
        className="font-semibold hover:text-accent"
        aria-label={projectText.open(project.name)}
      >
        {project.name}
      </Link>
    ),
  },
  {
    id: 'role',
    title: titles.role,
    width: 140,
    cell: ({ role }) => (role === null ? projectText.noRole : peopleText.roles[role]),
  },
  {
    id: 'readers',
    title: titles.readers,
    width: 160,
    cell: ({ readers }) => <span className="text-fg-2">{projectText.readers[readers]}</span>,
  },
  {
    id: 'images',
    title: titles.images,
    width: 100,
    align: 'right',
    cell: ({ counts }) => formatCount(counts.images ?? 0),
  },
  {
    id: 'tasks',
    title: titles.tasks,
    width: 100,
    align: 'right',
    cell: ({ counts }) => formatCount(counts.work_items ?? 0),
  },
  {
    id: 'created',
    title: titles.created,
    width: 170,
    align: 'right',
    cell: ({ created_at }) => <span className="text-fg-3">{formatMoment(created_at)}</span>,
  },
]

export function ProjectsScreen() {
  const { user } = useSession()
  const projects = useQuery(projectsQuery)
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <header className="row flex-none">
        <div>
          <h1>{projectText.title}</h1>
          <p className="text-fg-2">{projectText.note}</p>
        </div>
        <span className="flex-1" />
        {user.role === 'admin' && (
          <Button kind="primary" icon={Plus} onClick={() => setOpen(true)}>
            {projectText.create}
          </Button>
        )}
      </header>
      <ListCard
        label={projectText.title}
        columns={COLUMNS}
        rows={projects.data}
        cause={projects.error}
        readAt={projects.dataUpdatedAt}
        retry={() => void projects.refetch()}
        rowKey={({ id }) => id}
        onRowOpen={({ id }) => navigate(`/projects/${id}/tasks`)}
        empty={
          <Empty icon={FolderClosed} title={user.role === 'admin' ? projectText.empty : projectText.emptyMember} />
        }
      />
      <NewProjectDialog open={isOpen} onOpenChange={setOpen} />
    </>
  )
}
