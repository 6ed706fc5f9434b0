import { type Camera, projectBox, type Rect, type SliceTransform, unproject, unprojectStep } from '../geometry/camera'
import { type Gl, setNearest } from './gl'
import type { ImageTextures } from './image-textures'
import { LabelTextures, PROPOSAL_SLOT } from './label-textures'
import type { LutBytes } from './lut'
import { Program } from './program'
import type { Pyramid } from './pyramid'
import { imageFragment, labelFragment, MAX_LEVELS, VERTEX } from './shaders'

/** All that a frame depends on, apart from the textures. */
export interface FrameInput {
  readonly camera: Camera
  readonly transform: SliceTransform
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

/** The canvas, which may have fewer pixels than the screen while things move. */
interface Target {
  readonly width: number
  readonly height: number
  /** Target pixels of a CSS pixel. */
  readonly scale: number
}

/** Uploads bind here: no sampler of another kind reads it. */
export const UPLOAD_UNIT = 7

/** Everything on the GPU for one view; after a lost context a new one is made. */
export class Scene {
  readonly labels: LabelTextures
  private readonly imagePrograms = new Map<string, Program>()
  private readonly labelPrograms = new Map<'segments' | 'proposal', Program>()
  private readonly lut: WebGLTexture
  private readonly proposalLut: WebGLTexture

  constructor(
    readonly gl: Gl,
    readonly image: ImageTextures,
    private readonly pyramid: Pyramid,
  ) {
    this.labels = new LabelTextures(gl, pyramid.base.shape)
    this.lut = makeLutTexture(gl)
    // What nearly every image needs is compiled while its first tile is on the way; labels wait until there are some.
    this.imageProgram(true, true)
    this.proposalLut = makeLutTexture(gl)
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

  /** Whether all programs of the next frame are compiled; starts those that are not. */
  isReady({ linear, labelsVisible }: FrameInput): boolean {
    const programs = this.image.empty ? [] : [this.imageProgram(linear, this.image.complete)]
    if (labelsVisible) for (const slot of this.labels.occupied.keys()) programs.push(this.labelProgram(kindOf(slot)))
    return programs.every((program) => program.ready)
  }

  /** Draws the view, or only `part` of it (CSS pixels). */
  draw(input: FrameInput, part: Rect | null): void {
    const { gl } = this
    const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight]
    const target: Target = { width, height, scale: width / input.camera.width }
    gl.viewport(0, 0, target.width, target.height)
    gl.enable(gl.SCISSOR_TEST)
    const whole = part ?? { x0: 0, y0: 0, x1: input.camera.width, y1: input.camera.height }
    if (this.clip(target, whole, null)) {
      gl.clearColor(0, 0, 0, 1)
      gl.clear(gl.COLOR_BUFFER_BIT)
    }
    const [, rows, columns] = this.pyramid.base.shape
    const slice = projectBox(input.camera, input.transform, { x0: 0, y0: 0, x1: columns, y1: rows })
    if (!this.image.empty && this.clip(target, whole, slice)) this.drawImage(input, target)
    if (input.labelsVisible) this.drawLabels(input, target, whole)
    gl.disable(gl.SCISSOR_TEST)
  }

  dispose(): void {
    const { gl } = this
    this.image.dispose()
    this.labels.dispose()
    gl.deleteTexture(this.lut)
    gl.deleteTexture(this.proposalLut)
    for (const program of [...this.imagePrograms.values(), ...this.labelPrograms.values()]) program.dispose()
  }

  private drawImage(input: FrameInput, target: Target): void {
    const { gl, image, pyramid } = this
    const level = Math.min(input.level, MAX_LEVELS - 1, pyramid.coarsest)
    const program = this.imageProgram(input.linear, image.complete)
    program.use()
    this.setView(program, input, target)
    this.bindTexture(
      program,
      'u_image',
      0,
      image.mode === 'volume' ? gl.TEXTURE_3D : gl.TEXTURE_2D_ARRAY,
      image.texture,
    )
    this.bindTexture(program, 'u_table', 1, gl.TEXTURE_2D_ARRAY, image.table.texture)
    this.setLevels(program, level, image.complete)
    gl.uniform1i(program.at('u_k'), input.k)
    gl.uniform2f(program.at('u_rescale'), ...input.rescale)
    // The edges are exactly centre ± width / 2 (VOI LUT function LINEAR_EXACT): widths below 1 are common in float images.
    gl.uniform2f(program.at('u_window'), input.window.center - input.window.width / 2, 1 / input.window.width)
    gl.uniform1f(program.at('u_invert'), input.invert ? 1 : 0)
    gl.drawArrays(gl.TRIANGLES, 0, 3)
    gl.activeTexture(gl.TEXTURE0 + UPLOAD_UNIT)
  }

  private setLevels(program: Program, level: number, complete: boolean): void {
    const { gl } = this
    const levels = this.pyramid.levels.slice(0, MAX_LEVELS)
    const used = complete ? levels.slice(level, level + 1) : levels
    const name = complete ? '' : '[0]'
    const sizes = used.flatMap(({ shape }) => [shape[2], shape[1]])
    const scales = used.map((_, at) => 2 ** -(complete ? level : at))
    gl.uniform2iv(program.at(`u_levelSize${name}`), sizes)
    gl.uniform1fv(program.at(`u_levelScale${name}`), scales)
    gl.uniform1i(program.at('u_levels'), levels.length)
    gl.uniform1i(program.at('u_level'), level)
  }

  /** Layer over layer, each only where it has tiles; the proposal on top. */
  private drawLabels(input: FrameInput, target: Target, whole: Rect): void {
    const { gl } = this
    gl.enable(gl.BLEND)
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ZERO, gl.ONE)
    for (const [slot, box] of this.labels.occupied) {
      if (!this.clip(target, whole, projectBox(input.camera, input.transform, box))) continue
      const kind = kindOf(slot)
      const program = this.labelProgram(kind)
      program.use()
      this.setView(program, input, target)
      this.bindTexture(program, 'u_labels', 0, gl.TEXTURE_2D_ARRAY, this.labels.pages)
      this.bindTexture(program, 'u_labelTable', 1, gl.TEXTURE_2D_ARRAY, this.labels.table.texture)
      this.bindTexture(program, 'u_lut', 2, gl.TEXTURE_2D, kind === 'proposal' ? this.proposalLut : this.lut)
      gl.uniform1i(program.at('u_slot'), slot)
      gl.uniform1f(program.at('u_fill'), input.fill)
      gl.uniform1f(program.at('u_outline'), input.outlinePx * target.scale)
      gl.uniform1f(program.at('u_css'), 1 / target.scale)
      gl.drawArrays(gl.TRIANGLES, 0, 3)
    }
    gl.disable(gl.BLEND)
    gl.activeTexture(gl.TEXTURE0 + UPLOAD_UNIT)
  }

  private setView(program: Program, { camera, transform }: FrameInput, target: Target): void {
    const { gl } = this
    const css = 1 / target.scale
    const [, rows, columns] = this.pyramid.base.shape
    gl.uniform1f(program.at('u_height'), target.height)
    gl.uniform2f(program.at('u_origin'), ...unproject(camera, transform, 0, 0))
    gl.uniform2f(program.at('u_across'), ...unprojectStep(camera, transform, css, 0))
    gl.uniform2f(program.at('u_down'), ...unprojectStep(camera, transform, 0, css))
    gl.uniform2i(program.at('u_size'), columns, rows)
  }

  private bindTexture(program: Program, name: string, unit: number, kind: GLenum, texture: WebGLTexture): void {
    const { gl } = this
    gl.activeTexture(gl.TEXTURE0 + unit)
    gl.bindTexture(kind, texture)
    gl.uniform1i(program.at(name), unit)
  }

  /** Sets the scissor to the target pixels whose centres lie in both boxes (CSS pixels); false when there are none. */
  private clip(target: Target, a: Rect, b: Rect | null): boolean {
    const pixel = (css: number): number => Math.round(css * target.scale)
    const x0 = Math.max(0, Math.floor(a.x0 * target.scale), b === null ? 0 : pixel(b.x0))
    const y0 = Math.max(0, Math.floor(a.y0 * target.scale), b === null ? 0 : pixel(b.y0))
    const x1 = Math.min(target.width, Math.ceil(a.x1 * target.scale), b === null ? target.width : pixel(b.x1))
    const y1 = Math.min(target.height, Math.ceil(a.y1 * target.scale), b === null ? target.height : pixel(b.y1))
    if (x1 <= x0 || y1 <= y0) return false
    this.gl.scissor(x0, target.height - y1, x1 - x0, y1 - y0)
    return true
  }

  private imageProgram(linear: boolean, complete: boolean): Program {
    const name = `${linear} ${complete}`
    let program = this.imagePrograms.get(name)
    if (program === undefined) {
      const tileShift = Math.log2(this.pyramid.tile)
      const { mode, sample } = this.image
      program = new Program(this.gl, VERTEX, imageFragment({ mode, sample, linear, complete, tileShift }))
      this.imagePrograms.set(name, program)
    }
    return program
  }

  private labelProgram(kind: 'segments' | 'proposal'): Program {
    let program = this.labelPrograms.get(kind)
    if (program === undefined) {
      program = new Program(this.gl, VERTEX, labelFragment(kind))
      this.labelPrograms.set(kind, program)
    }
    return program
  }
}

type LabelKind = 'segments' | 'proposal'

function kindOf(slot: number): LabelKind {
  return slot === PROPOSAL_SLOT ? 'proposal' : 'segments'
}

function makeLutTexture(gl: Gl): WebGLTexture {
  const texture = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8UI, 256, 256)
  setNearest(gl, gl.TEXTURE_2D)
  return texture
}
