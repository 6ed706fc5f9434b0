import { request } from './http'
import type { Schema } from './schema'

export type About = Schema['About']

export function readAbout(signal?: AbortSignal): Promise<About> {
  return request<About>('/about', signal ? { signal } : {})
}
