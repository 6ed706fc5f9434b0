import { type Bytes, CodecError } from './bytes'

/** Below this a compression stream costs more time than it saves bytes: a sphere touches 160 tiles with 200 bytes each. */
const STORED_LIMIT = 1024

/** The zlib stream (RFC 1950, with its Adler-32) of `bytes`. Encoders differ: compare decoded content, not these bytes. */
export async function deflate(bytes: Bytes): Promise<Bytes> {
  if (bytes.length <= STORED_LIMIT) return stored(bytes)
  return through(new CompressionStream('deflate'), bytes, Number.POSITIVE_INFINITY)
}

/** One stored block (RFC 1951 section 3.2.4) in a zlib stream. */
function stored(bytes: Bytes): Bytes {
  const { length } = bytes
  const stream = new Uint8Array(length + 11)
  const view = new DataView(stream.buffer)
  view.setUint16(0, 0x7801)
  view.setUint8(2, 1) // the last block
  view.setUint16(3, length, true)
  view.setUint16(5, ~length & 0xffff, true)
  stream.set(bytes, 7)
  view.setUint32(length + 7, adler32(bytes))
  return stream
}

/** What a zlib stream holds; stops and throws `CodecError` as soon as it would exceed `limit` bytes. */
export async function inflate(bytes: Uint8Array, limit: number): Promise<Bytes> {
  let content: Bytes
  try {
    content = await through(new DecompressionStream('deflate'), owned(bytes), limit)
  } catch (cause) {
    if (cause instanceof CodecError) throw cause
    throw new CodecError('a zlib stream is broken or cut off', { cause })
  }
  // Not every engine refuses bytes behind the end of the stream, as the standard wants: the checksum must be what comes last.
  const end = bytes.length
  const checksum = new DataView(bytes.buffer, bytes.byteOffset, end).getUint32(end - 4)
  if (checksum !== adler32(content)) throw new CodecError('a zlib stream is followed by something else')
  return content
}

/** Sums of this many bytes stay below 2^32 before they must be reduced. */
const ADLER_CHUNK = 5552
const ADLER_PRIME = 65521

function adler32(bytes: Uint8Array): number {
  let low = 1
  let high = 0
  for (let start = 0; start < bytes.length; start += ADLER_CHUNK) {
    const end = Math.min(start + ADLER_CHUNK, bytes.length)
    for (let at = start; at < end; at++) {
      low += bytes[at] ?? 0
      high += low
    }
    low %= ADLER_PRIME
    high %= ADLER_PRIME
  }
  return high * 0x10000 + low
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
