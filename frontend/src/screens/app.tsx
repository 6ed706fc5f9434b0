import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { ApiProblem, NoAnswer } from '../api/http'
import { sessionQuery } from '../api/session'
import { ProblemNote } from '../panels/problem-note'
import { CrashGuard } from './crash-guard'
import { SignInScreen } from './sign-in/sign-in-screen'
import type { UnsentStrokes } from './sign-in/unsent-notice'

const SignedIn = lazy(() => import('./signed-in').then((module) => ({ default: module.SignedIn })))

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

/** Loaded by itself: the sign-in page does not carry the journal's code in its first bytes. */
async function readUnsent(): Promise<readonly UnsentStrokes[]> {
  const { unsentByUser } = await import('./sign-in/unsent')
  return unsentByUser()
}

export function App({ client }: { client: QueryClient }) {
  return (
    <QueryClientProvider client={client}>
      <CrashGuard>
        <Gate />
      </CrashGuard>
    </QueryClientProvider>
  )
}

function Gate() {
  const session = useQuery(sessionQuery)
  if (session.isPending) return null
  if (session.data === undefined) {
    return <ProblemNote cause={session.error} onRetry={() => void session.refetch()} />
  }
  if (session.data === null) return <SignInScreen readUnsent={readUnsent} />
  return (
    <Suspense fallback={null}>
      <SignedIn session={session.data} />
    </Suspense>
  )
}
