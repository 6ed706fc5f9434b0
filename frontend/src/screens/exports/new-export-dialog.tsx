import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { createExport, type ExportFormat, exportsQuery, type NewExport, type PngVariant } from '../../api/exports'
import { readImages } from '../../api/images'
import { newUuid } from '../../api/uuid'
import { Button } from '../../panels/button'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { SearchField, Segmented, SelectField } from '../../panels/field'
import { ProblemNote } from '../../panels/problem-note'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { commonText, exportText, formatShape } from '../../strings'

export interface NewExportDialogProps {
  projectId: string
  imageCount: number
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function NewExportDialog(props: NewExportDialogProps) {
  return (
    <Dialog open={props.open} onOpenChange={props.onOpenChange} title={exportText.newTitle}>
      <NewExportForm {...props} />
    </Dialog>
  )
}

const VARIANTS = Object.keys(exportText.variants) as PngVariant[]

interface ExportChoice {
  format: ExportFormat
  variant: PngVariant
  scope: 'all' | 'some'
  chosen: ReadonlySet<string>
}

function bodyOf({ format, variant, scope, chosen }: ExportChoice): NewExport {
  return {
    format,
    ...(format === 'png' ? { variant } : {}),
    ...(scope === 'some' ? { image_ids: [...chosen] } : {}),
  }
}

function NewExportForm({ projectId, imageCount, onOpenChange }: NewExportDialogProps) {
  const client = useQueryClient()
  const { isBusy, run } = useAction()
  const [choice, setChoice] = useState<ExportChoice>({
    format: 'nifti',
    variant: 'semantic',
    scope: 'all',
    chosen: new Set(),
  })
  const change = (part: Partial<ExportChoice>): void => setChoice((old) => ({ ...old, ...part }))

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (!(await run(() => createExport(projectId, bodyOf(choice), newUuid())))) return
    await client.invalidateQueries({ queryKey: exportsQuery(projectId).queryKey })
    say(exportText.started)
    onOpenChange(false)
  }

  return (
    <form className="contents" onSubmit={submit}>
      <div className="col min-h-0 gap-3.5 overflow-auto px-4 pb-4">
        <FormatFields choice={choice} onChange={change} />
        <ScopeField choice={choice} imageCount={imageCount} onChange={change} />
        {choice.scope === 'some' && (
          <ImageChoice projectId={projectId} chosen={choice.chosen} onChange={(chosen) => change({ chosen })} />
        )}
      </div>
      <DialogFoot>
        <Button onClick={() => onOpenChange(false)}>{commonText.cancel}</Button>
        <Button
          kind="primary"
          type="submit"
          busy={isBusy}
          disabled={choice.scope === 'some' && choice.chosen.size === 0}
        >
          {exportText.create}
        </Button>
      </DialogFoot>
    </form>
  )
}

interface ChoiceProps {
  choice: ExportChoice
  onChange: (part: Partial<ExportChoice>) => void
}

function FormatFields({ choice: { format, variant }, onChange }: ChoiceProps) {
  return (
    <>
      <SelectField
        label={exportText.format}
        value={format}
        hint={exportText.formatNotes[format]}
        onChange={(event) => onChange({ format: event.target.value as ExportFormat })}
      >
        <option value="nifti">{exportText.formats.nifti}</option>
        <option value="png">{exportText.formats.png}</option>
      </SelectField>
      {format === 'png' && (
        <SelectField
          label={exportText.variant}
          value={variant}
          onChange={(event) => onChange({ variant: event.target.value as PngVariant })}
        >
          {VARIANTS.map((name) => (
            <option key={name} value={name}>
              {exportText.variants[name]}
            </option>
          ))}
        </SelectField>
      )}
    </>
  )
}

function ScopeField({ choice: { scope, chosen }, imageCount, onChange }: ChoiceProps & { imageCount: number }) {
  return (
    <div className="row justify-between">
      <span className="text-fg-2">
        {scope === 'all' ? exportText.allImages(imageCount) : exportText.chosen(chosen.size)}
      </span>
      <Segmented
        label={exportText.which}
        value={scope}
        onChange={(next) => onChange({ scope: next })}
        options={[
          { value: 'all', text: exportText.whichAll },
          { value: 'some', text: exportText.whichSome },
        ]}
      />
    </div>
  )
}

interface ImageChoiceProps {
  projectId: string
  chosen: ReadonlySet<string>
  onChange: (chosen: ReadonlySet<string>) => void
}

function ImageChoice({ projectId, chosen, onChange }: ImageChoiceProps) {
  const [q, setQ] = useState('')
  const images = useQuery({
    queryKey: ['projects', projectId, 'images', 'choice', q],
    queryFn: ({ signal }) => readImages(projectId, { q }, null, signal),
    placeholderData: (old) => old,
  })

  function toggle(id: string): void {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    onChange(next)
  }

  if (images.isError) return <ProblemNote cause={images.error} onRetry={() => void images.refetch()} />
  return (
    <>
      <SearchField label={exportText.filterImages} value={q} onChange={(event) => setQ(event.target.value)} />
      <ul className="max-h-56 overflow-auto rounded-2 border border-line-1">
        {images.data?.items.map(({ id, name, modality, shape }) => (
          <li key={id}>
            <label className="row h-8 px-2.5 hover:bg-bg-2">
              <input type="checkbox" className="check" checked={chosen.has(id)} onChange={() => toggle(id)} />
              <span className="flex-1 truncate">{name}</span>
              <span className="text-fg-3">{modality}</span>
              <span className="mono text-fg-3">{formatShape(shape)}</span>
            </label>
          </li>
        ))}
      </ul>
    </>
  )
}
