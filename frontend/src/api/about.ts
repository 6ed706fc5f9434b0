import { request } from './http'

export interface About {
  name: string
  version: string
  insecure_http: boolean
  healthy: boolean
  organisation: string | null
}

export function readAbout(signal?: AbortSignal): Promise<About> {
  return request<About>('/about', signal ? { signal } : {})
}
