import { readWorkItems } from '../../api/worklist'
import { sentenceOf } from '../../panels/problem-note'
import { navigate } from '../../panels/router'
import { say } from '../../panels/toast'
import { annotateText } from '../../strings'
import { taskAddress } from '../tasks/work-item-columns'
import type { Workspace } from './workspace-context'

/** Opens the neighbour of this task among one's own. */
export async function goToTask({ project, task, image }: Workspace, by: 1 | -1): Promise<void> {
  try {
    const { items } = await readWorkItems(project.id, { mine: true }, null, new AbortController().signal)
    const open = items.filter(({ state }) => state !== 'submitted' && state !== 'skipped')
    const at = open.findIndex((item) => item.id === task?.id || item.image.id === image.id)
    const next = open[at < 0 ? 0 : at + by]
    if (next === undefined) say(annotateText.noMoreTasks)
    else navigate(taskAddress(next))
  } catch (cause) {
    say(sentenceOf(cause), 'bad')
  }
}
