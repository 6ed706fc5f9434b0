import type { LocalFile } from './upload-queue'

/** Names that systems leave in folders and nobody means to send. */
const NOISE = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|__MACOSX\/.*)$/

/** Files of a file or folder input: a folder's carry their path in it. */
export function filesOfInput(list: FileList): LocalFile[] {
  return Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, file })).filter(
    ({ path }) => !NOISE.test(path),
  )
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject))
}

/** `readEntries` gives at most 100 at a time and an empty list at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return all
    all.push(...some)
  }
}

async function walk(entry: FileSystemEntry, into: LocalFile[]): Promise<void> {
  const path = entry.fullPath.replace(/^\//, '')
  if (entry.isFile) {
    if (!NOISE.test(path)) into.push({ path, file: await fileOf(entry as FileSystemFileEntry) })
    return
  }
  for (const child of await entriesOf(entry as FileSystemDirectoryEntry)) await walk(child, into)
}

/** Everything that was dropped, folders walked through. Takes the entries at once: the list is empty after the event. */
export async function filesOfDrop(transfer: DataTransfer): Promise<LocalFile[]> {
  const entries = Array.from(transfer.items)
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null)
  if (entries.length === 0) return filesOfInput(transfer.files)
  const files: LocalFile[] = []
  for (const entry of entries) await walk(entry, files)
  return files
}
