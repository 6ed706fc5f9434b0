import { queryOptions } from '@tanstack/react-query'
import { type Page, request } from './http'
import type { Schema, With } from './schema'

export type JobState = Schema['JobOut']['state']

export interface JobProblem {
  code: string
  title: string
  detail?: string
}

/** `position` is its place in the queue while it waits. */
export type Job = With<
  Schema['JobOut'],
  {
    progress: NonNullable<Schema['JobOut']['progress']> | null
    position: number | null
    result: Record<string, unknown> | null
    problem: JobProblem | null
  }
>

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
