import { useQuery } from '@tanstack/react-query'
import { Check } from 'lucide-react'
import { labelsQuery } from '../../api/labels'
import { projectQuery } from '../../api/projects'
import { type Upload, uploadsQuery } from '../../api/uploads'
import { Card, Chip } from '../../panels/bits'
import { Link } from '../../panels/router'
import { formatMoment, importText } from '../../strings'

const TONES = { open: 'plain', importing: 'acc', done: 'ok', failed: 'bad' } as const satisfies Record<
  Upload['state'],
  string
>

export function ImportSide({ projectId, uploadId }: { projectId: string; uploadId: string | null }) {
  return (
    <aside className="col min-h-0 w-[372px] flex-none gap-3.5 max-[1360px]:w-[280px]">
      <IntoCard projectId={projectId} />
      <Card title={importText.rules} className="flex-none">
        <ul className="col gap-1.5 px-3.5 pb-3.5 text-fg-2">
          {importText.ruleLines.map((line) => (
            <li key={line} className="row items-start">
              <Check size={14} className="mt-px text-ok" aria-hidden />
              {line}
            </li>
          ))}
        </ul>
      </Card>
      <EarlierCard projectId={projectId} uploadId={uploadId} />
    </aside>
  )
}

function IntoCard({ projectId }: { projectId: string }) {
  const project = useQuery(projectQuery(projectId)).data
  const labels = useQuery(labelsQuery(projectId)).data?.filter((label) => !label.archived)
  const rows = [
    { term: importText.project, text: project?.name },
    { term: importText.labels, text: labels === undefined ? undefined : importText.labelCount(labels.length) },
    {
      term: importText.readers,
      text:
        project === undefined
          ? undefined
          : project.readers === 'shared'
            ? importText.readersShared
            : importText.readersBlinded,
    },
  ]
  return (
    <Card title={importText.into} className="flex-none">
      <dl className="col gap-2 px-3.5 pb-3.5">
        {rows.map(({ term, text }) => (
          <div key={term} className="row justify-between">
            <dt className="text-fg-3">{term}</dt>
            <dd className="truncate">{text ?? '–'}</dd>
          </div>
        ))}
      </dl>
    </Card>
  )
}

function EarlierCard({ projectId, uploadId }: { projectId: string; uploadId: string | null }) {
  const uploads = useQuery(uploadsQuery(projectId))
  const earlier = (uploads.data ?? []).filter(({ id }) => id !== uploadId)
  return (
    <Card title={importText.earlier} className="min-h-[120px] flex-1">
      <ul className="min-h-0 overflow-auto">
        {earlier.map(({ id, created_at, state, totals }) => (
          <li key={id}>
            <Link
              to={`/projects/${projectId}/import/${id}`}
              className="row border-b border-line-1 px-3.5 py-2 hover:bg-bg-2"
            >
              <span className="min-w-0 flex-1">
                <span className="block truncate">{formatMoment(created_at)}</span>
                <span className="block text-11 text-fg-3">{importText.earlierLine(totals.files)}</span>
              </span>
              {totals.held > 0 && <Chip tone="warn">{importText.filterNeedsYou(totals.held)}</Chip>}
              <Chip tone={TONES[state]}>{importText.states[state]}</Chip>
            </Link>
          </li>
        ))}
      </ul>
      {uploads.isSuccess && earlier.length === 0 && <p className="px-3.5 pb-3.5 text-fg-3">{importText.earlierNone}</p>}
    </Card>
  )
}
