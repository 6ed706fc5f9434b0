import type { PixelFormat, Pixels } from '../workers/pz1'
import { type Gl, setNearest } from './gl'

export type SampleKind = 'int' | 'uint' | 'float' | 'rgb'

export interface TexelLayout {
  readonly sample: SampleKind
  readonly internal: GLenum
  readonly format: GLenum
  readonly type: GLenum
  readonly bytes: number
}

export function texelLayout(gl: Gl, { dtype, channels }: PixelFormat): TexelLayout {
  if (channels === 3) {
    return { sample: 'rgb', internal: gl.RGBA8UI, format: gl.RGBA_INTEGER, type: gl.UNSIGNED_BYTE, bytes: 4 }
  }
  switch (dtype) {
    case 'int16':
      return { sample: 'int', internal: gl.R16I, format: gl.RED_INTEGER, type: gl.SHORT, bytes: 2 }
    case 'uint16':
      return { sample: 'uint', internal: gl.R16UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_SHORT, bytes: 2 }
    case 'uint8':
      return { sample: 'uint', internal: gl.R8UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_BYTE, bytes: 1 }
    case 'float32':
      return { sample: 'float', internal: gl.R32F, format: gl.RED, type: gl.FLOAT, bytes: 4 }
  }
}

export interface Extent {
  readonly width: number
  readonly height: number
  readonly depth: number
}

/** Without waiting for the driver: whether it took it is asked of `FarTexel` later. */
export function allocate(gl: Gl, target: GLenum, layout: TexelLayout, { width, height, depth }: Extent): WebGLTexture {
  const texture = gl.createTexture()
  gl.bindTexture(target, texture)
  gl.texStorage3D(target, 1, layout.internal, width, height, depth)
  setNearest(gl, target)
  return texture
}

const MARK = 77

/**
 * An oversize texture fails without an exception: its farthest texel is written and read back. The answer lies in a
 * buffer once the GPU has come so far; asking for it at once would stop the page while the driver allocates.
 */
export class FarTexel {
  private readonly buffer: WebGLBuffer | null

  constructor(
    private readonly gl: Gl,
    target: GLenum,
    texture: WebGLTexture,
    private readonly layout: TexelLayout,
    { width, height, depth }: Extent,
  ) {
    const [x, y, z] = [width - 1, height - 1, depth - 1]
    const write = (value: number): void => {
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
      gl.texSubImage3D(target, 0, x, y, z, 1, 1, 1, layout.format, layout.type, oneTexel(layout, value))
    }
    gl.bindTexture(target, texture)
    write(MARK)
    // Float textures can be read with an extension only; without it the error flag must do.
    const readable = layout.sample !== 'float' || gl.getExtension('EXT_color_buffer_float') !== null
    this.buffer = readable ? this.read(texture, x, y, z) : null
    write(0)
  }

  /** To be asked when the GPU is done; frees what it holds. */
  wasKept(): boolean {
    const { gl, buffer } = this
    // The error flag makes the page wait for all that is queued: the texel alone is enough where it can be read.
    if (buffer === null) return gl.getError() === gl.NO_ERROR
    const out = new Uint32Array(4)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer)
    gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, out)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
    gl.deleteBuffer(buffer)
    const value = this.layout.sample === 'float' ? new Float32Array(out.buffer)[0] : out[0]
    return value === MARK
  }

  private read(texture: WebGLTexture, x: number, y: number, z: number): WebGLBuffer {
    const { gl, layout } = this
    const buffer = gl.createBuffer()
    const framebuffer = gl.createFramebuffer()
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, framebuffer)
    gl.framebufferTextureLayer(gl.READ_FRAMEBUFFER, gl.COLOR_ATTACHMENT0, texture, 0, z)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer)
    gl.bufferData(gl.PIXEL_PACK_BUFFER, 16, gl.STREAM_READ)
    if (layout.sample === 'float') gl.readPixels(x, y, 1, 1, gl.RGBA, gl.FLOAT, 0)
    else gl.readPixels(x, y, 1, 1, gl.RGBA_INTEGER, layout.sample === 'int' ? gl.INT : gl.UNSIGNED_INT, 0)
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null)
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null)
    gl.deleteFramebuffer(framebuffer)
    return buffer
  }
}

function oneTexel(layout: TexelLayout, value: number): Pixels {
  if (layout.sample === 'rgb') return new Uint8Array([value, value, value, value])
  if (layout.sample === 'float') return new Float32Array([value])
  if (layout.sample === 'int') return new Int16Array([value])
  return layout.bytes === 1 ? new Uint8Array([value]) : new Uint16Array([value])
}
