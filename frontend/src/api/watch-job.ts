import { urlOf } from './http'
import { hasEnded, type Job, readJob } from './jobs'

const POLL_MS = 2000

interface ProgressEvent {
  fraction: number
  step: string
}

/**
 * Follows a job until it has ended. The event stream brings progress at once; a poll every two seconds is the truth, so that a
 * proxy that buffers streams costs smoothness and nothing else. Returns what stops watching.
 */
export function watchJob(jobId: string, onChange: (job: Job) => void, onError: (cause: unknown) => void): () => void {
  const stop = new AbortController()
  let latest: Job | null = null
  let timer: ReturnType<typeof setTimeout> | null = null
  const source = typeof EventSource === 'undefined' ? null : new EventSource(urlOf(`/jobs/${jobId}/events`))

  function close(): void {
    stop.abort()
    source?.close()
    if (timer !== null) clearTimeout(timer)
  }

  async function poll(): Promise<void> {
    if (timer !== null) clearTimeout(timer)
    timer = null
    try {
      const job = await readJob(jobId, stop.signal)
      if (stop.signal.aborted) return
      latest = job
      if (hasEnded(job)) close()
      onChange(job)
    } catch (cause) {
      if (stop.signal.aborted) return
      onError(cause)
    }
    if (!stop.signal.aborted && timer === null) timer = setTimeout(poll, POLL_MS)
  }

  source?.addEventListener('progress', (event) => {
    const progress = parseEvent<ProgressEvent>(event)
    if (progress === null || latest === null || stop.signal.aborted) return
    latest = { ...latest, state: 'running', progress }
    onChange(latest)
  })
  source?.addEventListener('state', () => void poll())
  void poll()
  return close
}

function parseEvent<T>(event: Event): T | null {
  if (!(event instanceof MessageEvent) || typeof event.data !== 'string') return null
  try {
    return JSON.parse(event.data) as T
  } catch {
    return null // A cut event: the next poll brings the same news.
  }
}

/** Resolves with the job once it has ended, whatever its end. */
export function finishedJob(jobId: string, onChange: (job: Job) => void, signal: AbortSignal): Promise<Job> {
  return new Promise((resolve, reject) => {
    const stop = watchJob(
      jobId,
      (job) => {
        onChange(job)
        if (hasEnded(job)) resolve(job)
      },
      () => undefined, // the poll goes on
    )
    signal.addEventListener('abort', () => {
      stop()
      reject(signal.reason)
    })
  })
}
