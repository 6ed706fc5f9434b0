import { type Gl, requireLinked, startProgram } from './gl'

/** A program that may still be compiling, with its uniforms' places remembered. */
export class Program {
  private readonly program: WebGLProgram
  private readonly places = new Map<string, WebGLUniformLocation | null>()
  private linked = false

  constructor(
    private readonly gl: Gl,
    vertex: string,
    fragment: string,
  ) {
    this.program = startProgram(gl, vertex, fragment)
  }

  /** Whether it can be used without waiting; throws when it does not link. */
  get ready(): boolean {
    if (this.linked) return true
    const { gl } = this
    const parallel = gl.getExtension('KHR_parallel_shader_compile')
    if (parallel !== null && !gl.getProgramParameter(this.program, parallel.COMPLETION_STATUS_KHR)) return false
    requireLinked(gl, this.program)
    this.linked = true
    return true
  }

  use(): void {
    this.gl.useProgram(this.program)
  }

  at(name: string): WebGLUniformLocation | null {
    const known = this.places.get(name)
    if (known !== undefined) return known
    const place = this.gl.getUniformLocation(this.program, name)
    this.places.set(name, place)
    return place
  }

  dispose(): void {
    this.gl.deleteProgram(this.program)
  }
}
