import { submitSegmentation } from '../../api/image-segmentations'
import { readWorkItems, skipWorkItem, submitWorkItem } from '../../api/worklist'
import { sentenceOf } from '../../panels/problem-note'
import { navigate } from '../../panels/router'
import { say } from '../../panels/toast'
import { annotateText } from '../../strings'
import { canEdit } from './segment-actions'
import type { Workspace } from './workspace-context'

function leave({ project }: Workspace): void {
  navigate(`/projects/${project.id}/tasks`)
}

/** The task of this image: the one it was opened from, or one's own or a free one that is open. */
async function taskOf({ task, image, project }: Workspace, userId: string): Promise<string | null> {
  if (task !== null) return task.id
  const { items } = await readWorkItems(project.id, { q: image.name }, null, new AbortController().signal)
  const own = items.find(
    (item) =>
      item.image.id === image.id &&
      item.state !== 'submitted' &&
      item.state !== 'skipped' &&
      (item.assignee === null || item.assignee.id === userId),
  )
  return own?.id ?? null
}

/** Hands the labelling in at its newest revision, once everything is saved. */
export async function submit(workspace: Workspace): Promise<void> {
  const { document, userId } = workspace
  if (!canEdit(workspace)) return
  try {
    await document.actions.settled()
    const { pending, revision, segmentation } = document.state.getState()
    if (pending > 0) {
      say(annotateText.submitWaits, 'bad')
      return
    }
    await submitSegmentation(segmentation.id, revision)
    const taskId = await taskOf(workspace, userId)
    if (taskId !== null) await submitWorkItem(taskId)
    say(annotateText.submitted)
    leave(workspace)
  } catch (cause) {
    say(sentenceOf(cause), 'bad')
  }
}

export async function skip(workspace: Workspace, reason: string): Promise<void> {
  if (workspace.task === null) return
  try {
    await skipWorkItem(workspace.task.id, reason)
    say(annotateText.skipped)
    leave(workspace)
  } catch (cause) {
    say(sentenceOf(cause), 'bad')
  }
}
