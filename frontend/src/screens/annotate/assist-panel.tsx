import { useQuery } from '@tanstack/react-query'
import { Sparkles } from 'lucide-react'
import { useMemo } from 'react'
import { useStore } from 'zustand'
import { type Segmenter, segmentersQuery } from '../../api/segmenters'
import { ProgressBar } from '../../panels/bits'
import { Button } from '../../panels/button'
import { ProblemNote } from '../../panels/problem-note'
import { assistText, formatPercent, jobText } from '../../strings'
import { ProposalCard } from './proposal-card'
import { RunForm } from './run-form'
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
  const [first, ...others] = usable
  if (!isEditor) return null
  return (
    <section
      className="max-h-[50%] min-h-[110px] overflow-auto bg-[linear-gradient(180deg,#b497ff14,#b497ff05)]"
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
      {state.kind === 'none' && first !== undefined && (
        <RunForm segmenters={[first, ...others]} problem={state.problem} />
      )}
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
