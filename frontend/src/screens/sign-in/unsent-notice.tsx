import { ShieldCheck } from 'lucide-react'
import { useEffect, useState } from 'react'
import { signInText } from '../../strings'
import { lastUser } from './last-user'

export interface UnsentStrokes {
  userId: string
  strokes: number
}

/** Strokes that wait in this browser for their author to sign in again. */
export function UnsentNotice({ read }: { read: () => Promise<readonly UnsentStrokes[]> }) {
  const [unsent, setUnsent] = useState<readonly UnsentStrokes[]>([])
  useEffect(() => {
    let isGone = false
    read().then(
      (found) => {
        if (!isGone) setUnsent(found)
      },
      () => undefined, // No journal in this browser: then there is nothing to tell.
    )
    return () => {
      isGone = true
    }
  }, [read])
  const known = lastUser()
  return unsent.map(({ userId, strokes }) => (
    <div key={userId} className="note mt-5">
      <ShieldCheck size={14} className="mt-0.5 text-ok" aria-hidden />
      <p>
        <span className="font-medium text-fg-1">{signInText.unsentLead(strokes)}</span>{' '}
        {known?.id === userId ? signInText.unsentRest(strokes, known.login) : signInText.unsentRestUnnamed(strokes)}
      </p>
    </div>
  ))
}
