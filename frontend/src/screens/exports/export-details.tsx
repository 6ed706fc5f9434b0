import { Download } from 'lucide-react'
import { type ExportItem, type ExportRun, exportFileUrl } from '../../api/exports'
import { Chip } from '../../panels/bits'
import { Dialog } from '../../panels/dialog'
import { exportText, formatBytes, formatMoment } from '../../strings'

/** The manifest of a finished export: each file with its receipt, and what was left out with the reason. */
export function ExportDetails({ run, onClose }: { run: ExportRun | null; onClose: () => void }) {
  const manifest = run?.manifest ?? null
  return (
    <Dialog
      open={run !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      title={run === null ? '' : `${exportText.formats[run.format]}, ${formatMoment(run.created_at)}`}
      description={exportText.receiptNote}
      shape="drawer"
      className="!w-[min(560px,100vw)]"
    >
      {run !== null && manifest !== null && (
        <div className="col flex-1 gap-4 overflow-auto px-4 pb-4">
          <a className="btn self-start" href={exportFileUrl(run.id, 'manifest.json')} download>
            <Download size={14} aria-hidden />
            {exportText.manifest}
          </a>
          <section className="col gap-2" aria-label={exportText.files}>
            <h3 className="cap">{exportText.files}</h3>
            {manifest.items.map((item) => (
              <FileReceipt key={item.file} exportId={run.id} item={item} />
            ))}
          </section>
          {manifest.failed.length > 0 && (
            <section className="col gap-1.5" aria-label={exportText.failed}>
              <h3 className="cap">{exportText.failed}</h3>
              {manifest.failed.map(({ image, segmentation, code, reason }) => (
                <p key={`${image} ${segmentation}`} className="note">
                  <span className="flex-1">{reason}</span>
                  <span className="mono text-fg-3">{code}</span>
                </p>
              ))}
            </section>
          )}
        </div>
      )}
    </Dialog>
  )
}

function FileReceipt({ exportId, item }: { exportId: string; item: ExportItem }) {
  const different = item.receipt?.voxels_different
  return (
    <article className="rounded-2 border border-line-1 bg-bg-2 p-3" aria-label={item.file}>
      <div className="row">
        <a href={exportFileUrl(exportId, item.file)} download className="truncate font-medium hover:text-accent">
          {item.file}
        </a>
        <span className="text-fg-3">{formatBytes(item.size)}</span>
        {typeof different === 'number' && (
          <Chip tone={different === 0 ? 'ok' : 'bad'} className="ml-auto">
            {exportText.differences(different)}
          </Chip>
        )}
      </div>
      {item.receipt === null ? (
        <p className="text-fg-3">{exportText.noReceipt}</p>
      ) : (
        <dl
          className="mono mt-2 grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 text-11 text-fg-2"
          aria-label={exportText.receipt}
        >
          {Object.entries(item.receipt).map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-fg-3">{name.replaceAll('_', ' ')}</dt>
              <dd className="break-words">{receiptText(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </article>
  )
}

function receiptText(value: unknown): string {
  if (typeof value === 'number')
    return Number.isInteger(value) ? value.toLocaleString('en-US') : String(Number(value.toFixed(4)))
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value) && value.every((part) => typeof part === 'number' || typeof part === 'string')) {
    return value.map(receiptText).join(' ')
  }
  return value === null ? '–' : JSON.stringify(value)
}
