import { useQueryClient } from '@tanstack/react-query'
import { Plus, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { createLabel, type LabelKind } from '../../api/labels'
import { createProject, type Project, projectsQuery, type ReaderMode } from '../../api/projects'
import { Button, IconButton } from '../../panels/button'
import { nextColor } from '../../panels/color-swatches'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { SelectField, TextField } from '../../panels/field'
import { sentenceOf } from '../../panels/problem-note'
import { navigate } from '../../panels/router'
import { say } from '../../panels/toast'
import { useAction } from '../../panels/use-action'
import { commonText, labelText, projectText } from '../../strings'

interface DraftLabel {
  id: number
  name: string
  color: string
  kind: LabelKind
}

export function NewProjectDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={projectText.newTitle} description={projectText.newNote}>
      <NewProjectForm onClose={() => onOpenChange(false)} />
    </Dialog>
  )
}

/** Makes the project, then its labels; a label that is refused is said and the rest goes on. */
async function createWithLabels(name: string, readers: ReaderMode, labels: readonly DraftLabel[]): Promise<Project> {
  const project = await createProject({ name, readers })
  for (const label of labels.filter((draft) => draft.name.trim() !== '')) {
    const { color, kind } = label
    try {
      await createLabel(project.id, { name: label.name.trim(), color, kind, key: null, code: null })
    } catch (cause) {
      say(projectText.labelFailed(label.name, sentenceOf(cause)), 'bad')
    }
  }
  return project
}

function NewProjectForm({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const { isBusy, run } = useAction()
  const [name, setName] = useState('')
  const [readers, setReaders] = useState<ReaderMode>('shared')
  const [labels, setLabels] = useState<readonly DraftLabel[]>([
    { id: 0, name: '', color: nextColor([]), kind: 'semantic' },
  ])
  const [error, setError] = useState<string | null>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (name.trim() === '') {
      setError(projectText.nameMissing)
      return
    }
    await run(async () => {
      const project = await createWithLabels(name.trim(), readers, labels)
      await client.invalidateQueries({ queryKey: projectsQuery.queryKey })
      say(projectText.created(project.name))
      onClose()
      navigate(`/projects/${project.id}/import`)
    })
  }

  return (
    <form className="contents" onSubmit={submit}>
      <div className="col min-h-0 gap-3.5 overflow-auto px-4 pb-4">
        <TextField
          label={projectText.name}
          placeholder={projectText.namePlaceholder}
          value={name}
          error={error}
          onChange={(event) => setName(event.target.value)}
          autoFocus
        />
        <SelectField
          label={projectText.readersLabel}
          value={readers}
          onChange={(event) => setReaders(event.target.value as ReaderMode)}
        >
          <option value="shared">{projectText.readersShared}</option>
          <option value="blinded">{projectText.readersBlinded}</option>
        </SelectField>
        <DraftLabels labels={labels} onChange={setLabels} />
      </div>
      <DialogFoot>
        <Button onClick={onClose}>{commonText.cancel}</Button>
        <Button kind="primary" type="submit" busy={isBusy}>
          {projectText.create}
        </Button>
      </DialogFoot>
    </form>
  )
}

function DraftLabels({
  labels,
  onChange,
}: {
  labels: readonly DraftLabel[]
  onChange: (labels: readonly DraftLabel[]) => void
}) {
  function change(id: number, part: Partial<DraftLabel>): void {
    onChange(labels.map((label) => (label.id === id ? { ...label, ...part } : label)))
  }
  function add(): void {
    const id = Math.max(-1, ...labels.map((label) => label.id)) + 1
    onChange([...labels, { id, name: '', color: nextColor(labels.map(({ color }) => color)), kind: 'semantic' }])
  }
  return (
    <fieldset className="col gap-1.5">
      <legend className="mb-1.5 text-fg-2">{projectText.labels}</legend>
      {labels.map(({ id, name, color, kind }, index) => (
        <div key={id} className="row">
          <input
            type="color"
            className="size-7 flex-none rounded-2 bg-transparent"
            aria-label={projectText.labelColor(index + 1)}
            value={color}
            onChange={(event) => change(id, { color: event.target.value })}
          />
          <div className="field flex-1">
            <input
              aria-label={projectText.labelName(index + 1)}
              value={name}
              onChange={(event) => change(id, { name: event.target.value })}
            />
          </div>
          <SelectField
            label={projectText.labelKind(index + 1)}
            hideLabel
            className="w-28 !gap-0"
            value={kind}
            onChange={(event) => change(id, { kind: event.target.value as LabelKind })}
          >
            <option value="semantic">{labelText.kinds.semantic}</option>
            <option value="instance">{labelText.kinds.instance}</option>
          </SelectField>
          <IconButton
            icon={Trash2}
            label={projectText.removeLabel(name)}
            onClick={() => onChange(labels.filter((label) => label.id !== id))}
          />
        </div>
      ))}
      <Button size="sm" icon={Plus} className="self-start" onClick={add}>
        {projectText.addLabel}
      </Button>
    </fieldset>
  )
}
