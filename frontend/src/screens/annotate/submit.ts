import { submitSegmentation } from '../../api/image-segmentations'
import { skipWorkItem, submitWorkItem } from '../../api/worklist'
import { sentenceOf } from '../../panels/problem-note'
import { navigate } from '../../panels/router'
import { say } from '../../panels/toast'
import { annotateText } from '../../strings'
import { canEdit } from './segment-actions'
import type { Workspace } from './workspace-context'

function leave({ project }: Workspace): void {
  navigate(`/projects/${project.id}/tasks`)
}

/** Hands the labelling in at its newest revision, once everything is saved. */
export async function submit(workspace: Workspace): Promise<void> {
  const { document, task } = workspace
  if (!canEdit(workspace)) return
  try {
    await document.actions.settled()
    const { pending, revision, segmentation } = document.state.getState()
    if (pending > 0) {
      say(annotateText.submitWaits, 'bad')
      return
    }
    await submitSegmentation(segmentation.id, revision)
    if (task !== null) await submitWorkItem(task.id)
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
