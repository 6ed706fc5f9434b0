import { Play } from 'lucide-react'
import { useMemo, useRef } from 'react'
import { Button } from '../../panels/button'
import { useCommands } from '../../panels/commands'
import { keysOf } from '../../panels/key-table'
import { paletteText, taskText } from '../../strings'
import type { StartNext } from './use-start-next'

export function StartNextButton({ next }: { next: StartNext }) {
  return (
    <Button
      kind="primary"
      icon={Play}
      className="ml-auto !h-8"
      keys={keysOf('tasks.startNext') ?? []}
      busy={next.isBusy}
      onClick={next.start}
    >
      {taskText.startNext}
    </Button>
  )
}

export function useStartCommand(start: () => void): void {
  const latest = useRef(start)
  latest.current = start
  const commands = useMemo(
    () => [
      {
        id: 'tasks.startNext',
        title: taskText.startNext,
        group: paletteText.actions,
        icon: Play,
        keys: keysOf('tasks.startNext') ?? [],
        run: () => latest.current(),
      },
    ],
    [],
  )
  useCommands('tasks', commands)
}
