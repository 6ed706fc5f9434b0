import { queryOptions } from '@tanstack/react-query'
import { request, requestAll } from './http'

export interface Token {
  id: string
  name: string
  scopes: string[]
  created_at: string
  expires_at: string | null
  last_used_at: string | null
}

/** The answer to the creation carries the secret, once. */
export interface NewToken extends Token {
  token: string
}

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
