import { readStoredJson, writeStored } from '../../panels/stored'

/**
 * Where a file that was begun lies on the server, so that dropping it again after a reload goes on where it stopped. The key is
 * a hash: file names may name patients and are not kept in the browser.
 */
const KEPT = 2000

export interface RememberedFile {
  uploadId: string
  filePath: string
}

/** FNV-1a, 2 x 32 bit: enough to tell one person's files apart. */
function fingerprint(projectId: string, path: string, file: File): string {
  const text = `${projectId}\n${path}\n${file.size}\n${file.lastModified}`
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let index = 0; index < text.length; index += 1) {
    low = Math.imul(low ^ text.charCodeAt(index), 0x01000193) >>> 0
    high = Math.imul(high ^ low, 0x85ebca6b) >>> 0
  }
  return low.toString(36) + high.toString(36)
}

function readAll(): Record<string, RememberedFile> {
  const value = readStoredJson('uploads')
  return typeof value === 'object' && value !== null ? (value as Record<string, RememberedFile>) : {}
}

function writeAll(all: Record<string, RememberedFile>): void {
  writeStored('uploads', JSON.stringify(Object.fromEntries(Object.entries(all).slice(-KEPT))))
}

export function rememberFile(projectId: string, path: string, file: File, place: RememberedFile): void {
  writeAll({ ...readAll(), [fingerprint(projectId, path, file)]: place })
}

export function rememberedFile(projectId: string, path: string, file: File): RememberedFile | null {
  const found = readAll()[fingerprint(projectId, path, file)]
  return typeof found?.uploadId === 'string' && typeof found.filePath === 'string' ? found : null
}

/** The upload is closed: nothing of it can be continued. */
export function forgetUpload(uploadId: string): void {
  writeAll(Object.fromEntries(Object.entries(readAll()).filter(([, place]) => place.uploadId !== uploadId)))
}
