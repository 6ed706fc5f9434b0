import { useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { revokeToken, type Token, tokensQuery } from '../../api/tokens'
import { Empty } from '../../panels/bits'
import { Button } from '../../panels/button'
import type { Column } from '../../panels/data-table'
import { ListCard } from '../../panels/list-card'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { formatAge, formatMoment, settingsText } from '../../strings'
import { NewTokenDialog } from './new-token-dialog'
import { scopesText } from './scopes'

const titles = settingsText.tokenColumns

const COLUMNS: readonly Column<Token>[] = [
  { id: 'name', title: titles.name, cell: ({ name }) => <span className="block truncate font-medium">{name}</span> },
  {
    id: 'scopes',
    title: titles.scopes,
    cell: ({ scopes }) => (
      <span className="block truncate text-fg-2" title={scopes.join('\n')}>
        {scopesText(scopes)}
      </span>
    ),
  },
  {
    id: 'created',
    title: titles.created,
    width: 160,
    cell: ({ created_at }) => <span className="text-fg-3">{formatMoment(created_at)}</span>,
  },
  {
    id: 'used',
    title: titles.used,
    width: 110,
    cell: ({ last_used_at }) => (
      <span className="text-fg-3">
        {last_used_at === null ? settingsText.never : formatAge(last_used_at, Date.now())}
      </span>
    ),
  },
  {
    id: 'expires',
    title: titles.expires,
    width: 160,
    cell: ({ expires_at }) => (
      <span className="text-fg-3">{expires_at === null ? settingsText.never : formatMoment(expires_at)}</span>
    ),
  },
  {
    id: 'action',
    title: titles.action,
    hideTitle: true,
    width: 100,
    align: 'right',
    cell: (token) => <RevokeButton token={token} />,
  },
]

export function TokensCard() {
  const tokens = useQuery(tokensQuery)
  const [isNew, setNew] = useState(false)
  return (
    <div className="col min-h-0 flex-1 gap-2.5">
      <header className="row flex-none">
        <div>
          <h2 className="text-13">{settingsText.tokens}</h2>
          <p className="text-fg-3">{settingsText.tokensNote}</p>
        </div>
        <Button icon={Plus} className="ml-auto" onClick={() => setNew(true)}>
          {settingsText.newToken}
        </Button>
      </header>
      <ListCard
        label={settingsText.tokens}
        columns={COLUMNS}
        rows={tokens.data}
        cause={tokens.error}
        readAt={tokens.dataUpdatedAt}
        retry={() => void tokens.refetch()}
        rowKey={({ id }) => id}
        empty={<Empty icon={KeyRound} title={settingsText.noTokens} />}
      />
      <NewTokenDialog open={isNew} onOpenChange={setNew} />
    </div>
  )
}

function RevokeButton({ token }: { token: Token }) {
  const client = useQueryClient()
  const { isBusy, run } = useAction()

  async function revoke(): Promise<void> {
    if (await run(() => revokeToken(token.id))) say(settingsText.revoked(token.name))
    await client.invalidateQueries({ queryKey: tokensQuery.queryKey })
  }

  return (
    <Button
      size="sm"
      kind="ghost"
      className="danger"
      busy={isBusy}
      aria-label={settingsText.revokeOf(token.name)}
      onClick={() => void revoke()}
    >
      {settingsText.revoke}
    </Button>
  )
}
