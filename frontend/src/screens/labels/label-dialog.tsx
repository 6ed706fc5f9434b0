import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { type Code, changeLabel, createLabel, type Label, type LabelKind, labelsQuery } from '../../api/labels'
import { Button } from '../../panels/button'
import { nextColor } from '../../panels/color-swatches'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { SelectField, TextField } from '../../panels/field'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { commonText, labelText } from '../../strings'
import { CodeField } from './code-field'
import { ColorField } from './color-field'

export interface LabelDialogProps {
  projectId: string
  edited: Label | 'new' | null
  others: readonly Label[]
  onClose: () => void
}

export function LabelDialog({ projectId, edited, others, onClose }: LabelDialogProps) {
  const title = edited === null || edited === 'new' ? labelText.newTitle : labelText.editTitle(edited.name)
  return (
    <Dialog
      open={edited !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      title={title}
    >
      {edited !== null && (
        <LabelForm projectId={projectId} label={edited === 'new' ? null : edited} others={others} onClose={onClose} />
      )}
    </Dialog>
  )
}

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'] as const
const KINDS = Object.keys(labelText.kinds) as LabelKind[]

interface LabelFormProps {
  projectId: string
  label: Label | null
  others: readonly Label[]
  onClose: () => void
}

interface Draft {
  name: string
  color: string
  key: string | null
  kind: LabelKind
  code: Code | null
}

function draftOf(label: Label | null, others: readonly Label[]): Draft {
  if (label !== null) return label
  const taken = new Set(others.map(({ key }) => key))
  const color = nextColor(others.map((other) => other.color))
  return { name: '', color, key: KEYS.find((key) => !taken.has(key)) ?? null, kind: 'semantic', code: null }
}

function LabelForm({ projectId, label, others, onClose }: LabelFormProps) {
  const client = useQueryClient()
  const { isBusy, run } = useAction()
  const [draft, setDraft] = useState<Draft>(() => draftOf(label, others))
  const [error, setError] = useState<string | null>(null)
  const change = (part: Partial<Draft>): void => setDraft((old) => ({ ...old, ...part }))
  const takenKeys = new Set(others.filter(({ id, archived }) => id !== label?.id && !archived).map(({ key }) => key))

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const name = draft.name.trim()
    if (name === '') {
      setError(labelText.nameMissing)
      return
    }
    const { color, key, kind, code } = draft
    const isDone = await run(() =>
      label === null
        ? createLabel(projectId, { name, color, key, kind, code })
        : changeLabel(projectId, label.id, { name, color, key, code }),
    )
    await client.invalidateQueries({ queryKey: labelsQuery(projectId).queryKey })
    if (!isDone) return
    say(labelText.saved(name))
    onClose()
  }

  return (
    <form className="contents" onSubmit={submit}>
      <div className="col min-h-0 gap-3.5 overflow-auto px-4 pb-4 pt-1">
        <TextField
          label={labelText.name}
          value={draft.name}
          error={error}
          onChange={(event) => change({ name: event.target.value })}
          autoFocus
        />
        <ColorField value={draft.color} onChange={(color) => change({ color })} />
        <div className="grid grid-cols-2 gap-3">
          <KindField kind={draft.kind} isFixed={label !== null} onChange={(kind) => change({ kind })} />
          <KeyField value={draft.key} taken={takenKeys} onChange={(key) => change({ key })} />
        </div>
        <CodeField value={draft.code} onChange={(code) => change({ code })} />
      </div>
      <DialogFoot>
        <Button onClick={onClose}>{commonText.cancel}</Button>
        <Button kind="primary" type="submit" busy={isBusy}>
          {commonText.save}
        </Button>
      </DialogFoot>
    </form>
  )
}

function KindField({
  kind,
  isFixed,
  onChange,
}: {
  kind: LabelKind
  isFixed: boolean
  onChange: (kind: LabelKind) => void
}) {
  return (
    <SelectField
      label={labelText.kind}
      value={kind}
      disabled={isFixed}
      hint={labelText.kindNotes[kind]}
      onChange={(event) => onChange(event.target.value as LabelKind)}
    >
      {KINDS.map((name) => (
        <option key={name} value={name}>
          {labelText.kinds[name]}
        </option>
      ))}
    </SelectField>
  )
}

interface KeyFieldProps {
  value: string | null
  taken: ReadonlySet<string | null>
  onChange: (key: string | null) => void
}

function KeyField({ value, taken, onChange }: KeyFieldProps) {
  return (
    <SelectField
      label={labelText.key}
      value={value ?? ''}
      hint={labelText.keyHint}
      onChange={(event) => onChange(event.target.value === '' ? null : event.target.value)}
    >
      <option value="">{labelText.keyNone}</option>
      {KEYS.filter((key) => !taken.has(key)).map((key) => (
        <option key={key} value={key}>
          {key}
        </option>
      ))}
    </SelectField>
  )
}
