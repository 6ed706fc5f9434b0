import type { PixelFormat, Pixels } from '../workers/pz1'
import { clearErrors, type Gl, setNearest } from './gl'

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

/**
 * Allocates a 3-D or array texture, or returns null when the driver refuses. An oversize texture fails without an
 * exception, so the limits are read, the error flag is checked and the farthest texel is written and read back.
 */
export function allocate(
  gl: Gl,
  target: GLenum,
  layout: TexelLayout,
  { width, height, depth }: Extent,
): WebGLTexture | null {
  clearErrors(gl)
  const texture = gl.createTexture()
  gl.bindTexture(target, texture)
  gl.texStorage3D(target, 1, layout.internal, width, height, depth)
  setNearest(gl, target)
  const refused = gl.getError() !== gl.NO_ERROR
  if (!refused && keepsFarTexel(gl, target, texture, layout, { width, height, depth })) return texture
  gl.deleteTexture(texture)
  clearErrors(gl)
  return null
}

function keepsFarTexel(gl: Gl, target: GLenum, texture: WebGLTexture, layout: TexelLayout, extent: Extent): boolean {
  const [x, y, z] = [extent.width - 1, extent.height - 1, extent.depth - 1]
  const write = (value: number): void => {
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    gl.texSubImage3D(target, 0, x, y, z, 1, 1, 1, layout.format, layout.type, oneTexel(layout, value))
  }
  write(77)
  const framebuffer = gl.createFramebuffer()
  gl.bindFramebuffer(gl.READ_FRAMEBUFFER, framebuffer)
  gl.framebufferTextureLayer(gl.READ_FRAMEBUFFER, gl.COLOR_ATTACHMENT0, texture, 0, z)
  let kept = gl.getError() === gl.NO_ERROR
  // Float textures are readable only with an extension; their error flag must do.
  if (kept && gl.checkFramebufferStatus(gl.READ_FRAMEBUFFER) === gl.FRAMEBUFFER_COMPLETE) {
    kept = readTexel(gl, layout, x, y) === 77
  }
  gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null)
  gl.deleteFramebuffer(framebuffer)
  write(0)
  return kept && gl.getError() === gl.NO_ERROR
}

function oneTexel(layout: TexelLayout, value: number): Pixels {
  if (layout.sample === 'rgb') return new Uint8Array([value, value, value, value])
  if (layout.sample === 'float') return new Float32Array([value])
  if (layout.sample === 'int') return new Int16Array([value])
  return layout.bytes === 1 ? new Uint8Array([value]) : new Uint16Array([value])
}

function readTexel(gl: Gl, layout: TexelLayout, x: number, y: number): number | undefined {
  if (layout.sample === 'float') {
    const out = new Float32Array(4)
    gl.readPixels(x, y, 1, 1, gl.RGBA, gl.FLOAT, out)
    return out[0]
  }
  if (layout.sample === 'int') {
    const out = new Int32Array(4)
    gl.readPixels(x, y, 1, 1, gl.RGBA_INTEGER, gl.INT, out)
    return out[0]
  }
  const out = new Uint32Array(4)
  gl.readPixels(x, y, 1, 1, gl.RGBA_INTEGER, gl.UNSIGNED_INT, out)
  return out[0]
}
