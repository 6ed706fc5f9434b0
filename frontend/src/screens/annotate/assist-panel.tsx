import { useQuery } from '@tanstack/react-query'
import { Sparkles } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useStore } from 'zustand'
import { type Segmenter, segmentersQuery } from '../../api/segmenters'
import { ProgressBar } from '../../panels/bits'
import { Button } from '../../panels/button'
import { SelectField } from '../../panels/field'
import { ProblemNote } from '../../panels/problem-note'
import { readStored, writeStored } from '../../panels/stored'
import { assistText, formatPercent, jobText } from '../../strings'
import { ParameterFields, type ParameterValues, parametersFor, startValues } from './parameter-fields'
import { ProposalCard } from './proposal-card'
import { useWorkspace } from './workspace-context'

/** What can work on this image, those made for its modality first. */
function fitting(all: readonly Segmenter[], isVolume: boolean, modality: string): Segmenter[] {
  const usable = all.filter(({ task, dims }) => task !== 'prompt' && (isVolume || dims.includes(2)))
  const isMadeFor = ({ modalities }: Segmenter): boolean => modalities.length === 0 || modalities.includes(modality)
  return [...usable.filter(isMadeFor), ...usable.filter((segmenter) => !isMadeFor(segmenter))]
}

export function AssistPanel() {
  const { project, image, proposals, document } = useWorkspace()
  const segmenters = useQuery(segmentersQuery(project.id))
  const state = useStore(proposals.state)
  const isEditor = useStore(document.state, ({ access }) => access.kind === 'editor')
  const usable = useMemo(
    () => fitting(segmenters.data ?? [], image.shape[0] > 1, image.modality),
    [segmenters.data, image],
  )
  if (!isEditor) return null
  return (
    <section
      className="max-h-[46%] flex-none overflow-auto bg-[linear-gradient(180deg,#b497ff14,#b497ff05)]"
      aria-label={assistText.title}
    >
      <header className="ph">
        <h2 className="row gap-1.5 text-12 text-proposal">
          <Sparkles size={14} aria-hidden />
          {assistText.title}
        </h2>
      </header>
      {segmenters.isError && <ProblemNote cause={segmenters.error} onRetry={() => void segmenters.refetch()} />}
      {segmenters.isSuccess && usable.length === 0 && <p className="px-3 pb-3 text-fg-3">{assistText.noSegmenters}</p>}
      {state.kind === 'ready' && <ProposalCard state={state} />}
      {state.kind === 'running' && <Running />}
      {state.kind === 'none' && usable.length > 0 && <RunForm segmenters={usable} problem={state.problem} />}
    </section>
  )
}

function Running() {
  const { proposals } = useWorkspace()
  const job = useStore(proposals.state, (state) => (state.kind === 'running' ? state.job : null))
  const progress = job?.progress ?? null
  const text = job === null || job.state === 'queued' ? assistText.waiting : (progress?.step ?? assistText.running)
  return (
    <div className="col gap-2 px-3 pb-3">
      <p className="row" role="status">
        <span className="truncate">{text}</span>
        {progress !== null && <span className="mono ml-auto text-fg-2">{formatPercent(progress.fraction)}</span>}
      </p>
      <ProgressBar fraction={progress?.fraction ?? 0} label={text} tone="proposal" />
      <Button size="sm" className="self-start" disabled={job === null} onClick={() => proposals.stop()}>
        {jobText.cancel}
      </Button>
    </div>
  )
}

const CHOICE = (modality: string): string => `segmenter.${modality}`

function keyOf({ name, version }: Segmenter): string {
  return version === null ? name : `${name}@${version}`
}

function RunForm({ segmenters, problem }: { segmenters: readonly Segmenter[]; problem: string | null }) {
  const { image, labels, proposals } = useWorkspace()
  const [chosenKey, setChosenKey] = useState(() => readStored(CHOICE(image.modality)) ?? '')
  const chosen = segmenters.find((segmenter) => keyOf(segmenter) === chosenKey) ?? segmenters[0]
  const [values, setValues] = useState<ReadonlyMap<string, ParameterValues>>(new Map())
  const kind = chosen?.task === 'instances' ? 'instance' : 'semantic'
  const fittingLabels = labels.filter((label) => !label.archived && label.kind === kind)
  const [labelId, setLabelId] = useState('')
  if (chosen === undefined) return null
  const key = keyOf(chosen)
  const current = values.get(key) ?? startValues(chosen, image.modality)
  const label =
    fittingLabels.find(({ id }) => id === labelId) ?? (chosen.segments.length > 1 ? undefined : fittingLabels[0])

  function run(): void {
    if (chosen === undefined) return
    writeStored(CHOICE(image.modality), key)
    void proposals.run({
      segmenter: chosen.name,
      ...(chosen.version === null ? {} : { version: chosen.version }),
      parameters: parametersFor(chosen, current),
      ...(label === undefined ? {} : { label_id: label.id }),
    })
  }

  const groups = [
    { title: assistText.models, items: segmenters.filter(({ source }) => source === 'model') },
    { title: assistText.methods, items: segmenters.filter(({ source }) => source === 'classical') },
  ]
  return (
    <div className="col gap-2.5 px-3 pb-3">
      <SelectField label={assistText.segmenter} value={key} onChange={(event) => setChosenKey(event.target.value)}>
        {groups.map(({ title, items }) =>
          items.length === 0 ? null : (
            <optgroup key={title} label={title}>
              {items.map((segmenter) => (
                <option key={keyOf(segmenter)} value={keyOf(segmenter)}>
                  {segmenter.title}
                </option>
              ))}
            </optgroup>
          ),
        )}
      </SelectField>
      <ParameterFields
        segmenter={chosen}
        modality={image.modality}
        values={current}
        onChange={(next) => setValues(new Map(values).set(key, next))}
      />
      {fittingLabels.length > 0 && (
        <SelectField
          label={assistText.label}
          value={label?.id ?? ''}
          onChange={(event) => setLabelId(event.target.value)}
        >
          <option value="">{assistText.ownLabels}</option>
          {fittingLabels.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </SelectField>
      )}
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
