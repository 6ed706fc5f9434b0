import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { exportsQuery } from '../../api/exports'
import { hasEnded, type Job } from '../../api/jobs'
import { watchJob } from '../../api/watch-job'
import { ProgressBar } from '../../panels/bits'
import { exportText, formatPercent, jobText } from '../../strings'

/** A running export in its row, live. */
export function ExportProgress({ jobId, projectId }: { jobId: string; projectId: string }) {
  const client = useQueryClient()
  const [job, setJob] = useState<Job | null>(null)
  useEffect(
    () =>
      watchJob(
        jobId,
        (next) => {
          setJob(next)
          if (hasEnded(next)) void client.invalidateQueries({ queryKey: exportsQuery(projectId).queryKey })
        },
        () => undefined, // the poll goes on; the list says when the server does not answer
      ),
    [jobId, projectId, client],
  )
  if (job === null || job.state === 'queued')
    return <span className="text-fg-3">{jobText.queued(job?.position ?? null)}</span>
  const fraction = job.progress?.fraction ?? 0
  return (
    <div className="col max-w-60 gap-1" role="status">
      <span className="text-fg-2">
        {job.progress?.step ?? exportText.states.running} · {formatPercent(fraction)}
      </span>
      <ProgressBar fraction={fraction} label={exportText.states.running} />
    </div>
  )
}
