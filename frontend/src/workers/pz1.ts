/**
 * The image codec `pz1` after inflation: undoes byte planes, zigzag and plane predictor. For row y, column x the stored
 * difference is (a[y,x] − a[y−1,x]) − (a[y,x−1] − a[y−1,x−1]) modulo the word; a typed array does the wrap.
 */

export type Dtype = 'int16' | 'uint16' | 'uint8' | 'float32'

/** Grey values in their own type; RGB as RGBA bytes, ready for a texture. */
export type Pixels =
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>

export interface PixelFormat {
  readonly dtype: Dtype
  readonly channels: 1 | 3
}

const BYTES: Record<Dtype, number> = { int16: 2, uint16: 2, uint8: 1, float32: 4 }

/** Bytes of a tile once inflated. */
export function planeBytes({ dtype, channels }: PixelFormat, width: number, height: number): number {
  return BYTES[dtype] * channels * width * height
}

/** Bytes of a tile as it is kept and drawn: RGB takes four a pixel. */
export function pixelBytes({ dtype, channels }: PixelFormat, width: number, height: number): number {
  return (channels === 3 ? 4 : BYTES[dtype]) * width * height
}

export function decodePlanes(planes: Uint8Array, format: PixelFormat, width: number, height: number): Pixels {
  const expected = planeBytes(format, width, height)
  if (planes.length !== expected) throw new RangeError(`a tile has ${planes.length} bytes instead of ${expected}`)
  if (format.channels === 3) return decodeRgb(planes, width, height)
  switch (format.dtype) {
    case 'int16':
      return decodeWords(planes, new Int16Array(width * height), width)
    case 'uint16':
      return decodeWords(planes, new Uint16Array(width * height), width)
    case 'uint8':
      return decodeBytes(planes, new Uint8Array(width * height), width)
    case 'float32':
      return decodeFloats(planes, width * height)
  }
}

function decodeWords<T extends Int16Array | Uint16Array>(planes: Uint8Array, out: T, width: number): T {
  const size = out.length
  for (let row = 0; row < size; row += width) {
    let acc = 0
    for (let p = row; p < row + width; p++) {
      const u = (planes[p] as number) | ((planes[p + size] as number) << 8)
      acc = (acc + ((u >>> 1) ^ -(u & 1))) | 0
      out[p] = row === 0 ? acc : (out[p - width] as number) + acc
    }
  }
  return out
}

function decodeBytes<T extends Uint8Array>(plane: Uint8Array, out: T, width: number): T {
  for (let row = 0; row < out.length; row += width) {
    let acc = 0
    for (let p = row; p < row + width; p++) {
      acc = (acc + (plane[p] as number)) & 0xff
      out[p] = row === 0 ? acc : (out[p - width] as number) + acc
    }
  }
  return out
}

function decodeRgb(planes: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer> {
  const size = width * height
  const green = decodeBytes(planes.subarray(0, size), new Uint8Array(size), width)
  const red = decodeBytes(planes.subarray(size, 2 * size), new Uint8Array(size), width)
  const blue = decodeBytes(planes.subarray(2 * size), new Uint8Array(size), width)
  const out = new Uint8Array(4 * size)
  for (let p = 0, q = 0; p < size; p++, q += 4) {
    const g = green[p] as number
    out[q] = (red[p] as number) + g
    out[q + 1] = g
    out[q + 2] = (blue[p] as number) + g
    out[q + 3] = 255
  }
  return out
}

function decodeFloats(planes: Uint8Array, size: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(size)
  const view = new DataView(out.buffer)
  for (let p = 0; p < size; p++) {
    const low = (planes[p] as number) | ((planes[p + size] as number) << 8)
    const high = (planes[p + 2 * size] as number) | ((planes[p + 3 * size] as number) << 8)
    view.setUint32(4 * p, ((high << 16) | low) >>> 0, true)
  }
  return out
}
