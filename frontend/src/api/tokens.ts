import { queryOptions } from '@tanstack/react-query'
import { request, requestAll } from './http'
import type { Schema } from './schema'

export type Token = Schema['TokenOut']

/** The answer to the creation carries the secret, once. */
export type NewToken = Schema['TokenMade']

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: ({ signal }) => requestAll<Token>('/tokens', { signal }),
})

export function createToken(token: { name: string; scopes: string[]; expires_at?: string }): Promise<NewToken> {
  return request<NewToken>('/tokens', { method: 'POST', json: token })
}

export function revokeToken(tokenId: string): Promise<void> {
  return request<void>(`/tokens/${tokenId}`, { method: 'DELETE' })
}
