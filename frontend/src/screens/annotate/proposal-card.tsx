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

/** What is proposed and by whom; nothing of it is the reader's before she accepts. */
export function ProposalCard({ state }: { state: Extract<ProposalState, { kind: 'ready' }> }) {
  const { proposals, measure } = useWorkspace()
  const { proposal, isBusy, replace } = state
  const { segments, instances } = proposal
  const isEmpty = segments.every(({ voxels }) => voxels === 0)
  const name = segments.length === 1 ? segments[0]?.name : assistText.madeBy(proposal.segmenter, null)
  return (
    <article className="mx-3 mb-3 rounded-[6px] border border-proposal-line bg-bg-2" aria-label={assistText.proposal}>
      <div className="px-3 pb-2 pt-2.5">
        <div className="row">
          <span className="sw hatched" aria-hidden />
          <b className="truncate">{name}</b>
          <Chip tone="prop">{assistText.proposal}</Chip>
          <span className="mono ml-auto text-fg-2">{formatDuration(proposal.seconds)}</span>
        </div>
        <p className="mt-1 truncate text-11 text-fg-3" title={proposal.hash ?? ''}>
          {assistText.madeBy(proposal.segmenter, proposal.version)}
        </p>
        {isEmpty ? (
          <p className="mt-2 text-fg-2">{assistText.nothing}</p>
        ) : (
          <dl className="mt-2 flex gap-6 text-11">
            <Figure
              term={measure.kind === 'volume' ? assistText.volume : assistText.area}
              text={totalText(proposal, measure)}
            />
            <Figure
              term={instances === null ? assistText.segments : assistText.instances}
              text={formatCount(instances ?? segments.length)}
            />
          </dl>
        )}
        {instances === null && segments.length > 1 && <SegmentList proposal={proposal} measure={measure} />}
      </div>
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
    </article>
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
