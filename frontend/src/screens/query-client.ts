import { QueryClient } from '@tanstack/react-query'
import { ApiProblem, NoAnswer } from '../api/http'

function mayRetry(failures: number, cause: unknown): boolean {
  if (failures >= 3) return false
  return cause instanceof NoAnswer || (cause instanceof ApiProblem && (cause.status === 429 || cause.status >= 502))
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // `always`: a query against our own server is not stopped by the browser's guess about the network.
      queries: { networkMode: 'always', retry: mayRetry, staleTime: 5000 },
      mutations: { networkMode: 'always', retry: false },
    },
  })
}
