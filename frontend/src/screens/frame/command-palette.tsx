import { useQuery } from '@tanstack/react-query'
import { Command as Cmdk } from 'cmdk'
import { CornerDownLeft, Image as ImageIcon, Tag, User as UserIcon } from 'lucide-react'
import { Dialog } from 'radix-ui'
import { useDeferredValue, useMemo, useState } from 'react'
import { useStore } from 'zustand'
import { readImages } from '../../api/images'
import { labelsQuery } from '../../api/labels'
import { membersQuery } from '../../api/members'
import type { Project } from '../../api/projects'
import { type Command, commandStore } from '../../panels/commands'
import { navigate } from '../../panels/router'
import { paletteText } from '../../strings'
import { useSession } from '../session-context'
import { navGroups, serviceEntries } from './nav-entries'
import { recentCommands, rememberCommand } from './recent-commands'

export interface CommandPaletteProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  project: Project | null
}

export function CommandPalette({ open, onOpenChange, project }: CommandPaletteProps) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="dialog !top-[18%] !w-[min(620px,94vw)] !translate-y-0" aria-describedby={undefined}>
          <Dialog.Title className="visually-hidden">{paletteText.title}</Dialog.Title>
          <PaletteBody project={project} onClose={() => onOpenChange(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** Screens and what lies in the project; the screen's own actions come from the command store. */
function useFound(project: Project | null, text: string): Command[] {
  const { user } = useSession()
  const projectId = project?.id ?? ''
  const isOpen = project !== null
  const images = useQuery({
    queryKey: ['projects', projectId, 'images', 'palette', text],
    queryFn: ({ signal }) => readImages(projectId, { q: text }, null, signal),
    enabled: isOpen && text.trim().length >= 2,
  })
  const labels = useQuery({ ...labelsQuery(projectId), enabled: isOpen })
  const members = useQuery({ ...membersQuery(projectId), enabled: isOpen })
  return useMemo(() => {
    const places = [...navGroups(project, user).flatMap((group) => group.entries), ...serviceEntries(user)]
    const go = (to: string) => () => navigate(to)
    return [
      ...places.map(({ id, text: title, icon, to }) => ({
        id: `go.${id}`,
        title,
        icon,
        group: paletteText.go,
        run: go(to),
      })),
      ...(images.data?.items ?? []).slice(0, 12).map(({ id, name, modality }) => ({
        id: `image.${id}`,
        title: name,
        words: modality,
        icon: ImageIcon,
        group: paletteText.images,
        run: go(`/annotate/${id}`),
      })),
      ...(labels.data ?? []).map(({ id, name }) => ({
        id: `label.${id}`,
        title: name,
        icon: Tag,
        group: paletteText.labels,
        run: go(`/projects/${projectId}/labels?q=${encodeURIComponent(name)}`),
      })),
      ...(members.data ?? []).map(({ user: { id, name } }) => ({
        id: `person.${id}`,
        title: name,
        icon: UserIcon,
        group: paletteText.people,
        run: go(`/projects/${projectId}/people?q=${encodeURIComponent(name)}`),
      })),
    ]
  }, [project, projectId, user, images.data, labels.data, members.data])
}

function PaletteBody({ project, onClose }: { project: Project | null; onClose: () => void }) {
  const [text, setText] = useState('')
  const byOwner = useStore(commandStore, (state) => state.byOwner)
  const found = useFound(project, useDeferredValue(text))
  const all = [...[...byOwner.values()].flat(), ...found]
  const recent = recentCommands().flatMap((id) => all.find((command) => command.id === id) ?? [])
  const shown =
    text === '' ? all.filter(({ group }) => group !== paletteText.labels && group !== paletteText.people) : all
  const groups = [...new Set(shown.map(({ group }) => group))]

  function run(command: Command): void {
    rememberCommand(command.id)
    onClose()
    command.run()
  }

  return (
    <Cmdk label={paletteText.title} loop>
      <Cmdk.Input
        className="h-12 w-full border-b border-line-1 bg-transparent px-4 text-15 outline-none"
        placeholder={paletteText.placeholder}
        value={text}
        onValueChange={setText}
      />
      <Cmdk.List className="max-h-[46vh] overflow-auto p-1.5">
        <Cmdk.Empty className="p-6 text-center text-fg-3">{paletteText.empty}</Cmdk.Empty>
        {text === '' && recent.length > 0 && (
          <Group title={paletteText.recent} prefix="recent:" commands={recent} onRun={run} />
        )}
        {groups.map((group) => (
          <Group
            key={group}
            title={group}
            prefix=""
            commands={shown.filter((command) => command.group === group)}
            onRun={run}
          />
        ))}
      </Cmdk.List>
    </Cmdk>
  )
}

function Group({
  title,
  prefix,
  commands,
  onRun,
}: {
  title: string
  prefix: string
  commands: readonly Command[]
  onRun: (command: Command) => void
}) {
  return (
    <Cmdk.Group heading={<span className="cap block px-2 pb-1 pt-2">{title}</span>}>
      {commands.map((command) => {
        const Icon = command.icon ?? CornerDownLeft
        return (
          <Cmdk.Item
            key={command.id}
            className="menu-item"
            value={`${prefix}${command.id}`}
            keywords={[command.title, command.words ?? '']}
            onSelect={() => onRun(command)}
          >
            <Icon size={14} className="text-fg-3" aria-hidden />
            <span className="flex-1 truncate">{command.title}</span>
            {command.keys?.map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </Cmdk.Item>
        )
      })}
    </Cmdk.Group>
  )
}
