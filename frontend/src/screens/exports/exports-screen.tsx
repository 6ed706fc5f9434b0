import { useQuery } from '@tanstack/react-query'
import { Download, Package, Plus } from 'lucide-react'
import { useMemo, useState } from 'react'
import { type ExportRun, exportArchiveUrl, exportsQuery } from '../../api/exports'
import { projectQuery } from '../../api/projects'
import { Chip, Empty, type Tone } from '../../panels/bits'
import { Button } from '../../panels/button'
import type { Column } from '../../panels/data-table'
import { ListCard } from '../../panels/list-card'
import { exportText, formatBytes, formatCount, formatMoment } from '../../strings'
import type { ScreenProps } from '../routes'
import { ExportDetails } from './export-details'
import { ExportProgress } from './export-progress'
import { NewExportDialog } from './new-export-dialog'

const TONES = {
  queued: 'plain',
  running: 'acc',
  succeeded: 'ok',
  failed: 'bad',
  cancelled: 'plain',
} as const satisfies Record<ExportRun['state'], Tone>

const titles = exportText.columns

function isLive({ state }: ExportRun): boolean {
  return state === 'queued' || state === 'running'
}

function columnsFor(onLook: (run: ExportRun) => void): Column<ExportRun>[] {
  return [
    {
      id: 'format',
      title: titles.format,
      cell: ({ format, settings }) => (
        <>
          <span className="font-medium">{exportText.formats[format]}</span>
          {format === 'png' && typeof settings.variant === 'string' && (
            <span className="text-fg-3"> · {exportText.variants[settings.variant] ?? settings.variant}</span>
          )}
        </>
      ),
    },
    {
      id: 'created',
      title: titles.created,
      width: 170,
      cell: ({ created_at }) => <span className="text-fg-3">{formatMoment(created_at)}</span>,
    },
    {
      id: 'state',
      title: titles.state,
      cell: (run) =>
        isLive(run) && run.job_id !== null ? (
          <ExportProgress jobId={run.job_id} projectId={run.project_id} />
        ) : (
          <Chip tone={TONES[run.state]}>{exportText.states[run.state]}</Chip>
        ),
    },
    {
      id: 'files',
      title: titles.files,
      width: 150,
      align: 'right',
      cell: ({ files, bytes }) => (files === 0 ? '–' : `${formatCount(files)} · ${formatBytes(bytes)}`),
    },
    {
      id: 'failed',
      title: titles.failed,
      width: 90,
      align: 'right',
      cell: ({ manifest }) => {
        const left = manifest?.failed.length ?? 0
        return <span className={left > 0 ? 'text-warn' : 'text-fg-3'}>{formatCount(left)}</span>
      },
    },
    {
      id: 'action',
      title: titles.action,
      hideTitle: true,
      width: 210,
      align: 'right',
      cell: (run) => <RowActions run={run} onLook={onLook} />,
    },
  ]
}

function RowActions({ run, onLook }: { run: ExportRun; onLook: (run: ExportRun) => void }) {
  if (run.manifest === null) return null
  const at = formatMoment(run.created_at)
  return (
    <span className="row justify-end gap-1">
      <Button size="sm" kind="ghost" aria-label={exportText.detailsOf(at)} onClick={() => onLook(run)}>
        {exportText.details}
      </Button>
      {run.manifest.items.length > 0 && (
        <a
          className="btn sm"
          href={exportArchiveUrl(run.id)}
          download
          aria-label={exportText.downloadOf(exportText.formats[run.format], at)}
        >
          <Download size={14} aria-hidden />
          {exportText.download}
        </a>
      )}
    </span>
  )
}

export function ExportsScreen({ projectId }: ScreenProps) {
  const project = useQuery(projectQuery(projectId)).data
  const exports = useQuery({
    ...exportsQuery(projectId),
    refetchInterval: (query) => (query.state.data?.some(isLive) === true ? 3000 : false),
  })
  const [isNew, setNew] = useState(false)
  const [looked, setLooked] = useState<ExportRun | null>(null)
  const columns = useMemo(() => columnsFor(setLooked), [])
  return (
    <>
      <header className="row flex-none">
        <div>
          <h1>{exportText.title}</h1>
          <p className="text-fg-2">{exportText.note}</p>
        </div>
        <span className="flex-1" />
        <Button kind="primary" icon={Plus} onClick={() => setNew(true)}>
          {exportText.create}
        </Button>
      </header>
      <ListCard
        label={exportText.title}
        columns={columns}
        rows={exports.data}
        cause={exports.error}
        readAt={exports.dataUpdatedAt}
        retry={() => void exports.refetch()}
        rowKey={({ id }) => id}
        empty={<Empty icon={Package} title={exportText.empty} />}
      />
      <p className="flex-none text-11 text-fg-3">{exportText.disclaimer}</p>
      <NewExportDialog
        projectId={projectId}
        imageCount={project?.counts.images ?? 0}
        open={isNew}
        onOpenChange={setNew}
      />
      <ExportDetails run={looked} onClose={() => setLooked(null)} />
    </>
  )
}
