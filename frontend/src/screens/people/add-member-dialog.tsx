import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { type Member, putMember } from '../../api/members'
import type { ProjectRole } from '../../api/projects'
import { usersQuery } from '../../api/users'
import { Button } from '../../panels/button'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { SelectField } from '../../panels/field'
import { ProblemNote } from '../../panels/problem-note'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { commonText, peopleText } from '../../strings'
import { RoleOptions } from './role-options'

export interface AddMemberDialogProps {
  projectId: string
  members: readonly Member[]
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function AddMemberDialog(props: AddMemberDialogProps) {
  return (
    <Dialog open={props.open} onOpenChange={props.onOpenChange} title={peopleText.add}>
      <AddMemberForm {...props} />
    </Dialog>
  )
}

function AddMemberForm({ projectId, members, onOpenChange }: AddMemberDialogProps) {
  const client = useQueryClient()
  const { isBusy, run } = useAction()
  const users = useQuery(usersQuery)
  const inProject = new Set(members.map(({ user }) => user.id))
  const others = (users.data ?? []).filter(({ id }) => !inProject.has(id))
  const [chosenId, setChosenId] = useState('')
  const [role, setRole] = useState<ProjectRole>('annotator')
  const chosen = others.find(({ id }) => id === chosenId) ?? others[0]

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (chosen === undefined) return
    const isDone = await run(() => putMember(projectId, chosen.id, role))
    await client.invalidateQueries({ queryKey: ['projects'] })
    if (!isDone) return
    say(peopleText.saved(chosen.name, peopleText.roles[role]))
    onOpenChange(false)
  }

  if (users.isError) return <ProblemNote cause={users.error} onRetry={() => void users.refetch()} />
  if (users.isSuccess && others.length === 0) return <p className="px-4 pb-4 text-fg-2">{peopleText.everybodyIn}</p>
  return (
    <form className="contents" onSubmit={submit}>
      <div className="col gap-3.5 px-4 pb-4">
        <SelectField
          label={peopleText.login}
          value={chosen?.id ?? ''}
          onChange={(event) => setChosenId(event.target.value)}
        >
          {others.map(({ id, name, login }) => (
            <option key={id} value={id}>
              {name} · {login}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={peopleText.role}
          value={role}
          onChange={(event) => setRole(event.target.value as ProjectRole)}
        >
          <RoleOptions />
        </SelectField>
      </div>
      <DialogFoot>
        <Button onClick={() => onOpenChange(false)}>{commonText.cancel}</Button>
        <Button kind="primary" type="submit" busy={isBusy}>
          {commonText.add}
        </Button>
      </DialogFoot>
    </form>
  )
}
