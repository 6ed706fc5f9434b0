import { CircleAlert, RotateCw } from 'lucide-react'
import { ApiProblem, NoAnswer } from '../api/http'
import { commonText } from '../strings'
import { Button } from './button'

export interface Explanation {
  title: string
  detail: string
  code: string | null
}

/** What went wrong, in the server's words where it gave some. */
export function explain(cause: unknown): Explanation {
  // A proxy's 502 and the like: nobody behind it has answered.
  if (cause instanceof ApiProblem && cause.status >= 502 && cause.code === `http-${cause.status}`) {
    return { title: commonText.noAnswer, detail: '', code: cause.code }
  }
  if (cause instanceof ApiProblem) return { title: cause.title, detail: cause.detail, code: cause.code }
  if (cause instanceof NoAnswer) return { title: commonText.noAnswer, detail: '', code: null }
  const detail = cause instanceof Error ? cause.message : String(cause)
  return { title: commonText.crashed, detail, code: null }
}

/** One line for a toast or a form. */
export function sentenceOf(cause: unknown): string {
  const { title, detail } = explain(cause)
  return detail !== '' ? detail : title
}

export function ProblemNote({ cause, onRetry }: { cause: unknown; onRetry?: () => void }) {
  const { title, detail, code } = explain(cause)
  return (
    <div role="alert" className="note m-3">
      <CircleAlert size={14} className="mt-0.5 text-bad" aria-hidden />
      <div className="flex-1">
        <p className="font-medium text-fg-1">{title}</p>
        {detail !== '' && <p>{detail}</p>}
        {code !== null && <p className="mono text-fg-3">{commonText.problemCode(code)}</p>}
      </div>
      {onRetry !== undefined && (
        <Button size="sm" icon={RotateCw} onClick={onRetry}>
          {commonText.tryAgain}
        </Button>
      )}
    </div>
  )
}
