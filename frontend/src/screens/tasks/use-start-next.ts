import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { startNext } from '../../api/worklist'
import { sentenceOf } from '../../panels/problem-note'
import { navigate } from '../../panels/router'
import { say } from '../../panels/toast'
import { taskText } from '../../strings'
import { taskAddress } from './work-item-columns'

export interface StartNext {
  isBusy: boolean
  start: () => void
}

/** Leases the top of the queue and opens it. */
export function useStartNext(projectId: string): StartNext {
  const client = useQueryClient()
  const [isBusy, setBusy] = useState(false)

  async function run(): Promise<void> {
    setBusy(true)
    try {
      const item = await startNext(projectId)
      if (item === null) {
        say(taskText.queueDone)
        await client.invalidateQueries({ queryKey: ['projects', projectId, 'work-items'] })
      } else navigate(taskAddress(item))
    } catch (cause) {
      say(sentenceOf(cause), 'bad')
    } finally {
      setBusy(false)
    }
  }

  return { isBusy, start: () => void (isBusy ? undefined : run()) }
}
