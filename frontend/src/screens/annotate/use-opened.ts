import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { ApiProblem } from '../../api/http'
import { openReading, readSegmentations } from '../../api/image-segmentations'
import { type Image, imageQuery } from '../../api/images'
import { type Label, labelsQuery } from '../../api/labels'
import { type Project, projectQuery } from '../../api/projects'
import { openWorkItem, type WorkItem } from '../../api/worklist'
import { sentenceOf } from '../../panels/problem-note'
import { say } from '../../panels/toast'
import { type OpenDocument, openDocument } from '../../store/document'
import { useSession } from '../session-context'

export interface Opened {
  image: Image
  project: Project
  labels: readonly Label[]
  task: WorkItem | null
  document: OpenDocument
}

export type Opening =
  | { kind: 'opening'; image: Image | null }
  | { kind: 'failed'; cause: unknown; retry: () => void }
  | { kind: 'open'; opened: Opened }

/** The reading of the image; who may only look gets the one that exists. */
async function segmentationOf(imageId: string): Promise<string> {
  try {
    return (await openReading(imageId)).id
  } catch (cause) {
    if (!(cause instanceof ApiProblem) || cause.status !== 403) throw cause
    const first = (await readSegmentations(imageId))[0]
    if (first === undefined) throw cause
    return first.id
  }
}

/** Without the lease the image can still be worked on; somebody else may be at it too. */
async function leaseOf(taskId: string): Promise<WorkItem | null> {
  try {
    return await openWorkItem(taskId)
  } catch (cause) {
    say(sentenceOf(cause), 'bad')
    return null
  }
}

type DocumentState =
  | { kind: 'opening'; attempt: number }
  | { kind: 'failed'; cause: unknown }
  | { kind: 'open'; document: OpenDocument; task: WorkItem | null }

function useDocument(imageId: string, taskId: string | null, attempt: number): DocumentState {
  const { user } = useSession()
  const [state, setState] = useState<DocumentState>({ kind: 'opening', attempt })
  useEffect(() => {
    let isGone = false
    let opened: OpenDocument | null = null
    setState({ kind: 'opening', attempt })
    const open = async (): Promise<void> => {
      const leased = taskId === null ? Promise.resolve(null) : leaseOf(taskId)
      const document = await openDocument({ segmentationId: await segmentationOf(imageId), userId: user.id })
      opened = document
      const task = await leased
      if (isGone) document.dispose()
      else setState({ kind: 'open', document, task })
    }
    open().catch((cause: unknown) => {
      if (!isGone) setState({ kind: 'failed', cause })
    })
    return () => {
      isGone = true
      opened?.dispose()
    }
  }, [imageId, taskId, user.id, attempt])
  return state
}

/** Opens an image for work: its description, project and labels, its document, and the lease of its task. */
export function useOpened(imageId: string, taskId: string | null): Opening {
  const [attempt, setAttempt] = useState(0)
  const image = useQuery(imageQuery(imageId))
  const projectId = image.data?.project_id
  const project = useQuery({ ...projectQuery(projectId ?? ''), enabled: projectId !== undefined })
  const labels = useQuery({ ...labelsQuery(projectId ?? ''), enabled: projectId !== undefined })
  const document = useDocument(imageId, taskId, attempt)
  const cause = image.error ?? project.error ?? labels.error ?? (document.kind === 'failed' ? document.cause : null)
  const retry = (): void => {
    for (const query of [image, project, labels]) if (query.isError) void query.refetch()
    setAttempt((count) => count + 1)
  }
  const opened = useMemo((): Opened | null => {
    if (image.data === undefined || project.data === undefined || labels.data === undefined) return null
    if (document.kind !== 'open') return null
    const { task } = document
    return { image: image.data, project: project.data, labels: labels.data, task, document: document.document }
  }, [image.data, project.data, labels.data, document])
  if (opened !== null) return { kind: 'open', opened }
  if (cause !== null) return { kind: 'failed', cause, retry }
  return { kind: 'opening', image: image.data ?? null }
}
