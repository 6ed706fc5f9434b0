import { createStore, type StoreApi } from 'zustand'
import { ApiProblem, NoAnswer } from '../../api/http'
import { createFile, readOffset, removeFile, sendChunk } from '../../api/tus'

/** Sends the files of one upload, some at once, each resumable: a break costs at most the chunk that was on its way. */

export interface LocalFile {
  path: string
  file: File
  /** Where an earlier visit began it. */
  filePath?: string
}

export type FileState =
  | { kind: 'waiting' }
  | { kind: 'sending' }
  | { kind: 'retrying'; at: number }
  | { kind: 'sent' }
  | { kind: 'failed'; reason: string }

export interface QueuedFile {
  id: number
  path: string
  size: number
  sent: number
  state: FileState
}

export interface QueueState {
  files: readonly QueuedFile[]
  run: 'sending' | 'paused' | 'done' | 'stopped'
  bytes: number
  bytesSent: number
  /** Over the last seconds; null until it is known. */
  bytesPerS: number | null
}

export interface QueueTransport {
  createFile: typeof createFile
  readOffset: typeof readOffset
  sendChunk: typeof sendChunk
  removeFile: typeof removeFile
}

export interface QueueOptions {
  uploadId: string
  transport?: QueueTransport
  chunkBytes?: number
  /** Called when a file got its place on the server. */
  onPlaced?: (file: LocalFile, filePath: string) => void
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

const AT_ONCE = 4
const CHUNK_BYTES = 8 * 1024 * 1024
const RETRY_MS = [1000, 2000, 4000, 8000, 15_000, 30_000] as const
const PUBLISH_MS = 150
const RATE_WINDOW_MS = 4000

export function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}

interface Entry extends LocalFile {
  id: number
  sent: number
  state: FileState
}

/** Whether another try may end otherwise. */
function isTransient(cause: unknown): boolean {
  if (cause instanceof NoAnswer) return true
  return (
    cause instanceof ApiProblem &&
    (cause.status === 401 || cause.status === 423 || cause.status === 429 || cause.status >= 500)
  )
}

export class UploadQueue {
  readonly uploadId: string
  readonly state: StoreApi<QueueState>
  private readonly entries: Entry[] = []
  private readonly options: Required<Pick<QueueOptions, 'transport' | 'chunkBytes' | 'wait'>> & QueueOptions
  private abort = new AbortController()
  private running = 0
  private publishTimer: ReturnType<typeof setTimeout> | null = null
  private samples: { at: number; bytes: number }[] = []
  private waiters: (() => void)[] = []

  constructor(options: QueueOptions) {
    this.uploadId = options.uploadId
    this.options = {
      transport: { createFile, readOffset, sendChunk, removeFile },
      chunkBytes: CHUNK_BYTES,
      wait: waitFor,
      ...options,
    }
    this.state = createStore<QueueState>(() => ({ files: [], run: 'sending', bytes: 0, bytesSent: 0, bytesPerS: null }))
  }

  add(files: readonly LocalFile[]): void {
    for (const file of files) {
      this.entries.push({ ...file, id: this.entries.length, sent: 0, state: { kind: 'waiting' } })
    }
    if (this.run === 'done') this.state.setState({ run: 'sending' })
    this.publish(true)
    this.pump()
  }

  pause(): void {
    if (this.run !== 'sending') return
    this.state.setState({ run: 'paused' })
    this.interrupt()
  }

  resume(): void {
    if (this.run !== 'paused') return
    this.state.setState({ run: 'sending' })
    this.pump()
  }

  /** Tries at once what waits for its next try: the connection or the session is back. */
  retryNow(): void {
    if (this.run !== 'sending') return
    this.interrupt()
    this.pump()
  }

  /** Sends nothing more and takes back what was begun; what is in stays in. */
  async stop(): Promise<void> {
    this.state.setState({ run: 'stopped' })
    this.interrupt()
    const begun = this.entries.filter(({ state, filePath }) => state.kind !== 'sent' && filePath !== undefined)
    await Promise.all(
      begun.map(({ filePath }) => (filePath === undefined ? undefined : this.options.transport.removeFile(filePath))),
    )
    this.publish(true)
    this.pump()
  }

  /** Resolves when every file is sent or has failed, or sending was stopped. */
  finished(): Promise<void> {
    if (this.run === 'done' || this.run === 'stopped') return Promise.resolve()
    return new Promise((resolve) => this.waiters.push(resolve))
  }

  private get run(): QueueState['run'] {
    return this.state.getState().run
  }

  private interrupt(): void {
    this.abort.abort()
    this.abort = new AbortController()
    this.publish(true)
  }

  private pump(): void {
    while (this.run === 'sending' && this.running < AT_ONCE) {
      const entry = this.entries.find(({ state }) => state.kind === 'waiting')
      if (entry === undefined) break
      entry.state = { kind: 'sending' }
      this.running += 1
      void this.sendEntry(entry, this.abort.signal).finally(() => {
        this.running -= 1
        this.publish(false)
        this.pump()
      })
    }
    const isOver = this.entries.every(({ state }) => state.kind === 'sent' || state.kind === 'failed')
    if (this.running === 0 && ((this.run === 'sending' && isOver) || this.run === 'stopped')) this.end()
  }

  private end(): void {
    if (this.run === 'sending') this.state.setState({ run: 'done' })
    this.publish(true)
    for (const resolve of this.waiters.splice(0)) resolve()
  }

  private async sendEntry(entry: Entry, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        entry.state = { kind: 'sending' }
        await this.sendFrom(entry, signal)
        entry.state = { kind: 'sent' }
        return
      } catch (cause) {
        if (signal.aborted) {
          entry.state = { kind: 'waiting' }
          return
        }
        if (
          cause instanceof ApiProblem &&
          (cause.status === 404 || cause.status === 410) &&
          entry.filePath !== undefined
        ) {
          delete entry.filePath // What an earlier visit began is gone: begin anew.
          entry.sent = 0
        } else if (!isTransient(cause) && !(cause instanceof ApiProblem && cause.status === 409)) {
          entry.state = { kind: 'failed', reason: cause instanceof Error ? cause.message : String(cause) }
          return
        }
        if (await this.pauseBefore(entry, attempt, cause, signal)) return
      }
    }
  }

  /** Waits before the next try; true when that was interrupted. */
  private async pauseBefore(entry: Entry, attempt: number, cause: unknown, signal: AbortSignal): Promise<boolean> {
    const base = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 1000
    const asked = cause instanceof ApiProblem && cause.retryAfterS !== null ? cause.retryAfterS * 1000 : 0
    const ms = Math.max(asked, base * (0.75 + Math.random() * 0.5))
    entry.state = { kind: 'retrying', at: Date.now() + ms }
    this.publish(false)
    try {
      await this.options.wait(ms, signal)
      return false
    } catch {
      entry.state = { kind: 'waiting' }
      return true
    }
  }

  private async sendFrom(entry: Entry, signal: AbortSignal): Promise<void> {
    const { transport, chunkBytes } = this.options
    if (entry.filePath === undefined) {
      entry.filePath = await transport.createFile(this.uploadId, entry.path, entry.file.size, signal)
      entry.sent = 0
      this.options.onPlaced?.(entry, entry.filePath)
    } else {
      this.progress(entry, await transport.readOffset(entry.filePath, signal))
    }
    while (entry.sent < entry.file.size) {
      const chunk = entry.file.slice(entry.sent, entry.sent + chunkBytes)
      this.progress(entry, await transport.sendChunk(entry.filePath, entry.sent, chunk, signal))
    }
  }

  private progress(entry: Entry, offset: number): void {
    entry.sent = offset
    this.publish(false)
  }

  private publish(isUrgent: boolean): void {
    if (isUrgent) {
      if (this.publishTimer !== null) clearTimeout(this.publishTimer)
      this.publishTimer = null
      this.writeState()
    } else {
      this.publishTimer ??= setTimeout(() => {
        this.publishTimer = null
        this.writeState()
      }, PUBLISH_MS)
    }
  }

  private writeState(): void {
    const bytesSent = this.entries.reduce((sum, entry) => sum + entry.sent, 0)
    const now = Date.now()
    this.samples = [...this.samples.filter(({ at }) => now - at < RATE_WINDOW_MS), { at: now, bytes: bytesSent }]
    const first = this.samples[0]
    const isMeasured = first !== undefined && now - first.at > 300
    this.state.setState({
      files: this.entries.map(({ id, path, file, sent, state }) => ({ id, path, size: file.size, sent, state })),
      bytes: this.entries.reduce((sum, { file }) => sum + file.size, 0),
      bytesSent,
      bytesPerS: isMeasured ? ((bytesSent - first.bytes) * 1000) / (now - first.at) : null,
    })
  }
}
