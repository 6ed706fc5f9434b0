import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import { addMember, type Member } from '../../api/members'
import type { ProjectRole } from '../../api/projects'
import { usersQuery } from '../../api/users'
import { Button } from '../../panels/button'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { SelectField, TextField } from '../../panels/field'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { commonText, peopleText } from '../../strings'
import { useSession } from '../session-context'
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
  const { user } = useSession()
  const { isBusy, run } = useAction()
  const suggestions = useId()
  const users = useQuery({ ...usersQuery, enabled: user.role === 'admin' }) // only administrators may see all users
  const inProject = new Set(members.map((member) => member.user.id))
  const others = (users.data ?? []).filter(({ id }) => !inProject.has(id))
  const [login, setLogin] = useState('')
  const [role, setRole] = useState<ProjectRole>('annotator')

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    let name = login
    const isDone = await run(async () => {
      name = (await addMember(projectId, login.trim(), role)).user.name
    })
    await client.invalidateQueries({ queryKey: ['projects'] })
    if (!isDone) return
    say(peopleText.saved(name, peopleText.roles[role]))
    onOpenChange(false)
  }

  return (
    <form className="contents" onSubmit={submit}>
      <div className="col gap-3.5 px-4 pb-4">
        <TextField
          label={peopleText.login}
          hint={peopleText.loginHint}
          value={login}
          onChange={(event) => setLogin(event.target.value)}
          list={suggestions}
          autoComplete="off"
          required
          autoFocus
        />
        <datalist id={suggestions}>
          {others.map((other) => (
            <option key={other.id} value={other.login}>
              {other.name}
            </option>
          ))}
        </datalist>
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
        <Button kind="primary" type="submit" busy={isBusy} disabled={login.trim() === ''}>
          {commonText.add}
        </Button>
      </DialogFoot>
    </form>
  )
}
