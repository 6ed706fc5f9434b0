import type { Job } from '../../api/jobs'

/** Where the result of a job can be seen, or null. */
export function resultAddress(job: Job): string | null {
  if (job.state !== 'succeeded' || job.project_id === null) return null
  const project = `/projects/${job.project_id}`
  const text = (name: string): string | null => {
    const value = job.result?.[name]
    return typeof value === 'string' ? value : null
  }
  const uploadId = text('upload_id')
  if (uploadId !== null) return `${project}/import/${uploadId}`
  if (text('export_id') !== null) return `${project}/exports`
  const imageId = text('image_id')
  return imageId === null ? null : `/annotate/${imageId}`
}
