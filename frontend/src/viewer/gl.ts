/** Small pieces of WebGL2 that every part needs. */

export type Gl = WebGL2RenderingContext

export class GlError extends Error {
  override readonly name = 'GlError'
}

export function openContext(canvas: HTMLCanvasElement): Gl {
  const gl = canvas.getContext('webgl2', {
    alpha: false,
    antialias: false,
    depth: false,
    stencil: false,
    // Only the changed part of the picture is drawn again; the rest must still be there.
    preserveDrawingBuffer: true,
    powerPreference: 'high-performance',
  })
  if (gl === null) throw new GlError('this browser has no WebGL2')
  return gl
}

export function rendererName(gl: Gl): string {
  const debug = gl.getExtension('WEBGL_debug_renderer_info')
  return String(gl.getParameter(debug === null ? gl.RENDERER : debug.UNMASKED_RENDERER_WEBGL))
}

/** Renderers that compute on the processor: the picture is the same, frames must be cheaper. */
export function isSoftware(renderer: string): boolean {
  return /swiftshader|llvmpipe|softpipe|basic render|software/i.test(renderer)
}

/** Starts to compile and link; whether it worked is asked when it is done, or the page would wait for it. */
export function startProgram(gl: Gl, vertex: string, fragment: string): WebGLProgram {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(type)
    if (shader === null) throw new GlError('a shader could not be made')
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  return program
}

/** Throws the compiler's words when a program did not link. */
export function requireLinked(gl: Gl, program: WebGLProgram): void {
  if (gl.getProgramParameter(program, gl.LINK_STATUS) || gl.isContextLost()) return
  const shaders = gl.getAttachedShaders(program) ?? []
  const words = shaders.map((shader) => gl.getShaderInfoLog(shader) ?? '').join(' ')
  throw new GlError(`a program does not link: ${gl.getProgramInfoLog(program) ?? ''} ${words}`)
}

/** Integer textures cannot be filtered; floats are read by texel as well, so everything is NEAREST. */
export function setNearest(gl: Gl, target: GLenum): void {
  gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
  gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
  gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
  gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
  gl.texParameteri(target, gl.TEXTURE_WRAP_R, gl.CLAMP_TO_EDGE)
}
