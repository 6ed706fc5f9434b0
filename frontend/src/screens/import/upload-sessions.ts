import { createStore } from 'zustand'
import { closeUpload, createUpload } from '../../api/uploads'
import { sentenceOf } from '../../panels/problem-note'
import { say } from '../../panels/toast'
import { importText } from '../../strings'
import { forgetUpload, rememberedFile, rememberFile } from './upload-memory'
import { type LocalFile, UploadQueue } from './upload-queue'

/** Uploads that run in this page; they go on while other screens are shown. */
interface SessionsState {
  queues: ReadonlyMap<string, UploadQueue>
}

export const uploadSessions = createStore<SessionsState>(() => ({ queues: new Map() }))

function isSending(): boolean {
  return [...uploadSessions.getState().queues.values()].some((queue) => {
    const { run } = queue.state.getState()
    return run === 'sending' || run === 'paused'
  })
}

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  if (isSending()) event.preventDefault()
}

function setQueue(queue: UploadQueue): void {
  uploadSessions.setState(({ queues }) => ({ queues: new Map(queues).set(queue.uploadId, queue) }))
  window.addEventListener('beforeunload', askBeforeLeaving)
}

/** Sends the files into the upload that an earlier visit began with them, or else into a new one. Returns its id. */
export async function startUpload(projectId: string, files: readonly LocalFile[]): Promise<string> {
  const known = files.map(({ path, file }) => rememberedFile(projectId, path, file))
  const earlier = known.find((place) => place !== null)?.uploadId
  const uploadId = earlier ?? (await createUpload(projectId)).id
  const placed = files.map((file, index) => {
    const place = known[index]
    return place?.uploadId === uploadId ? { ...file, filePath: place.filePath } : file
  })
  const queue =
    uploadSessions.getState().queues.get(uploadId) ??
    new UploadQueue({
      uploadId,
      onPlaced: ({ path, file }, filePath) => rememberFile(projectId, path, file, { uploadId, filePath }),
    })
  setQueue(queue)
  queue.add(placed)
  void closeWhenSent(queue)
  return uploadId
}

async function closeWhenSent(queue: UploadQueue): Promise<void> {
  await queue.finished()
  try {
    await closeUpload(queue.uploadId)
    forgetUpload(queue.uploadId)
  } catch (cause) {
    say(sentenceOf(cause), 'bad')
    return
  }
  say(importText.sentSaid)
}
