import { type Bytes, CodecError } from './bytes'

/** The zlib stream (RFC 1950, with its Adler-32) of `bytes`. Encoders differ: compare decoded content, not these bytes. */
export async function deflate(bytes: Bytes): Promise<Bytes> {
  return through(new CompressionStream('deflate'), bytes, Number.POSITIVE_INFINITY)
}

/** What a zlib stream holds; stops and throws `CodecError` as soon as it would exceed `limit` bytes. */
export async function inflate(bytes: Uint8Array, limit: number): Promise<Bytes> {
  try {
    return await through(new DecompressionStream('deflate'), owned(bytes), limit)
  } catch (cause) {
    if (cause instanceof CodecError) throw cause
    throw new CodecError('a zlib stream is broken or cut off', { cause })
  }
}

/** `bytes` over an ArrayBuffer; a copy only where the memory is shared. */
export function owned(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Uint8Array.from(bytes)
}

async function through(
  stream: { readable: ReadableStream<Bytes>; writable: WritableStream<BufferSource> },
  bytes: Bytes,
  limit: number,
): Promise<Bytes> {
  const writer = stream.writable.getWriter()
  // A broken stream rejects the writes too; the same error comes out of the reads, which are the ones awaited.
  const ignore = (): void => {}
  writer.write(bytes).catch(ignore)
  writer.close().catch(ignore)
  const reader = stream.readable.getReader()
  const chunks: Bytes[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > limit) {
      reader.cancel().catch(ignore)
      throw new CodecError(`a zlib stream inflates to more than ${limit} bytes`)
    }
    chunks.push(value)
  }
  return joined(chunks, length)
}

function joined(chunks: readonly Bytes[], length: number): Bytes {
  const only = chunks[0]
  if (chunks.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
