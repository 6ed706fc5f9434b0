import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { createStore, useStore } from 'zustand'
import { hasEnded, type Job } from '../../api/jobs'
import { type Upload, type UploadItem, uploadItemsQuery, uploadQuery } from '../../api/uploads'
import { watchJob } from '../../api/watch-job'
import { useSession } from '../session-context'
import type { QueueState, UploadQueue } from './upload-queue'
import { uploadSessions } from './upload-sessions'

const NO_QUEUE = createStore<QueueState>(() => ({ files: [], run: 'done', bytes: 0, bytesSent: 0, bytesPerS: null }))

export interface UploadView {
  upload: Upload | null
  items: readonly UploadItem[]
  queue: UploadQueue | null
  local: QueueState | null
  job: Job | null
  cause: unknown
  retry: () => void
  refresh: () => void
}

/** An upload with everything that moves: our sending, its job by events and polling, and its rows. */
export function useUpload(uploadId: string): UploadView {
  const client = useQueryClient()
  const { renewals } = useSession()
  const queue = useStore(uploadSessions, (state) => state.queues.get(uploadId) ?? null)
  const local = useStore(queue?.state ?? NO_QUEUE)
  const isSending = queue !== null && (local.run === 'sending' || local.run === 'paused')
  const upload = useQuery({
    ...uploadQuery(uploadId),
    refetchInterval: (query) =>
      isSending || query.state.data?.state === 'importing' || local.run === 'done' ? pace(query.state.data) : false,
  })
  const isLive = upload.data?.state === 'importing'
  const items = useQuery(uploadItemsQuery(uploadId, isLive))
  const job = useJob(upload.data?.job_id ?? null, () => {
    void client.invalidateQueries({ queryKey: ['uploads', uploadId] })
    if (upload.data !== undefined) void client.invalidateQueries({ queryKey: ['projects', upload.data.project_id] })
  })
  useEffect(() => {
    if (renewals > 0) queue?.retryNow()
  }, [queue, renewals])
  useEffect(() => {
    const retry = (): void => queue?.retryNow()
    window.addEventListener('online', retry)
    return () => window.removeEventListener('online', retry)
  }, [queue])
  return {
    upload: upload.data ?? null,
    items: items.data ?? [],
    queue,
    local: queue === null ? null : local,
    job,
    cause: upload.error ?? items.error,
    retry: () => void upload.refetch(),
    refresh: () => void client.invalidateQueries({ queryKey: ['uploads', uploadId] }),
  }
}

function pace(upload: Upload | undefined): number | false {
  return upload?.state === 'done' || upload?.state === 'failed' ? false : 1500
}

/** The job of the upload, followed until its end; `onEnd` is called once per job. */
function useJob(jobId: string | null, onEnd: () => void): Job | null {
  const [job, setJob] = useState<Job | null>(null)
  const end = useRef(onEnd)
  end.current = onEnd
  useEffect(() => {
    if (jobId === null) return
    return watchJob(
      jobId,
      (next) => {
        setJob(next)
        if (hasEnded(next)) end.current()
      },
      () => undefined, // the poll goes on; the upload's own query says that the server does not answer
    )
  }, [jobId])
  return job?.id === jobId ? job : null
}
