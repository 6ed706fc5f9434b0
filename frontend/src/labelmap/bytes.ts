/** Bytes that own their buffer, as fetch, streams and IndexedDB want them. */
export type Bytes = Uint8Array<ArrayBuffer>

/** Bytes from outside that are not what their format says. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
}

const MAX_VARINT_BYTES = 5

/** Writes bytes, varints (unsigned LEB128) and positions into a buffer that grows. */
export class ByteWriter {
  private bytes: Bytes
  private end = 0

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.end
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.end++] = value
  }

  varint(value: number): void {
    this.reserve(MAX_VARINT_BYTES)
    let rest = value
    while (rest >= 0x80) {
      this.bytes[this.end++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.bytes[this.end++] = rest
  }

  uint32(value: number): void {
    this.reserve(4)
    for (let shift = 0; shift < 32; shift += 8) this.bytes[this.end++] = (value >>> shift) & 0xff
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.end)
    this.end += bytes.length
  }

  finish(): Bytes {
    return this.bytes.slice(0, this.end)
  }

  private reserve(count: number): void {
    if (this.end + count <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.end + count))
    grown.set(this.bytes)
    this.bytes = grown
  }
}

/** Reads what `ByteWriter` writes; every read past the end or out of range is a `CodecError`. */
export class ByteReader {
  private at = 0

  constructor(
    private readonly bytes: Uint8Array,
    private readonly what: string,
  ) {}

  get remaining(): number {
    return this.bytes.length - this.at
  }

  byte(): number {
    const value = this.bytes[this.at]
    if (value === undefined) throw new CodecError(`${this.what} ends after ${this.at} bytes`)
    this.at += 1
    return value
  }

  varint(): number {
    const { bytes } = this
    let value = 0
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      const byte = bytes[this.at]
      if (byte === undefined) throw new CodecError(`${this.what} ends inside a number`)
      this.at += 1
      value += (byte & 0x7f) * 2 ** (7 * count)
      if (byte < 0x80) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw new CodecError(`${this.what} has a number beyond 32 bits`)
  }

  /** A varint that says how many things follow; each takes at least `size` bytes, so that no small body asks for much memory. */
  count(size: number): number {
    const count = this.varint()
    if (count * size > this.remaining) {
      throw new CodecError(`${this.what} names ${count} entries in ${this.remaining} bytes`)
    }
    return count
  }

  uint32(): number {
    const value = this.byte() + this.byte() * 0x100 + this.byte() * 0x10000 + this.byte() * 0x1000000
    return value
  }

  take(length: number): Uint8Array {
    if (length > this.remaining) throw new CodecError(`${this.what} names ${length} bytes, ${this.remaining} are left`)
    const part = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    return part
  }

  version(expected: number): void {
    const version = this.byte()
    if (version !== expected) throw new CodecError(`${this.what} has version ${version}, not ${expected}`)
  }

  end(): void {
    if (this.remaining > 0) throw new CodecError(`${this.what} has ${this.remaining} bytes too many`)
  }
}
