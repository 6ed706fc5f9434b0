import { describe, expect, test, vi } from 'vitest'
import { ApiProblem, NoAnswer } from '../../api/http'
import { type QueueTransport, UploadQueue } from './upload-queue'

/** A server in memory that speaks tus: files by path, bytes by count. */
class MemoryTus {
  readonly files = new Map<string, { size: number; received: number }>()
  readonly chunks: { path: string; offset: number; size: number }[] = []
  faults: (Error | null)[] = []
  /** Waits before a chunk is taken. */
  gate: (signal: AbortSignal) => Promise<void> = async () => undefined

  readonly transport: QueueTransport = {
    createFile: async (uploadId, path, size) => {
      const place = `/api/v1/uploads/${uploadId}/files/${path}`
      this.files.set(place, { size, received: 0 })
      return place
    },
    readOffset: async (path) => this.file(path).received,
    sendChunk: async (path, offset, chunk, signal) => {
      await this.gate(signal)
      const fault = this.faults.shift() ?? null
      if (fault !== null) throw fault
      const file = this.file(path)
      if (file.received !== offset) throw new ApiProblem(409, 'offset-mismatch', 'Wrong offset', '')
      this.chunks.push({ path, offset, size: chunk.size })
      file.received += chunk.size
      return file.received
    },
    removeFile: async (path) => {
      this.files.delete(path)
    },
  }

  private file(path: string): { size: number; received: number } {
    const file = this.files.get(path)
    if (file === undefined) throw new ApiProblem(404, 'not-found', 'There is no such file', '')
    return file
  }
}

function fileOf(name: string, bytes: number): { path: string; file: File } {
  return { path: name, file: new File([new Uint8Array(bytes)], name) }
}

function queueOf(server: MemoryTus): UploadQueue {
  return new UploadQueue({ uploadId: 'u', transport: server.transport, chunkBytes: 10, wait: async () => undefined })
}

function statesOf(queue: UploadQueue): string[] {
  return queue.state.getState().files.map(({ state }) => state.kind)
}

describe('the upload queue', () => {
  test('sends each file in chunks and ends', async () => {
    const server = new MemoryTus()
    const queue = queueOf(server)

    queue.add([fileOf('a', 25), fileOf('b', 0)])
    await queue.finished()

    expect(server.chunks.map(({ offset, size }) => [offset, size])).toEqual([
      [0, 10],
      [10, 10],
      [20, 5],
    ])
    expect(queue.state.getState()).toMatchObject({ run: 'done', bytes: 25, bytesSent: 25 })
    expect(statesOf(queue)).toEqual(['sent', 'sent'])
  })

  test('asks for the offset after a lost answer and never sends a byte twice', async () => {
    const server = new MemoryTus()
    const queue = queueOf(server)
    server.faults = [null, new NoAnswer('cable out'), null]

    queue.add([fileOf('a', 25)])
    await queue.finished()

    expect(server.chunks.map(({ offset }) => offset)).toEqual([0, 10, 20])
    expect(statesOf(queue)).toEqual(['sent'])
  })

  test('goes on where an earlier visit stopped', async () => {
    const server = new MemoryTus()
    server.files.set('/old', { size: 25, received: 20 })
    const queue = queueOf(server)

    queue.add([{ ...fileOf('a', 25), filePath: '/old' }])
    await queue.finished()

    expect(server.chunks).toEqual([{ path: '/old', offset: 20, size: 5 }])
  })

  test('begins anew when the server has forgotten the file', async () => {
    const server = new MemoryTus()
    const queue = queueOf(server)

    queue.add([{ ...fileOf('a', 5), filePath: '/gone' }])
    await queue.finished()

    expect(server.chunks).toEqual([{ path: '/api/v1/uploads/u/files/a', offset: 0, size: 5 }])
  })

  test('gives up a refused file, names the reason and sends the others', async () => {
    const server = new MemoryTus()
    const queue = queueOf(server)
    server.faults = [new ApiProblem(413, 'too-large', 'Too large', 'A file may have 1 GB at most.')]

    queue.add([fileOf('big', 5), fileOf('small', 5)])
    await queue.finished()

    expect(queue.state.getState().files.map(({ state }) => state)).toEqual([
      { kind: 'failed', reason: 'A file may have 1 GB at most.' },
      { kind: 'sent' },
    ])
  })
})

describe('a person', () => {
  function heldServer(): MemoryTus {
    const server = new MemoryTus()
    server.gate = (signal) =>
      new Promise((_, reject) => {
        if (signal.aborted) reject(signal.reason)
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    return server
  }

  test('can pause and go on', async () => {
    const server = heldServer()
    const queue = queueOf(server)
    queue.add([fileOf('a', 15)])

    queue.pause()
    await vi.waitFor(() => expect(statesOf(queue)).toEqual(['waiting']))
    server.gate = async () => undefined
    queue.resume()
    await queue.finished()

    expect(statesOf(queue)).toEqual(['sent'])
  })

  test('can stop: what is in stays, what was begun is taken back', async () => {
    const server = new MemoryTus()
    const queue = queueOf(server)
    queue.add([fileOf('in', 5)])
    await queue.finished()
    server.gate = heldServer().gate
    queue.add([fileOf('half', 15)])
    await vi.waitFor(() => expect(server.files.size).toBe(2))

    await queue.stop()
    await queue.finished()

    expect([...server.files.keys()]).toEqual(['/api/v1/uploads/u/files/in'])
    expect(queue.state.getState().run).toBe('stopped')
  })
})
