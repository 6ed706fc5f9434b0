import { queryOptions } from '@tanstack/react-query'
import { request } from './http'

export interface About {
  name: string
  version: string
  insecure_http: boolean
  healthy: boolean
  organisation: string | null
}

export const aboutQuery = queryOptions({
  queryKey: ['about'],
  queryFn: ({ signal }) => request<About>('/about', { signal }),
  staleTime: 60_000,
})
