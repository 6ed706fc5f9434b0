import { Check, X } from 'lucide-react'
import type { Proposal } from '../../api/proposals'
import { Chip } from '../../panels/bits'
import { Button } from '../../panels/button'
import { assistText, formatCount, formatDuration, UNKNOWN } from '../../strings'
import { type Measure, sizeText } from './measure'
import type { ProposalState } from './proposals'
import { useWorkspace } from './workspace-context'

const LISTED = 6

function totalText(proposal: Proposal, measure: Measure): string {
  return (
    sizeText(
      measure,
      proposal.segments.reduce((sum, { voxels }) => sum + voxels, 0),
    ) ?? UNKNOWN
  )
}

type ReadyState = Extract<ProposalState, { kind: 'ready' }>

/** What is proposed and by whom; nothing of it is the reader's before she accepts. */
export function ProposalCard({ state }: { state: ReadyState }) {
  const { proposal } = state
  const isEmpty = proposal.segments.every(({ voxels }) => voxels === 0)
  return (
    <article className="mx-3 mb-3 rounded-[6px] border border-proposal-line bg-bg-2" aria-label={assistText.proposal}>
      <div className="px-3 pb-2 pt-2.5">
        <ProposalHead proposal={proposal} />
        {isEmpty ? <p className="mt-2 text-fg-2">{assistText.nothing}</p> : <ProposalFigures proposal={proposal} />}
      </div>
      <ProposalButtons state={state} isEmpty={isEmpty} />
    </article>
  )
}

function ProposalHead({ proposal }: { proposal: Proposal }) {
  const { segments, segmenter, version, hash, seconds } = proposal
  return (
    <>
      <div className="row">
        <span className="sw hatched" aria-hidden />
        <b className="truncate">{segments.length === 1 ? segments[0]?.name : segmenter}</b>
        <Chip tone="prop">{assistText.proposal}</Chip>
        <span className="mono ml-auto text-fg-2">{formatDuration(seconds)}</span>
      </div>
      <p className="mt-1 truncate text-11 text-fg-3" title={hash ?? ''}>
        {assistText.madeBy(segmenter, version)}
      </p>
    </>
  )
}

function ProposalFigures({ proposal }: { proposal: Proposal }) {
  const { measure } = useWorkspace()
  const { segments, instances } = proposal
  const isCounted = instances !== null
  return (
    <>
      <dl className="mt-2 flex gap-6 text-11">
        <Figure
          term={measure.kind === 'volume' ? assistText.volume : assistText.area}
          text={totalText(proposal, measure)}
        />
        <Figure
          term={isCounted ? assistText.instances : assistText.segments}
          text={formatCount(instances ?? segments.length)}
        />
      </dl>
      {!isCounted && segments.length > 1 && <SegmentList proposal={proposal} measure={measure} />}
    </>
  )
}

function ProposalButtons({ state, isEmpty }: { state: ReadyState; isEmpty: boolean }) {
  const { proposals } = useWorkspace()
  const { isBusy, replace } = state
  return (
    <>
      {!isEmpty && (
        <label className="row px-3 pb-2 text-fg-2" title={assistText.replaceNote}>
          <input
            type="checkbox"
            className="check"
            checked={replace}
            onChange={(event) => proposals.setReplace(event.target.checked)}
          />
          {assistText.replace}
        </label>
      )}
      <div className="row gap-1.5 border-t border-line-1 px-3 pb-2.5 pt-2">
        {!isEmpty && (
          <Button
            kind="prop"
            icon={Check}
            keys={['↵']}
            className="flex-1 justify-center"
            busy={isBusy}
            onClick={() => void proposals.accept()}
          >
            {assistText.accept}
          </Button>
        )}
        <Button
          icon={X}
          keys={['Esc']}
          className="flex-1 justify-center"
          disabled={isBusy}
          onClick={() => void proposals.drop()}
        >
          {assistText.drop}
        </Button>
      </div>
    </>
  )
}

function Figure({ term, text }: { term: string; text: string }) {
  return (
    <div>
      <dt className="text-fg-3">{term}</dt>
      <dd className="text-13 font-medium">{text}</dd>
    </div>
  )
}

function SegmentList({ proposal, measure }: { proposal: Proposal; measure: Measure }) {
  const shown = proposal.segments.filter(({ voxels }) => voxels > 0)
  return (
    <ul className="mt-2">
      {shown.slice(0, LISTED).map(({ local, name, color, voxels }) => (
        <li key={local} className="row h-6">
          <span className="sw" style={{ background: color }} aria-hidden />
          <span className="flex-1 truncate">{name}</span>
          <span className="text-fg-2">{sizeText(measure, voxels) ?? UNKNOWN}</span>
        </li>
      ))}
      {shown.length > LISTED && <li className="text-fg-3">+ {formatCount(shown.length - LISTED)}</li>}
    </ul>
  )
}
