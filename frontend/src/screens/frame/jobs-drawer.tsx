import { useQuery, useQueryClient } from '@tanstack/react-query'
import { CircleCheck, CircleSlash, CircleX, Clock, LoaderCircle } from 'lucide-react'
import { useState } from 'react'
import { cancelJob, hasEnded, type Job, type JobState, jobsQuery, retryJob } from '../../api/jobs'
import { Empty, ProgressBar } from '../../panels/bits'
import { Button } from '../../panels/button'
import { SkeletonRows } from '../../panels/data-table'
import { Dialog } from '../../panels/dialog'
import { ProblemNote, sentenceOf } from '../../panels/problem-note'
import { Link } from '../../panels/router'
import { say } from '../../panels/toast'
import { commonText, formatAge, formatDuration, formatPercent, jobKindText, jobText } from '../../strings'
import { resultAddress } from './job-result'

export function JobsDrawer({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const jobs = useQuery(jobsQuery)
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={jobText.title} shape="drawer">
      <div className="flex-1 overflow-auto" aria-live="polite">
        {jobs.isPending && <SkeletonRows count={4} rowHeight={60} label={commonText.loading} />}
        {jobs.isError && <ProblemNote cause={jobs.error} onRetry={() => void jobs.refetch()} />}
        {jobs.data?.length === 0 && <Empty title={jobText.empty} />}
        <ul>
          {jobs.data?.map((job) => (
            <JobRow key={job.id} job={job} onLeave={() => onOpenChange(false)} />
          ))}
        </ul>
      </div>
    </Dialog>
  )
}

const LOOKS = {
  queued: { icon: Clock, tone: 'text-fg-3' },
  running: { icon: LoaderCircle, tone: 'text-accent' },
  succeeded: { icon: CircleCheck, tone: 'text-ok' },
  failed: { icon: CircleX, tone: 'text-bad' },
  cancelled: { icon: CircleSlash, tone: 'text-fg-3' },
} as const satisfies Record<JobState, unknown>

function stateText(job: Job): string {
  switch (job.state) {
    case 'queued':
      return jobText.queued(job.position)
    case 'running':
      return job.progress === null ? jobText.running : `${job.progress.step} · ${formatPercent(job.progress.fraction)}`
    case 'succeeded':
      return job.started_at !== null && job.ended_at !== null
        ? `${jobText.succeeded}, ${jobText.took(formatDuration((Date.parse(job.ended_at) - Date.parse(job.started_at)) / 1000))}`
        : jobText.succeeded
    case 'failed':
      return job.problem?.detail ?? job.problem?.title ?? jobText.failed
    case 'cancelled':
      return jobText.cancelled
  }
}

function JobRow({ job, onLeave }: { job: Job; onLeave: () => void }) {
  const { icon: Icon, tone } = LOOKS[job.state]
  const address = resultAddress(job)
  return (
    <li className="col gap-1.5 border-b border-line-1 px-4 py-3">
      <div className="row">
        <Icon size={14} className={`${tone} ${job.state === 'running' ? 'spin' : ''}`} aria-hidden />
        <span className="font-medium">{jobKindText(job.kind)}</span>
        {job.attempt > 1 && <span className="chip">{jobText.attempt(job.attempt)}</span>}
        <span className="ml-auto text-11 text-fg-3">{formatAge(job.created_at, Date.now())}</span>
      </div>
      <p className={job.state === 'failed' ? 'text-bad' : 'text-fg-2'}>{stateText(job)}</p>
      {job.state === 'running' && job.progress !== null && (
        <ProgressBar fraction={job.progress.fraction} label={job.progress.step} />
      )}
      <div className="row empty:hidden">
        {!hasEnded(job) && <JobAction text={jobText.cancel} done={jobText.cancelSaid} act={() => cancelJob(job.id)} />}
        {(job.state === 'failed' || job.state === 'cancelled') && (
          <JobAction text={jobText.retry} done={jobText.retrySaid} act={() => retryJob(job.id)} />
        )}
        {address !== null && (
          <Link to={address} className="btn sm" onClick={onLeave}>
            {jobText.open}
          </Link>
        )}
      </div>
    </li>
  )
}

function JobAction({ text, done, act }: { text: string; done: string; act: () => Promise<unknown> }) {
  const client = useQueryClient()
  const [isBusy, setBusy] = useState(false)

  async function run(): Promise<void> {
    setBusy(true)
    try {
      await act()
      say(done)
      await client.invalidateQueries({ queryKey: jobsQuery.queryKey })
    } catch (cause) {
      say(sentenceOf(cause), 'bad')
    } finally {
      setBusy(false)
    }
  }

  return (
    <Button size="sm" busy={isBusy} onClick={() => void run()}>
      {text}
    </Button>
  )
}
