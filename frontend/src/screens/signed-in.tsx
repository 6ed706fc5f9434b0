import { QueryClientProvider } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { onSignedOut } from '../api/http'
import type { Session } from '../api/session'
import { matchPath, navigate, useAddress } from '../panels/router'
import { Toasts } from '../panels/toast'
import { TooltipRoom } from '../panels/tooltip'
import { AppFrame } from './frame/app-frame'
import { lastProject } from './last-project'
import { NotFound } from './not-found'
import { makeQueryClient } from './query-client'
import { SCREENS } from './routes'
import { SessionContext } from './session-context'
import { SignInAgain } from './sign-in/sign-in-again'

const AnnotateScreen = lazy(() =>
  import('./annotate/annotate-screen').then((module) => ({ default: module.AnnotateScreen })),
)

export function SignedIn({ session }: { session: Session }) {
  const [hasEnded, setEnded] = useState(false)
  const [renewals, setRenewals] = useState(0)
  useEffect(() => onSignedOut(() => setEnded(true)), [])
  const [client] = useState(makeQueryClient)
  const state = useMemo(() => ({ user: session.user, renewals }), [session.user, renewals])
  return (
    <QueryClientProvider client={client}>
      <SessionContext value={state}>
        <TooltipRoom>
          <CurrentScreen />
          <Toasts />
          <SignInAgain
            user={session.user}
            open={hasEnded}
            onSignedIn={() => {
              setEnded(false)
              setRenewals((count) => count + 1)
            }}
          />
        </TooltipRoom>
      </SessionContext>
    </QueryClientProvider>
  )
}

function CurrentScreen() {
  const { path } = useAddress()
  if (path === '/' || path === '/sign-in') return <Start />
  const annotate = matchPath('/annotate/:imageId', path)
  if (annotate !== null) {
    return (
      <Suspense fallback={null}>
        <AnnotateScreen key={annotate.imageId} imageId={annotate.imageId ?? ''} />
      </Suspense>
    )
  }
  for (const screen of SCREENS) {
    const values = matchPath(screen.pattern, path)
    if (values === null) continue
    const { Screen } = screen
    return (
      <AppFrame screen={screen.id} projectId={values.projectId ?? lastProject()}>
        <Screen key={values.projectId ?? ''} projectId={values.projectId ?? ''} uploadId={values.uploadId ?? null} />
      </AppFrame>
    )
  }
  return (
    <AppFrame screen={null} projectId={lastProject()}>
      <NotFound />
    </AppFrame>
  )
}

/** The address without a path: on to the tasks of the last project, or to the list of projects. */
function Start() {
  useEffect(() => {
    const projectId = lastProject()
    navigate(projectId === null ? '/projects' : `/projects/${projectId}/tasks`, { replace: true })
  }, [])
  return null
}
