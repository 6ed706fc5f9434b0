import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type RenderResult, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { vi } from 'vitest'
import type { User } from '../../api/session'
import { Toasts } from '../../panels/toast'
import { SessionContext } from '../session-context'

export const ADMIN: User = { id: 'u1', login: 'mira@example.org', name: 'Mira Kovač', role: 'admin' }
export const MEMBER: User = { ...ADMIN, role: 'member' }

/** What the made-up server answers: a body, a [status, body] pair, 'never' for no end, or a function of the request. */
export type Answer = unknown
export type Routes = Readonly<Record<string, Answer>>

function respond(status: number, body: unknown): Response {
  const type = status >= 400 ? 'application/problem+json' : 'application/json'
  return new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { 'Content-Type': type } })
}

/** Answers requests by "METHOD /path" without the query; everything else is a 404. Returns the fetch mock. */
export function serve(routes: Routes) {
  const fetched = vi.fn<typeof fetch>(async (input, init) => {
    const path = String(input).replace('/api/v1', '').replace(/\?.*$/, '')
    const answer = routes[`${init?.method ?? 'GET'} ${path}`]
    if (answer === 'never') return new Promise<Response>(() => undefined)
    if (answer instanceof Error) throw answer
    if (Array.isArray(answer) && typeof answer[0] === 'number') return respond(answer[0], answer[1])
    if (answer === undefined) return respond(404, { code: 'not-found', title: 'There is nothing here' })
    return respond(200, answer)
  })
  vi.stubGlobal('fetch', fetched)
  return fetched
}

export function page(items: readonly unknown[]): unknown {
  return { items, next_cursor: null }
}

export function renderScreen(screen: ReactNode, user: User = ADMIN): RenderResult {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, networkMode: 'always' } } })
  return render(
    <QueryClientProvider client={client}>
      <SessionContext value={{ user, renewals: 0 }}>
        {screen}
        <Toasts />
      </SessionContext>
    </QueryClientProvider>,
  )
}
