import { useQuery } from '@tanstack/react-query'
import { type ReactNode, Suspense, useEffect, useState } from 'react'
import { projectQuery } from '../../api/projects'
import { KeySheet } from '../../panels/key-sheet'
import { useKeys } from '../../panels/keys'
import { Link } from '../../panels/router'
import { frameText, NOT_DIAGNOSTIC, PRODUCT } from '../../strings'
import { rememberProject } from '../last-project'
import type { ScreenId } from '../routes'
import { useSession } from '../session-context'
import { CommandPalette } from './command-palette'
import { JobsDrawer } from './jobs-drawer'
import { type NavEntry, navGroups, serviceEntries } from './nav-entries'
import { TopBar } from './top-bar'

export interface AppFrameProps {
  screen: ScreenId | null
  projectId: string | null
  children: ReactNode
}

export function AppFrame({ screen, projectId, children }: AppFrameProps) {
  const { user } = useSession()
  const project = useQuery({ ...projectQuery(projectId ?? ''), enabled: projectId !== null }).data ?? null
  const [open, setOpen] = useState<'palette' | 'keys' | 'jobs' | null>(null)
  const close = (isOpen: boolean): void => setOpen(isOpen ? open : null)
  useEffect(() => {
    if (project !== null) rememberProject(project.id)
  }, [project])
  useKeys('everywhere', {
    palette: { down: () => setOpen('palette'), whileTyping: true },
    keys: () => setOpen('keys'),
  })
  const title = screen === null ? '' : frameText[screen]
  useEffect(() => {
    document.title = title === '' ? PRODUCT : `${title} · ${PRODUCT}`
  }, [title])
  return (
    <div className="page">
      <a href="#content" className="btn absolute left-3 top-2 z-50 -translate-y-20 focus:translate-y-0">
        {frameText.skip}
      </a>
      <TopBar
        project={project}
        title={title}
        onSearch={() => setOpen('palette')}
        onJobs={() => setOpen('jobs')}
        onKeys={() => setOpen('keys')}
      />
      <div className="body">
        <Navigation groups={navGroups(project, user)} below={serviceEntries(user)} current={screen} />
        <main className="main" id="content" tabIndex={-1}>
          <Suspense fallback={null}>{children}</Suspense>
        </main>
      </div>
      <CommandPalette open={open === 'palette'} onOpenChange={close} project={project} />
      <KeySheet open={open === 'keys'} onOpenChange={close} context="tasks" />
      <JobsDrawer open={open === 'jobs'} onOpenChange={close} />
    </div>
  )
}

function Navigation({
  groups,
  below,
  current,
}: {
  groups: ReturnType<typeof navGroups>
  below: readonly NavEntry[]
  current: ScreenId | null
}) {
  return (
    <nav className="nav" aria-label={frameText.navigation}>
      {groups.map(({ title, entries }, index) => (
        <div key={title} className="col gap-px">
          <h2 className={index === 0 ? 'cap !pt-1' : 'cap'}>{title}</h2>
          {entries.map((entry) => (
            <NavLink key={entry.id} entry={entry} isCurrent={entry.id === current} />
          ))}
        </div>
      ))}
      <span className="flex-1" />
      {below.map((entry) => (
        <NavLink key={entry.id} entry={entry} isCurrent={entry.id === current} />
      ))}
      <p className="px-2 pb-0.5 pt-2.5 text-10 leading-[1.45] text-fg-3">{NOT_DIAGNOSTIC}</p>
    </nav>
  )
}

function NavLink({ entry, isCurrent }: { entry: NavEntry; isCurrent: boolean }) {
  const Icon = entry.icon
  return (
    <Link to={entry.to} aria-current={isCurrent ? 'page' : undefined}>
      <Icon size={16} aria-hidden />
      {entry.text}
      {entry.count !== undefined && entry.count > 0 && (
        <span className="count">{entry.count.toLocaleString('en-US')}</span>
      )}
    </Link>
  )
}
