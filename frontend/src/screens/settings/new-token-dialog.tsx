import { useQueryClient } from '@tanstack/react-query'
import { Copy } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { createToken, tokensQuery } from '../../api/tokens'
import { Button } from '../../panels/button'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { SelectField, TextField } from '../../panels/field'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { commonText, settingsText } from '../../strings'
import { DOMAINS, SCOPES } from './scopes'

const DAY_MS = 86_400_000
const USUAL = ['project', 'image', 'import', 'segmentation', 'export', 'job', 'work', 'model'] as const

function usualScopes(): ReadonlySet<string> {
  const wanted = USUAL.flatMap((domain) => [`${domain}.read`, `${domain}.write`])
  return new Set(wanted.filter((scope) => SCOPES.has(scope) && scope !== 'model.write' && scope !== 'project.write'))
}

export function NewTokenDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={settingsText.newToken} description={settingsText.tokensNote}>
      <NewTokenForm onClose={() => onOpenChange(false)} />
    </Dialog>
  )
}

function NewTokenForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const { isBusy, run } = useAction()
  const [name, setName] = useState('')
  const [days, setDays] = useState('90')
  const [scopes, setScopes] = useState<ReadonlySet<string>>(usualScopes)
  const [error, setError] = useState<string | null>(null)
  const [secret, setSecret] = useState<string | null>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (name.trim() === '') {
      setError(settingsText.tokenNameMissing)
      return
    }
    const expires = days === 'never' ? {} : { expires_at: new Date(Date.now() + Number(days) * DAY_MS).toISOString() }
    await run(async () => {
      const made = await createToken({ name: name.trim(), scopes: [...scopes], ...expires })
      setSecret(made.token)
      await client.invalidateQueries({ queryKey: tokensQuery.queryKey })
    })
  }

  if (secret !== null) return <Secret secret={secret} onClose={onClose} />
  return (
    <form className="contents" onSubmit={submit}>
      <div className="col min-h-0 gap-3.5 overflow-auto px-4 pb-4">
        <TextField
          label={settingsText.tokenName}
          placeholder={settingsText.tokenNamePlaceholder}
          value={name}
          error={error}
          onChange={(event) => setName(event.target.value)}
          autoFocus
        />
        <SelectField label={settingsText.expires} value={days} onChange={(event) => setDays(event.target.value)}>
          {Object.entries(settingsText.expiryTexts).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </SelectField>
        <ScopeChoice scopes={scopes} onChange={setScopes} />
      </div>
      <DialogFoot>
        <Button onClick={onClose}>{commonText.cancel}</Button>
        <Button kind="primary" type="submit" busy={isBusy} disabled={scopes.size === 0}>
          {settingsText.make}
        </Button>
      </DialogFoot>
    </form>
  )
}

function ScopeChoice({
  scopes,
  onChange,
}: {
  scopes: ReadonlySet<string>
  onChange: (scopes: ReadonlySet<string>) => void
}) {
  function toggle(scope: string): void {
    const next = new Set(scopes)
    if (!next.delete(scope)) next.add(scope)
    onChange(next)
  }
  return (
    <fieldset className="col">
      <legend className="mb-1.5 text-fg-2">{settingsText.scopes}</legend>
      {DOMAINS.map((domain) => (
        <div key={domain} className="row min-h-7 border-b border-line-1">
          <span className="flex-1">{settingsText.scopeNames[domain]}</span>
          {(['read', 'write'] as const).map((way) => {
            const scope = `${domain}.${way}`
            if (!SCOPES.has(scope)) return <span key={way} className="w-20" />
            return (
              <label key={way} className="row w-20 gap-1.5">
                <input
                  type="checkbox"
                  className="check"
                  checked={scopes.has(scope)}
                  aria-label={`${way === 'read' ? settingsText.scopeRead : settingsText.scopeWrite} ${settingsText.scopeNames[domain]}`}
                  onChange={() => toggle(scope)}
                />
                <span aria-hidden>{way === 'read' ? settingsText.scopeRead : settingsText.scopeWrite}</span>
              </label>
            )
          })}
        </div>
      ))}
    </fieldset>
  )
}

function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  /** The clipboard is missing on plain http to a LAN address: then the text is selected for the person to copy. */
  async function copy(field: HTMLInputElement | null): Promise<void> {
    field?.select()
    try {
      await navigator.clipboard.writeText(secret)
      say(commonText.copied)
    } catch {
      field?.focus()
    }
  }
  const id = 'new-token'
  return (
    <>
      <div className="col gap-2 px-4 pb-4">
        <label htmlFor={id} className="text-warn">
          {settingsText.once}
        </label>
        <div className="field lg mono">
          <input
            id={id}
            readOnly
            value={secret}
            aria-label={settingsText.tokenIs}
            onFocus={(event) => event.target.select()}
          />
          <Button
            size="sm"
            icon={Copy}
            onClick={(event) => void copy(event.currentTarget.parentElement?.querySelector('input') ?? null)}
          >
            {commonText.copy}
          </Button>
        </div>
      </div>
      <DialogFoot>
        <Button kind="primary" onClick={onClose}>
          {commonText.close}
        </Button>
      </DialogFoot>
    </>
  )
}
