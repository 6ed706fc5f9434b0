import { Sparkles } from 'lucide-react'
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
      <SegmenterField segmenters={segmenters} value={key} onChange={setChosenKey} />
      <ParameterFields
        segmenter={chosen}
        values={current}
        onChange={(next) => setValues(new Map(values).set(key, next))}
      />
      {fitting.length > 0 && <LabelField labels={fitting} value={label?.id ?? ''} onChange={setLabelId} />}
      {problem !== null && (
        <p role="alert" className="text-bad">
          {assistText.failed(problem)}
        </p>
      )}
      <Button kind="prop" icon={Sparkles} className="justify-center" onClick={run}>
        {assistText.run}
      </Button>
    </div>
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
