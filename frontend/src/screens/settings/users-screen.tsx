import { useQuery, useQueryClient } from '@tanstack/react-query'
import { UserPlus } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { ServiceRole, User } from '../../api/session'
import { createUser, usersQuery } from '../../api/users'
import { Avatar, Empty } from '../../panels/bits'
import { Button } from '../../panels/button'
import type { Column } from '../../panels/data-table'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { SelectField, TextField } from '../../panels/field'
import { ListCard } from '../../panels/list-card'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { commonText, userText } from '../../strings'

const COLUMNS: readonly Column<User>[] = [
  {
    id: 'name',
    title: userText.columns.name,
    cell: ({ id, name }) => (
      <span className="row">
        <Avatar id={id} name={name} />
        <span className="truncate font-medium">{name}</span>
      </span>
    ),
  },
  { id: 'login', title: userText.columns.login, cell: ({ login }) => <span className="text-fg-2">{login}</span> },
  { id: 'role', title: userText.columns.role, width: 180, cell: ({ role }) => userText.roles[role] },
]

export function UsersScreen() {
  const users = useQuery(usersQuery)
  const [isNew, setNew] = useState(false)
  return (
    <>
      <header className="row flex-none">
        <h1>{userText.title}</h1>
        <Button kind="primary" icon={UserPlus} className="ml-auto" onClick={() => setNew(true)}>
          {userText.add}
        </Button>
      </header>
      <ListCard
        label={userText.title}
        columns={COLUMNS}
        rows={users.data}
        cause={users.error}
        readAt={users.dataUpdatedAt}
        retry={() => void users.refetch()}
        rowKey={({ id }) => id}
        empty={<Empty title={userText.add} />}
      />
      <Dialog open={isNew} onOpenChange={setNew} title={userText.newTitle}>
        <NewUserForm onClose={() => setNew(false)} />
      </Dialog>
    </>
  )
}

function NewUserForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const { isBusy, run } = useAction()
  const [name, setName] = useState('')
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState<ServiceRole>('member')
  const [error, setError] = useState<string | null>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (name.trim() === '' || login.trim() === '' || password === '') {
      setError(userText.missing)
      return
    }
    setError(null)
    const isDone = await run(() => createUser({ name: name.trim(), login: login.trim(), role, password }))
    await client.invalidateQueries({ queryKey: usersQuery.queryKey })
    if (!isDone) return
    say(userText.created(name.trim()))
    onClose()
  }

  return (
    <form className="contents" onSubmit={submit} autoComplete="off">
      <div className="col gap-3.5 px-4 pb-4">
        <TextField label={userText.name} value={name} onChange={(event) => setName(event.target.value)} autoFocus />
        <TextField
          label={userText.login}
          value={login}
          autoCapitalize="none"
          onChange={(event) => setLogin(event.target.value)}
        />
        <TextField
          label={userText.password}
          type="password"
          autoComplete="new-password"
          hint={userText.passwordHint}
          value={password}
          error={error}
          onChange={(event) => setPassword(event.target.value)}
        />
        <SelectField
          label={userText.role}
          value={role}
          onChange={(event) => setRole(event.target.value as ServiceRole)}
        >
          <option value="member">{userText.roles.member}</option>
          <option value="admin">{userText.roles.admin}</option>
        </SelectField>
      </div>
      <DialogFoot>
        <Button onClick={onClose}>{commonText.cancel}</Button>
        <Button kind="primary" type="submit" busy={isBusy}>
          {commonText.add}
        </Button>
      </DialogFoot>
    </form>
  )
}
