import { type Camera, type Rect, type SliceTransform, unproject, unprojectStep } from '../geometry/camera'
import type { Shape } from '../geometry/grid'
import { type Gl, linkProgram, setNearest } from './gl'
import type { ImageTextures } from './image-textures'
import { LabelTextures } from './label-textures'
import type { LutBytes } from './lut'
import type { Pyramid } from './pyramid'
import { fragmentSource, MAX_LEVELS, VERTEX } from './shaders'

/** All that a frame depends on, apart from the textures. */
export interface FrameInput {
  readonly camera: Camera
  readonly transform: SliceTransform
  readonly dpr: number
  readonly k: number
  readonly level: number
  readonly rescale: readonly [slope: number, intercept: number]
  readonly window: { readonly center: number; readonly width: number }
  readonly invert: boolean
  readonly linear: boolean
  readonly fill: number
  readonly outlinePx: number
  readonly labelsVisible: boolean
}

const UNITS = { image: 0, table: 1, labels: 2, labelTable: 3, lut: 4, proposalLut: 5 } as const

/** Everything on the GPU for one view; after a lost context a new one is made. */
export class Scene {
  readonly labels: LabelTextures
  private readonly program: WebGLProgram
  private readonly uniforms = new Map<string, WebGLUniformLocation | null>()
  private readonly lut: WebGLTexture
  private readonly proposalLut: WebGLTexture
  private reduced: { framebuffer: WebGLFramebuffer; color: WebGLRenderbuffer; width: number; height: number } | null =
    null

  constructor(
    readonly gl: Gl,
    readonly image: ImageTextures,
    private readonly pyramid: Pyramid,
    shape: Shape,
  ) {
    this.program = linkProgram(gl, VERTEX, fragmentSource(image.mode, image.sample))
    this.labels = new LabelTextures(gl, shape)
    this.lut = makeLutTexture(gl)
    this.proposalLut = makeLutTexture(gl)
    this.setConstants()
  }

  get bytes(): number {
    return this.image.bytes + this.labels.bytes
  }

  setLut(which: 'segments' | 'proposal', bytes: LutBytes): void {
    const { gl } = this
    gl.bindTexture(gl.TEXTURE_2D, which === 'segments' ? this.lut : this.proposalLut)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 256, 256, gl.RGBA_INTEGER, gl.UNSIGNED_BYTE, bytes)
  }

  /** Draws the view, or only `part` of it (CSS pixels); `quality` below 1 draws fewer pixels and stretches them. */
  draw(input: FrameInput, part: Rect | null, quality: number): void {
    const { gl } = this
    const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight]
    const reducedTo = quality < 1 ? this.target(Math.ceil(width * quality), Math.ceil(height * quality)) : null
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, reducedTo?.framebuffer ?? null)
    const [w, h] = reducedTo === null ? [width, height] : [reducedTo.width, reducedTo.height]
    gl.viewport(0, 0, w, h)
    this.bind()
    this.setView(input, width / w, h)
    if (part === null) gl.disable(gl.SCISSOR_TEST)
    else this.scissor(part, input.dpr * (w / width), h)
    gl.drawArrays(gl.TRIANGLES, 0, 3)
    gl.disable(gl.SCISSOR_TEST)
    if (reducedTo === null) return
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, reducedTo.framebuffer)
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null)
    gl.blitFramebuffer(0, 0, w, h, 0, 0, width, height, gl.COLOR_BUFFER_BIT, gl.LINEAR)
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null)
  }

  dispose(): void {
    const { gl } = this
    this.image.dispose()
    this.labels.dispose()
    gl.deleteTexture(this.lut)
    gl.deleteTexture(this.proposalLut)
    gl.deleteProgram(this.program)
    this.dropTarget()
  }

  private scissor(part: Rect, scale: number, height: number): void {
    const { gl } = this
    const [x0, x1] = [Math.floor(part.x0 * scale), Math.ceil(part.x1 * scale)]
    const [y0, y1] = [Math.floor(part.y0 * scale), Math.ceil(part.y1 * scale)]
    gl.enable(gl.SCISSOR_TEST)
    gl.scissor(x0, height - y1, Math.max(0, x1 - x0), Math.max(0, y1 - y0))
  }

  private bind(): void {
    const { gl } = this
    gl.useProgram(this.program)
    const textures = [
      [UNITS.image, this.image.mode === 'volume' ? gl.TEXTURE_3D : gl.TEXTURE_2D_ARRAY, this.image.texture],
      [UNITS.table, gl.TEXTURE_2D_ARRAY, this.image.table.texture],
      [UNITS.labels, gl.TEXTURE_2D_ARRAY, this.labels.pages],
      [UNITS.labelTable, gl.TEXTURE_2D_ARRAY, this.labels.table.texture],
      [UNITS.lut, gl.TEXTURE_2D, this.lut],
      [UNITS.proposalLut, gl.TEXTURE_2D, this.proposalLut],
    ] as const
    for (const [unit, target, texture] of textures) {
      gl.activeTexture(gl.TEXTURE0 + unit)
      gl.bindTexture(target, texture)
    }
    // Uploads bind to a unit that no sampler of another kind reads.
    gl.activeTexture(gl.TEXTURE0 + 7)
  }

  private setConstants(): void {
    const { gl } = this
    gl.useProgram(this.program)
    gl.uniform1i(this.at('u_image'), UNITS.image)
    gl.uniform1i(this.at('u_table'), UNITS.table)
    gl.uniform1i(this.at('u_labels'), UNITS.labels)
    gl.uniform1i(this.at('u_labelTable'), UNITS.labelTable)
    gl.uniform1i(this.at('u_lut'), UNITS.lut)
    gl.uniform1i(this.at('u_proposalLut'), UNITS.proposalLut)
    const [, rows, columns] = this.pyramid.base.shape
    gl.uniform2i(this.at('u_size'), columns, rows)
    gl.uniform1i(this.at('u_tile'), this.pyramid.tile)
    const levels = this.pyramid.levels.slice(0, MAX_LEVELS)
    gl.uniform1i(this.at('u_levels'), levels.length)
    gl.uniform2iv(
      this.at('u_levelSize[0]'),
      levels.flatMap(({ shape }) => [shape[2], shape[1]]),
    )
    gl.activeTexture(gl.TEXTURE0 + 7)
  }

  private setView(input: FrameInput, pixel: number, height: number): void {
    const { gl } = this
    const { camera, transform, dpr, window } = input
    const css = pixel / dpr // CSS pixels of a target pixel
    const origin = unproject(camera, transform, 0, 0)
    const across = unprojectStep(camera, transform, css, 0)
    const down = unprojectStep(camera, transform, 0, css)
    gl.uniform1f(this.at('u_height'), height)
    gl.uniform2f(this.at('u_origin'), ...origin)
    gl.uniform2f(this.at('u_across'), ...across)
    gl.uniform2f(this.at('u_down'), ...down)
    gl.uniform1f(this.at('u_pixel'), pixel)
    gl.uniform1f(this.at('u_dpr'), dpr)
    gl.uniform1i(this.at('u_k'), input.k)
    gl.uniform1i(this.at('u_level'), Math.min(input.level, MAX_LEVELS - 1))
    gl.uniform2f(this.at('u_rescale'), ...input.rescale)
    // The edges are exactly centre ± width / 2 (VOI LUT function LINEAR_EXACT): widths below 1 are common in float images.
    gl.uniform2f(this.at('u_window'), window.center - window.width / 2, 1 / window.width)
    gl.uniform1i(this.at('u_invert'), input.invert ? 1 : 0)
    gl.uniform1i(this.at('u_linear'), input.linear ? 1 : 0)
    gl.uniform1i(this.at('u_layers'), input.labelsVisible ? this.labels.activeSlots : 0)
    gl.uniform1i(this.at('u_proposal'), input.labelsVisible && this.labels.hasProposal ? 1 : 0)
    gl.uniform1f(this.at('u_fill'), input.fill)
    gl.uniform1f(this.at('u_outline'), input.outlinePx * dpr)
  }

  private at(name: string): WebGLUniformLocation | null {
    const known = this.uniforms.get(name)
    if (known !== undefined) return known
    const location = this.gl.getUniformLocation(this.program, name)
    this.uniforms.set(name, location)
    return location
  }

  private target(width: number, height: number): { framebuffer: WebGLFramebuffer; width: number; height: number } {
    if (this.reduced?.width === width && this.reduced.height === height) return this.reduced
    this.dropTarget()
    const { gl } = this
    const color = gl.createRenderbuffer()
    gl.bindRenderbuffer(gl.RENDERBUFFER, color)
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, width, height)
    const framebuffer = gl.createFramebuffer()
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer)
    gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, color)
    gl.bindFramebuffer(gl.FRAMEBUFFER, null)
    this.reduced = { framebuffer, color, width, height }
    return this.reduced
  }

  private dropTarget(): void {
    if (this.reduced === null) return
    this.gl.deleteFramebuffer(this.reduced.framebuffer)
    this.gl.deleteRenderbuffer(this.reduced.color)
    this.reduced = null
  }
}

function makeLutTexture(gl: Gl): WebGLTexture {
  const texture = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8UI, 256, 256)
  setNearest(gl, gl.TEXTURE_2D)
  return texture
}
