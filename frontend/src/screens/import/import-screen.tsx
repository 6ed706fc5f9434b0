import { Download, Play } from 'lucide-react'
import { useCallback, useRef, useState } from 'react'
import { confirmItems, discardItems, reportUrl, type UploadItem } from '../../api/uploads'
import { Empty } from '../../panels/bits'
import { Button } from '../../panels/button'
import { Segmented } from '../../panels/field'
import { ProblemNote, sentenceOf } from '../../panels/problem-note'
import { Link, navigate, useQueryValue } from '../../panels/router'
import { say } from '../../panels/toast'
import { useWindowWidth } from '../../panels/window-width'
import { importText } from '../../strings'
import type { ScreenProps } from '../routes'
import { DropZone } from './drop-zone'
import { HeldDialog } from './held-dialog'
import { filterRows, importRows, needsYou, type RowFilter } from './import-rows'
import { ImportSide } from './import-side'
import { ImportTable } from './import-table'
import { TotalsCard } from './totals-card'
import type { LocalFile } from './upload-queue'
import { startUpload } from './upload-sessions'
import { type UploadView, useUpload } from './use-upload'

export function ImportScreen({ projectId, uploadId }: ScreenProps) {
  async function send(files: readonly LocalFile[]): Promise<void> {
    try {
      navigate(`/projects/${projectId}/import/${await startUpload(projectId, files)}`)
    } catch (cause) {
      say(sentenceOf(cause), 'bad')
    }
  }
  const zone = <DropZone onFiles={(files) => void send(files)} />
  return uploadId === null ? (
    <Layout projectId={projectId} uploadId={null} heading={<h1>{importText.title}</h1>}>
      {zone}
    </Layout>
  ) : (
    <UploadPage key={uploadId} projectId={projectId} uploadId={uploadId} zone={zone} />
  )
}

interface LayoutProps {
  projectId: string
  uploadId: string | null
  heading: React.ReactNode
  children: React.ReactNode
}

/** Narrower windows give the room to the table; without an upload the side is there. */
const SIDE_FROM_PX = 1440

function Layout({ projectId, uploadId, heading, children }: LayoutProps) {
  const width = useWindowWidth()
  return (
    <>
      <header className="row min-h-7 flex-none">{heading}</header>
      <div className="flex min-h-0 flex-1 gap-3.5">
        <div className="col min-h-0 min-w-0 flex-1 gap-3.5">{children}</div>
        {(uploadId === null || width >= SIDE_FROM_PX) && <ImportSide projectId={projectId} uploadId={uploadId} />}
      </div>
    </>
  )
}

function UploadPage({ projectId, uploadId, zone }: { projectId: string; uploadId: string; zone: React.ReactNode }) {
  const view = useUpload(uploadId)
  const { upload } = view
  const good = upload === null ? 0 : upload.totals.accepted + upload.totals.noted + upload.totals.attached
  const heading = (
    <>
      <h1>{importText.title}</h1>
      {upload !== null && <span className="text-fg-3">{importText.started(upload.created_at)}</span>}
      <span className="flex-1" />
      {view.items.length > 0 && (
        <a className="btn" href={reportUrl(uploadId)} download>
          <Download size={14} aria-hidden />
          {importText.report}
        </a>
      )}
      {good > 0 && (
        <Link className="btn primary" to={`/projects/${projectId}/queue`}>
          <Play size={14} aria-hidden />
          {importText.openQueue}
        </Link>
      )}
    </>
  )
  return (
    <Layout projectId={projectId} uploadId={uploadId} heading={heading}>
      {zone}
      {upload === null ? (
        view.cause !== null && <ProblemNote cause={view.cause} onRetry={view.retry} />
      ) : (
        <>
          <TotalsCard upload={upload} queue={view.queue} local={view.local} job={view.job} />
          <ItemsCard view={view} />
        </>
      )}
    </Layout>
  )
}

function asFilter(value: string): RowFilter {
  return value === 'needsYou' || value === 'refused' ? value : 'all'
}

function ItemsCard({ view }: { view: UploadView }) {
  const [filterText, setFilterText] = useQueryValue('show')
  const [looked, setLooked] = useState<UploadItem | null>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const filter = asFilter(filterText)
  const rows = importRows(view.items, view.local)
  const held = view.items.filter(needsYou)
  const shown = filterRows(rows, filter)
  const uploadId = view.upload?.id ?? ''
  const { refresh } = view

  const decide = useCallback(
    async (decision: 'confirm' | 'discard', items: readonly UploadItem[]): Promise<void> => {
      const ids = items.map(({ id }) => id)
      try {
        if (decision === 'confirm') await confirmItems(uploadId, ids)
        else await discardItems(uploadId, ids)
        say(decision === 'confirm' ? importText.confirmSaid : importText.discardSaid)
      } catch (cause) {
        say(sentenceOf(cause), 'bad')
      }
      refresh()
    },
    [uploadId, refresh],
  )

  return (
    <section className="card min-h-[200px] flex-1" aria-label={importText.tableTitle}>
      <header>
        <h2>{importText.tableTitle}</h2>
        <span className="ml-auto">
          <Segmented
            label={importText.filter}
            value={filter}
            onChange={(value) => setFilterText(value === 'all' ? '' : value)}
            options={[
              { value: 'all', text: importText.filterAll },
              { value: 'needsYou', text: importText.filterNeedsYou(held.length) },
              { value: 'refused', text: importText.filterRefused(filterRows(rows, 'refused').length) },
            ]}
          />
        </span>
      </header>
      {held.length > 0 && <HeldBar held={held} onDecide={decide} />}
      <div className="flex-1 overflow-auto" ref={scroller}>
        {shown.length === 0 ? (
          <Empty title={rows.length === 0 ? importText.noItems : importText.noneFits} />
        ) : (
          <ImportTable rows={shown} scroller={scroller} onLook={setLooked} />
        )}
      </div>
      <HeldDialog item={looked} onClose={() => setLooked(null)} onDecide={decide} />
    </section>
  )
}

interface HeldBarProps {
  held: readonly UploadItem[]
  onDecide: (decision: 'confirm' | 'discard', items: readonly UploadItem[]) => Promise<void>
}

/** All held rows at once. */
function HeldBar({ held, onDecide }: HeldBarProps) {
  return (
    <div className="row border-y border-line-1 bg-warn-soft px-3.5 py-1.5 text-warn">
      {importText.heldBar(held.length)}
      <span className="row ml-auto gap-1.5">
        <Button size="sm" kind="ghost" className="danger" onClick={() => void onDecide('discard', held)}>
          {importText.discardAll(held.length)}
        </Button>
        <Button size="sm" onClick={() => void onDecide('confirm', held)}>
          {importText.confirmAll(held.length)}
        </Button>
      </span>
    </div>
  )
}
