import { queryOptions } from '@tanstack/react-query'
import { type Page, request } from './http'

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'

export interface JobProgress {
  fraction: number
  step: string
}

export interface JobProblem {
  code: string
  title: string
  detail?: string
}

export interface Job {
  id: string
  kind: string
  queue: string
  state: JobState
  attempt: number
  progress: JobProgress | null
  result: Record<string, unknown> | null
  problem: JobProblem | null
  /** Place in its queue while it waits. */
  position: number | null
  project_id: string | null
  created_at: string
  started_at: string | null
  ended_at: string | null
}

export function hasEnded(job: Pick<Job, 'state'>): boolean {
  return job.state === 'succeeded' || job.state === 'failed' || job.state === 'cancelled'
}

export function readJob(jobId: string, signal?: AbortSignal): Promise<Job> {
  return request<Job>(`/jobs/${jobId}`, signal ? { signal } : {})
}

export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: async ({ signal }) => (await request<Page<Job>>('/jobs', { query: { limit: 50 }, signal })).items,
  refetchInterval: (query) => (query.state.data?.some((job) => !hasEnded(job)) === true ? 2000 : 15_000),
})

export function cancelJob(jobId: string): Promise<unknown> {
  return request<unknown>(`/jobs/${jobId}/cancel`, { method: 'POST' })
}

export function retryJob(jobId: string): Promise<unknown> {
  return request<unknown>(`/jobs/${jobId}/retry`, { method: 'POST' })
}
