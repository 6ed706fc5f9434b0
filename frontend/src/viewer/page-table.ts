import { type Gl, setNearest } from './gl'

/** A small texture that says where each tile is: 0 is "not here", else page + 1. Uploaded only when it changed. */
export class PageTable {
  readonly texture: WebGLTexture
  private entries: Uint16Array
  private uploaded: Uint16Array | null = null

  constructor(
    private readonly gl: Gl,
    private readonly width: number,
    private readonly height: number,
    private readonly layers: number,
  ) {
    this.entries = new Uint16Array(width * height * layers)
    this.texture = gl.createTexture()
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.texture)
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.R16UI, width, height, layers)
    setNearest(gl, gl.TEXTURE_2D_ARRAY)
  }

  clear(): void {
    this.entries.fill(0)
  }

  set(x: number, y: number, layer: number, entry: number): void {
    this.entries[(layer * this.height + y) * this.width + x] = entry
  }

  /** Sends the table; true when it differs from the one before. */
  flush(): boolean {
    const before = this.uploaded
    if (before?.every((entry, at) => entry === this.entries[at])) return false
    const { gl, width, height, layers } = this
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.texture)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    gl.texSubImage3D(
      gl.TEXTURE_2D_ARRAY,
      0,
      0,
      0,
      0,
      width,
      height,
      layers,
      gl.RED_INTEGER,
      gl.UNSIGNED_SHORT,
      this.entries,
    )
    this.uploaded = this.entries.slice()
    return true
  }

  dispose(): void {
    this.gl.deleteTexture(this.texture)
  }
}
