import type { DecodeReply, DecodeRequest, GroupFormat } from './messages'
import { startWorker } from './trusted-worker'
import workerUrl from './worker.ts?worker&url'

interface Pending {
  resolve(reply: DecodeReply): void
  reject(error: Error): void
}

interface Lane {
  worker: Worker
  pending: Map<number, Pending>
}

/** As many as help: one core stays with the page. */
export function workerCount(): number {
  return Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 2) - 1))
}

/** Decodes tile groups in workers; each body goes to the least busy one. */
export class DecodePool {
  private readonly lanes: Lane[] = []
  private nextId = 1
  private disposed = false

  constructor(
    private readonly count = workerCount(),
    private readonly start: () => Worker = () => startWorker(workerUrl),
  ) {
    // A worker takes longer to start than the first group to come.
    this.open()
  }

  /** `body` is handed over: the caller's buffer is empty afterwards. */
  decode(body: ArrayBuffer, format: GroupFormat): Promise<DecodeReply> {
    if (this.disposed) return Promise.reject(new Error('the decoder is closed'))
    const lane = this.leastBusy()
    const request: DecodeRequest = { id: this.nextId++, body, format }
    return new Promise((resolve, reject) => {
      lane.pending.set(request.id, { resolve, reject })
      lane.worker.postMessage(request, [body])
    })
  }

  dispose(): void {
    this.disposed = true
    for (const lane of this.lanes.splice(0)) this.close(lane, new Error('the decoder is closed'))
  }

  private leastBusy(): Lane {
    if (this.lanes.length < this.count && this.lanes.every((lane) => lane.pending.size > 0)) return this.open()
    return this.lanes.reduce((best, lane) => (lane.pending.size < best.pending.size ? lane : best))
  }

  private open(): Lane {
    const lane: Lane = { worker: this.start(), pending: new Map() }
    lane.worker.onmessage = (event: MessageEvent<DecodeReply>) => {
      lane.pending.get(event.data.id)?.resolve(event.data)
      lane.pending.delete(event.data.id)
    }
    lane.worker.onerror = (event) => {
      event.preventDefault()
      const at = this.lanes.indexOf(lane)
      if (at >= 0) this.lanes.splice(at, 1)
      this.close(lane, new Error(event.message || 'the decoder stopped'))
    }
    this.lanes.push(lane)
    return lane
  }

  private close(lane: Lane, error: Error): void {
    lane.worker.terminate()
    for (const pending of lane.pending.values()) pending.reject(error)
    lane.pending.clear()
  }
}
