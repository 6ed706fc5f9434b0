import { type Gl, linkProgram } from './gl'

/** A linked program with its uniforms' places remembered. */
export class Program {
  private readonly program: WebGLProgram
  private readonly places = new Map<string, WebGLUniformLocation | null>()

  constructor(
    private readonly gl: Gl,
    vertex: string,
    fragment: string,
  ) {
    this.program = linkProgram(gl, vertex, fragment)
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
