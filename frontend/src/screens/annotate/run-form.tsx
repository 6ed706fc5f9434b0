import { ChevronRight, Sparkles } from 'lucide-react'
import { useState } from 'react'
import { useStore } from 'zustand'
import type { Label } from '../../api/labels'
import type { Segmenter } from '../../api/segmenters'
import { Button } from '../../panels/button'
import { SelectField } from '../../panels/field'
import { readStored, writeStored } from '../../panels/stored'
import { assistText } from '../../strings'
import { ParameterFields, type ParameterValues, parametersFor, startValues } from './parameter-fields'
import { useWorkspace } from './workspace-context'

const TALL_PX = 900

function settingOf(modality: string): string {
  return `segmenter.${modality}`
}

function keyOf({ name, version }: Segmenter): string {
  return version === null ? name : `${name}@${version}`
}

/** The labels that a segmenter's answer can go under. */
function fittingLabels(labels: readonly Label[], segmenter: Segmenter): Label[] {
  const kind = segmenter.task === 'instances' ? 'instance' : 'semantic'
  return labels.filter((label) => !label.archived && label.kind === kind)
}

export interface RunFormProps {
  segmenters: readonly [Segmenter, ...Segmenter[]]
  problem: string | null
}

/** Choose a method or model, its settings and the label it draws, and ask for a proposal. */
export function RunForm({ segmenters, problem }: RunFormProps) {
  const { image, labels, proposals } = useWorkspace()
  const [chosenKey, setChosenKey] = useState(() => readStored(settingOf(image.modality)) ?? '')
  const [values, setValues] = useState<ReadonlyMap<string, ParameterValues>>(new Map())
  const [labelId, setLabelId] = useState<string | null>(null)
  const usualLabel = useUsualLabel()
  const chosen = segmenters.find((segmenter) => keyOf(segmenter) === chosenKey) ?? segmenters[0]
  const key = keyOf(chosen)
  const current = values.get(key) ?? startValues(chosen, image.modality)
  const fitting = fittingLabels(labels, chosen)
  const usual = chosen.segments.length > 1 ? undefined : (fitting.find(({ id }) => id === usualLabel) ?? fitting[0])
  const label = labelId === null ? usual : fitting.find(({ id }) => id === labelId)

  function run(): void {
    writeStored(settingOf(image.modality), key)
    void proposals.run({
      segmenter: chosen.name,
      ...(chosen.version === null ? {} : { version: chosen.version }),
      parameters: parametersFor(chosen, current),
      ...(label === undefined ? {} : { label_id: label.id }),
    })
  }

  return (
    <div className="col gap-2.5 px-3 pb-3">
      <div className="grid grid-cols-2 gap-2">
        <SegmenterField segmenters={segmenters} value={key} onChange={setChosenKey} />
        <LabelField labels={fitting} value={label?.id ?? ''} onChange={setLabelId} />
      </div>
      {problem !== null && (
        <p role="alert" className="text-bad">
          {assistText.failed(problem)}
        </p>
      )}
      <Button kind="prop" icon={Sparkles} className="justify-center" onClick={run}>
        {assistText.run}
      </Button>
      <Settings segmenter={chosen} values={current} onChange={(next) => setValues(new Map(values).set(key, next))} />
    </div>
  )
}

interface SettingsProps {
  segmenter: Segmenter
  values: ParameterValues
  onChange: (values: ParameterValues) => void
}

/** Folded on low windows, so that the button above stays in sight; the choice is kept. */
function Settings({ segmenter, values, onChange }: SettingsProps) {
  const { measure } = useWorkspace()
  const [isOpen, setOpen] = useState(() => {
    const stored = readStored('segmenterSettings')
    return stored === null ? window.innerHeight >= TALL_PX : stored === 'open'
  })
  if (segmenter.parameters.length === 0) return null
  return (
    <details
      open={isOpen}
      onToggle={(event) => {
        const { open } = event.currentTarget
        if (open === isOpen) return
        setOpen(open)
        writeStored('segmenterSettings', open ? 'open' : 'folded')
      }}
    >
      <summary className="row h-6 cursor-default list-none gap-1 text-fg-2">
        <ChevronRight size={12} className={isOpen ? 'rotate-90' : ''} aria-hidden />
        {assistText.settings}
      </summary>
      <div className="pt-2">
        <ParameterFields segmenter={segmenter} values={values} isSized={measure.kind !== 'none'} onChange={onChange} />
      </div>
    </details>
  )
}

/** The label of the segment being drawn. */
function useUsualLabel(): string | undefined {
  const { document } = useWorkspace()
  return useStore(
    document.state,
    ({ segments, activeNumber }) => segments.find(({ number }) => number === activeNumber)?.labelId,
  )
}

interface SegmenterFieldProps {
  segmenters: readonly Segmenter[]
  value: string
  onChange: (key: string) => void
}

function SegmenterField({ segmenters, value, onChange }: SegmenterFieldProps) {
  const groups = [
    { title: assistText.models, items: segmenters.filter(({ source }) => source === 'model') },
    { title: assistText.methods, items: segmenters.filter(({ source }) => source === 'classical') },
  ].filter(({ items }) => items.length > 0)
  return (
    <SelectField label={assistText.segmenter} value={value} onChange={(event) => onChange(event.target.value)}>
      {groups.map(({ title, items }) => (
        <optgroup key={title} label={title}>
          {items.map((segmenter) => (
            <option key={keyOf(segmenter)} value={keyOf(segmenter)}>
              {segmenter.title}
            </option>
          ))}
        </optgroup>
      ))}
    </SelectField>
  )
}

function LabelField({
  labels,
  value,
  onChange,
}: {
  labels: readonly Label[]
  value: string
  onChange: (id: string) => void
}) {
  return (
    <SelectField label={assistText.label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{assistText.ownLabels}</option>
      {labels.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </SelectField>
  )
}
