/** Inflates a zlib stream that must hold exactly `size` bytes; a larger one is stopped, not read. */
export async function inflateExactly(payload: Uint8Array<ArrayBuffer>, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new DecompressionStream('deflate')
  const writer = stream.writable.getWriter()
  // A broken stream rejects the writes as well as the reads; the reads are the ones awaited.
  const ignore = (): void => {}
  writer.write(payload).catch(ignore)
  writer.close().catch(ignore)
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.readable.getReader()
  const out = new Uint8Array(size)
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (length + value.length > size) {
      reader.cancel().catch(ignore)
      throw new RangeError(`a tile inflates to more than ${size} bytes`)
    }
    out.set(value, length)
    length += value.length
  }
  if (length !== size) throw new RangeError(`a tile inflates to ${length} bytes instead of ${size}`)
  return out
}
