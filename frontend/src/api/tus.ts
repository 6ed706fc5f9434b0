import { ApiProblem, NoAnswer, send } from './http'

/** The resumable upload protocol, tus 1.0 core and creation: https://tus.io/protocols/resumable-upload */

const VERSION = { 'Tus-Resumable': '1.0.0' } as const

function base64Utf8(text: string): string {
  let binary = ''
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** The path of an address on our own origin: the server may answer with a whole URL or with a path. */
function pathOf(location: string): string {
  return new URL(location, window.location.href).pathname
}

/** Announces a file; returns the path that takes its bytes. */
export async function createFile(uploadId: string, path: string, size: number, signal: AbortSignal): Promise<string> {
  const response = await send(`/uploads/${uploadId}/files`, {
    method: 'POST',
    headers: { ...VERSION, 'Upload-Length': String(size), 'Upload-Metadata': `filename ${base64Utf8(path)}` },
    signal,
  })
  const location = response.headers.get('Location')
  if (location === null) throw new NoAnswer('The answer names no place for the file.')
  return pathOf(location)
}

function offsetOf(response: Response): number {
  const offset = Number.parseInt(response.headers.get('Upload-Offset') ?? '', 10)
  if (!Number.isInteger(offset) || offset < 0) throw new NoAnswer('The answer names no offset.')
  return offset
}

/** How many bytes of the file the server has. */
export async function readOffset(filePath: string, signal: AbortSignal): Promise<number> {
  return offsetOf(await send(filePath, { method: 'HEAD', headers: VERSION, signal }))
}

/** Sends bytes that begin at `offset`; returns the new offset. */
export async function sendChunk(filePath: string, offset: number, chunk: Blob, signal: AbortSignal): Promise<number> {
  const response = await send(filePath, {
    method: 'PATCH',
    headers: { ...VERSION, 'Upload-Offset': String(offset) },
    contentType: 'application/offset+octet-stream',
    body: chunk,
    signal,
  })
  return offsetOf(response)
}

/** Gives up a file that was begun; one that is gone already is as good. */
export async function removeFile(filePath: string): Promise<void> {
  try {
    await send(filePath, { method: 'DELETE', headers: VERSION })
  } catch (cause) {
    if (!(cause instanceof ApiProblem) || (cause.status !== 404 && cause.status !== 410)) throw cause
  }
}
