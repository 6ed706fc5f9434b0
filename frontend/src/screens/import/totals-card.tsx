import { Pause, Play } from 'lucide-react'
import type { Job } from '../../api/jobs'
import type { Upload } from '../../api/uploads'
import { Button } from '../../panels/button'
import { formatPercent, importText } from '../../strings'
import type { QueueState, UploadQueue } from './upload-queue'

export interface TotalsCardProps {
  upload: Upload
  queue: UploadQueue | null
  local: QueueState | null
  job: Job | null
}

interface Part {
  tone: string
  text: string
  share: number
}

/** What came of the files so far, and what is still to come; the shares add up to the whole. */
function partsOf(upload: Upload, local: QueueState | null): Part[] {
  const { totals } = upload
  const withNote = totals.noted + totals.held
  const good = totals.accepted + totals.attached
  const ended = good + withNote + totals.refused + totals.duplicate
  // A zip is one file that was sent and many that were read.
  const all = Math.max(1, totals.files, local?.files.length ?? 0, ended)
  const toCome = all - ended
  const parts = [
    { tone: 'var(--ok)', count: good, text: importText.accepted(good) },
    { tone: 'var(--fg-3)', count: totals.duplicate, text: importText.duplicate(totals.duplicate) },
    { tone: 'var(--warn)', count: withNote, text: importText.withNote(withNote) },
    { tone: 'var(--bad)', count: totals.refused, text: importText.refused(totals.refused) },
    { tone: 'var(--accent)', count: upload.state === 'done' ? 0 : toCome, text: importText.toCome(toCome) },
  ]
  return parts.filter(({ count }) => count > 0).map(({ tone, count, text }) => ({ tone, text, share: count / all }))
}

function headline(upload: Upload, local: QueueState | null): { lead: string; rest: string } {
  if (local !== null && local.run !== 'done' && local.run !== 'stopped') {
    const sent = local.files.filter(({ state }) => state.kind === 'sent').length
    const rest = [importText.bytesOf(local.bytesSent, local.bytes)]
    if (local.run === 'paused') rest.push(importText.paused)
    else if (local.bytesPerS !== null && local.bytesPerS > 0) {
      rest.push(importText.rate(local.bytesPerS), importText.left((local.bytes - local.bytesSent) / local.bytesPerS))
    }
    return { lead: importText.filesOf(sent, local.files.length), rest: rest.join(' · ') }
  }
  const lead = {
    open: importText.open,
    importing: importText.reading,
    done: importText.done,
    failed: importText.failed,
  }[upload.state]
  return { lead, rest: importText.size(upload.totals.files, upload.totals.bytes) }
}

function jobLine(job: Job | null): string | null {
  if (job === null) return null
  if (job.state === 'queued') return importText.readingWaits
  if (job.state === 'failed') return job.problem?.detail ?? job.problem?.title ?? importText.failed
  if (job.state !== 'running' || job.progress === null) return null
  return `${job.progress.step} · ${formatPercent(job.progress.fraction)}`
}

export function TotalsCard({ upload, queue, local, job }: TotalsCardProps) {
  const parts = partsOf(upload, local)
  const { lead, rest } = headline(upload, local)
  const line = jobLine(job)
  const isSending = local?.run === 'sending' || local?.run === 'paused'
  const sentShare = local !== null && isSending && local.bytes > 0 ? local.bytesSent / local.bytes : null
  return (
    <section className="card flex-none p-3.5" aria-label={importText.title}>
      <div className="row min-h-6">
        <b role="status">{lead}</b>
        <span className="text-fg-2">{rest}</span>
        {line !== null && <span className={job?.state === 'failed' ? 'text-bad' : 'text-fg-2'}>· {line}</span>}
        {queue !== null && isSending && <SendingButtons queue={queue} isPaused={local?.run === 'paused'} />}
      </div>
      <div className="bar mt-2.5 !h-2 gap-px" aria-hidden>
        {sentShare === null ? (
          parts.map(({ tone, text, share }) => <i key={text} style={{ width: `${share * 100}%`, background: tone }} />)
        ) : (
          <i style={{ width: `${sentShare * 100}%` }} />
        )}
      </div>
      <ul className="row mt-[9px] flex-wrap gap-x-4 gap-y-1 text-fg-2">
        {parts.map(({ tone, text }) => (
          <li key={text} className="row gap-1.5">
            <span className="dot" style={{ background: tone }} />
            {text}
          </li>
        ))}
      </ul>
    </section>
  )
}

function SendingButtons({ queue, isPaused }: { queue: UploadQueue; isPaused: boolean }) {
  return (
    <span className="row ml-auto gap-1.5">
      {isPaused ? (
        <Button size="sm" icon={Play} onClick={() => queue.resume()}>
          {importText.resume}
        </Button>
      ) : (
        <Button size="sm" icon={Pause} onClick={() => queue.pause()}>
          {importText.pause}
        </Button>
      )}
      <Button size="sm" kind="ghost" className="danger" onClick={() => void queue.stop()}>
        {importText.stop}
      </Button>
    </span>
  )
}
