import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { createStore, useStore } from 'zustand'
import { commonText } from '../strings'
import { IconButton } from './button'

interface Toast {
  id: number
  text: string
  tone: 'ok' | 'bad'
}

const LASTS_MS = { ok: 4000, bad: 9000 } as const
const store = createStore<{ toasts: readonly Toast[] }>(() => ({ toasts: [] }))
let nextId = 1

function remove(id: number): void {
  store.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }))
}

/** Says what happened, in a sentence that goes by itself. */
export function say(text: string, tone: 'ok' | 'bad' = 'ok'): void {
  const id = nextId
  nextId += 1
  store.setState(({ toasts }) => ({ toasts: [...toasts.slice(-2), { id, text, tone }] }))
  setTimeout(() => remove(id), LASTS_MS[tone])
}

export function Toasts() {
  const toasts = useStore(store, (state) => state.toasts)
  return (
    <section className="toasts" aria-live="polite" aria-label="Notices">
      {toasts.map(({ id, text, tone }) => (
        <div key={id} className="toast">
          {tone === 'ok' ? (
            <CircleCheck size={14} className="text-ok" aria-hidden />
          ) : (
            <CircleAlert size={14} className="text-bad" aria-hidden />
          )}
          <span>{text}</span>
          <IconButton label={commonText.dismiss} icon={X} size="sm" onClick={() => remove(id)} />
        </div>
      ))}
    </section>
  )
}
