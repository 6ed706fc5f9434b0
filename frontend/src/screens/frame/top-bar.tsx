import { useQuery } from '@tanstack/react-query'
import { Activity, ChevronDown, Keyboard, LogOut, Search, Settings, TriangleAlert } from 'lucide-react'
import { readAbout } from '../../api/about'
import { hasEnded, jobsQuery } from '../../api/jobs'
import { type Project, projectsQuery } from '../../api/projects'
import { signOut } from '../../api/session'
import { Avatar, initialsOf } from '../../panels/bits'
import { Logo } from '../../panels/logo'
import { Menu } from '../../panels/menu'
import { Link, navigate } from '../../panels/router'
import { frameText, PRODUCT } from '../../strings'
import { useSession } from '../session-context'

export interface TopBarProps {
  project: Project | null
  title: string
  onSearch: () => void
  onJobs: () => void
  onKeys: () => void
}

export function TopBar({ project, title, onSearch, onJobs, onKeys }: TopBarProps) {
  return (
    <header className="top">
      <Link to="/" className="row gap-2.5" aria-label={PRODUCT}>
        <Logo />
        <b className="text-13 tracking-[-0.01em]">{PRODUCT}</b>
      </Link>
      {project !== null && (
        <>
          <span className="text-fg-3" aria-hidden>
            /
          </span>
          <ProjectMenu project={project} />
        </>
      )}
      {title !== '' && (
        <>
          <span className="text-fg-3" aria-hidden>
            /
          </span>
          <span className="truncate text-fg-2">{title}</span>
        </>
      )}
      <span className="flex-1" />
      <InsecureMark />
      <button type="button" className="field w-[300px] shrink text-fg-3 hover:border-line-3" onClick={onSearch}>
        <Search size={14} aria-hidden />
        <span className="truncate">{frameText.search}</span>
        <span className="row ml-auto gap-1" aria-hidden>
          <kbd>Ctrl</kbd>
          <kbd>K</kbd>
        </span>
      </button>
      <JobsButton onClick={onJobs} />
      <AccountMenu onKeys={onKeys} />
    </header>
  )
}

function ProjectMenu({ project }: { project: Project }) {
  const projects = useQuery(projectsQuery)
  const entries = (projects.data ?? []).map(({ id, name }) => ({
    id,
    text: name,
    checked: id === project.id,
    onSelect: () => navigate(`/projects/${id}/tasks`),
  }))
  const all = [{ id: 'all', text: frameText.allProjects, onSelect: () => navigate('/projects') }]
  return (
    <Menu
      groups={[entries, all]}
      trigger={
        <button
          type="button"
          className="row h-7 min-w-0 gap-1.5 font-medium"
          aria-label={`${frameText.switchProject}: ${project.name}`}
        >
          <span className="truncate">{project.name}</span>
          <ChevronDown size={12} aria-hidden />
        </button>
      }
    />
  )
}

function JobsButton({ onClick }: { onClick: () => void }) {
  const jobs = useQuery(jobsQuery)
  const running = (jobs.data ?? []).filter((job) => !hasEnded(job)).length
  return (
    <button type="button" className="btn ghost" onClick={onClick}>
      <Activity size={14} aria-hidden />
      {frameText.jobs(running)}
      {running > 0 && <span className="dot !bg-accent" />}
    </button>
  )
}

function InsecureMark() {
  const about = useQuery({ queryKey: ['about'], queryFn: ({ signal }) => readAbout(signal), staleTime: 60_000 })
  if (about.data?.insecure_http !== true) return null
  return (
    <span className="chip warn" title={frameText.insecure}>
      <TriangleAlert size={12} aria-hidden />
      http
    </span>
  )
}

function AccountMenu({ onKeys }: { onKeys: () => void }) {
  const { user } = useSession()

  async function leave(): Promise<void> {
    try {
      await signOut()
    } finally {
      // A fresh page: nothing of this person stays in memory.
      window.location.assign('/')
    }
  }

  return (
    <Menu
      align="end"
      heading={
        <span className="row">
          <Avatar name={user.name} id={user.id} />
          <span className="col">
            <span className="text-fg-1">{user.name}</span>
            <span className="text-11">{user.login}</span>
          </span>
        </span>
      }
      groups={[
        [
          { id: 'settings', text: frameText.settings, icon: Settings, onSelect: () => navigate('/settings') },
          { id: 'keys', text: frameText.keys, icon: Keyboard, keys: '?', onSelect: onKeys },
        ],
        [{ id: 'out', text: frameText.signOut, icon: LogOut, onSelect: () => void leave() }],
      ]}
      trigger={
        <button type="button" className="grid size-7 place-items-center" aria-label={frameText.account(user.name)}>
          <span className="av" style={{ background: '#8fb8f2' }} aria-hidden>
            {initialsOf(user.name)}
          </span>
        </button>
      }
    />
  )
}
