import { useState } from 'react'
import { sentenceOf } from './problem-note'
import { say } from './toast'

export interface Action {
  isBusy: boolean
  /** Runs `work` once at a time; a failure is said, and the promise tells whether it went well. */
  run: (work: () => Promise<unknown>) => Promise<boolean>
}

export function useAction(): Action {
  const [isBusy, setBusy] = useState(false)
  return {
    isBusy,
    run: async (work) => {
      if (isBusy) return false
      setBusy(true)
      try {
        await work()
        return true
      } catch (cause) {
        say(sentenceOf(cause), 'bad')
        return false
      } finally {
        setBusy(false)
      }
    },
  }
}
