import { lazy, Suspense, useCallback, useEffect, useState } from 'react'
import { readSession, type Session } from '../api/session'
import { ProblemNote } from '../panels/problem-note'
import { CrashGuard } from './crash-guard'
import { SignInScreen } from './sign-in/sign-in-screen'
import type { UnsentStrokes } from './sign-in/unsent-notice'

// What stands before sign-in is the first load: everything else comes after it.
const loadSignedIn = () => import('./signed-in')
const SignedIn = lazy(() => loadSignedIn().then((module) => ({ default: module.SignedIn })))

/** Loaded by itself: the sign-in page does not carry the journal's code in its first bytes. */
async function readUnsent(): Promise<readonly UnsentStrokes[]> {
  const { unsentByUser } = await import('./sign-in/unsent')
  return unsentByUser()
}

type Access =
  | { kind: 'asking' }
  | { kind: 'failed'; cause: unknown }
  | { kind: 'nobody' }
  | { kind: 'somebody'; session: Session }

export function App() {
  return (
    <CrashGuard>
      <Gate />
    </CrashGuard>
  )
}

function Gate() {
  const [access, setAccess] = useState<Access>({ kind: 'asking' })
  const ask = useCallback(async (): Promise<void> => {
    setAccess({ kind: 'asking' })
    try {
      const session = await readSession()
      setAccess(session === null ? { kind: 'nobody' } : { kind: 'somebody', session })
    } catch (cause) {
      setAccess({ kind: 'failed', cause })
    }
  }, [])
  useEffect(() => void ask(), [ask])
  switch (access.kind) {
    case 'asking':
      return null
    case 'failed':
      return <ProblemNote cause={access.cause} onRetry={() => void ask()} />
    case 'nobody':
      return <SignInScreen readUnsent={readUnsent} onSignedIn={(session) => setAccess({ kind: 'somebody', session })} />
    case 'somebody':
      return (
        <Suspense fallback={null}>
          <SignedIn session={access.session} />
        </Suspense>
      )
  }
}
