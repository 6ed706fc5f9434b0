import { useQuery, useQueryClient } from '@tanstack/react-query'
import { UserPlus, Users } from 'lucide-react'
import { useMemo, useState } from 'react'
import { type Member, membersQuery, putMember, removeMember } from '../../api/members'
import { type ProjectRole, projectQuery } from '../../api/projects'
import { Avatar, Empty } from '../../panels/bits'
import { Button } from '../../panels/button'
import type { Column } from '../../panels/data-table'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { SearchField, SelectField } from '../../panels/field'
import { ListCard } from '../../panels/list-card'
import { useQueryValue } from '../../panels/router'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { commonText, peopleText } from '../../strings'
import { canManage } from '../can'
import type { ScreenProps } from '../routes'
import { useSession } from '../session-context'
import { AddMemberDialog } from './add-member-dialog'
import { RoleOptions } from './role-options'

const titles = peopleText.columns

export function PeopleScreen({ projectId }: ScreenProps) {
  const { user } = useSession()
  const project = useQuery(projectQuery(projectId)).data
  const members = useQuery(membersQuery(projectId))
  const [q, setQ] = useQueryValue('q')
  const [isAdding, setAdding] = useState(false)
  const [removed, setRemoved] = useState<Member | null>(null)
  const mayChange = canManage(project, user)
  const columns = useMemo(() => columnsFor(projectId, user.id, mayChange, setRemoved), [projectId, user.id, mayChange])
  const rows = members.data?.filter(({ user: { name, login } }) =>
    `${name} ${login}`.toLowerCase().includes(q.trim().toLowerCase()),
  )
  return (
    <>
      <header className="row flex-none">
        <h1>{peopleText.title}</h1>
        <span className="flex-1" />
        <SearchField
          className="w-[240px]"
          label={peopleText.filter}
          value={q}
          onChange={(event) => setQ(event.target.value)}
        />
        {mayChange && (
          <Button kind="primary" icon={UserPlus} onClick={() => setAdding(true)}>
            {peopleText.add}
          </Button>
        )}
      </header>
      <ListCard
        label={peopleText.title}
        columns={columns}
        rows={rows}
        cause={members.error}
        readAt={members.dataUpdatedAt}
        retry={() => void members.refetch()}
        rowKey={(member) => member.user.id}
        empty={<Empty icon={Users} title={peopleText.empty} />}
      />
      <AddMemberDialog projectId={projectId} members={members.data ?? []} open={isAdding} onOpenChange={setAdding} />
      <RemoveDialog projectId={projectId} member={removed} onClose={() => setRemoved(null)} />
    </>
  )
}

function columnsFor(
  projectId: string,
  userId: string,
  mayChange: boolean,
  onRemove: (member: Member) => void,
): Column<Member>[] {
  const columns: Column<Member>[] = [
    {
      id: 'name',
      title: titles.name,
      cell: ({ user }) => (
        <span className="row">
          <Avatar name={user.name} id={user.id} />
          <span className="truncate font-medium">{user.name}</span>
          {user.id === userId && <span className="text-fg-3">{peopleText.you}</span>}
        </span>
      ),
    },
    { id: 'login', title: titles.login, cell: ({ user }) => <span className="text-fg-2">{user.login}</span> },
    {
      id: 'role',
      title: titles.role,
      width: 360,
      cell: (member) =>
        mayChange ? (
          <RoleField projectId={projectId} member={member} />
        ) : (
          <span title={peopleText.roleNotes[member.role]}>{peopleText.roles[member.role]}</span>
        ),
    },
  ]
  if (!mayChange) return columns
  return [
    ...columns,
    {
      id: 'action',
      title: titles.action,
      hideTitle: true,
      width: 110,
      align: 'right',
      cell: (member) => (
        <Button
          size="sm"
          kind="ghost"
          className="danger"
          aria-label={peopleText.removeOf(member.user.name)}
          onClick={() => onRemove(member)}
        >
          {peopleText.remove}
        </Button>
      ),
    },
  ]
}

function RoleField({ projectId, member }: { projectId: string; member: Member }) {
  const client = useQueryClient()
  const { isBusy, run } = useAction()

  async function change(role: ProjectRole): Promise<void> {
    const isDone = await run(() => putMember(projectId, member.user.id, role))
    if (isDone) say(peopleText.saved(member.user.name, peopleText.roles[role]))
    await client.invalidateQueries({ queryKey: ['projects'] })
  }

  return (
    <SelectField
      label={peopleText.roleOf(member.user.name)}
      hideLabel
      small
      className="!gap-0"
      value={member.role}
      disabled={isBusy}
      onChange={(event) => void change(event.target.value as ProjectRole)}
    >
      <RoleOptions />
    </SelectField>
  )
}

function RemoveDialog({
  projectId,
  member,
  onClose,
}: {
  projectId: string
  member: Member | null
  onClose: () => void
}) {
  const client = useQueryClient()
  const { isBusy, run } = useAction()

  async function remove(): Promise<void> {
    if (member === null) return
    const isDone = await run(() => removeMember(projectId, member.user.id))
    if (isDone) say(peopleText.removed(member.user.name))
    await client.invalidateQueries({ queryKey: ['projects'] })
    onClose()
  }

  return (
    <Dialog
      open={member !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      title={peopleText.removeTitle(member?.user.name ?? '')}
      description={peopleText.removeNote}
    >
      <DialogFoot>
        <Button onClick={onClose}>{commonText.cancel}</Button>
        <Button kind="danger" busy={isBusy} onClick={() => void remove()}>
          {peopleText.remove}
        </Button>
      </DialogFoot>
    </Dialog>
  )
}
