import { type Gl, GlError, isSoftware, openContext, rendererName } from './gl'
import { createImageTextures, storagePlans } from './image-textures'
import type { LutBytes } from './lut'
import type { Pyramid } from './pyramid'
import { Scene, UPLOAD_UNIT } from './scene'
import type { ViewerImage, ViewerLimits } from './view-state'

const GPU_BYTES = 2 ** 30
const LOSS_WINDOW_MS = 60_000
const LOSSES_TO_SHRINK = 3

export interface GlViewEvents {
  onLost(): void
  /** There is a scene again, and nothing in it yet. */
  onRestored(): void
}

/** The WebGL canvas, its context and the scene on it; survives the loss of the context. */
export class GlView {
  readonly gl: Gl
  readonly renderer: string
  readonly software: boolean
  scene: Scene | null = null
  losses = 0
  private readonly recentLosses: number[] = []
  private gpuBytes: number
  /** Ways to hold the image that the driver refused. */
  private refusals = 0
  private readonly luts = new Map<'segments' | 'proposal', LutBytes>()
  private readonly abort = new AbortController()

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly image: ViewerImage,
    private readonly pyramid: Pyramid,
    private readonly limits: ViewerLimits,
    private readonly events: GlViewEvents,
  ) {
    this.gl = openContext(canvas)
    this.renderer = rendererName(this.gl)
    this.software = isSoftware(this.renderer)
    this.gpuBytes = limits.gpuBytes ?? GPU_BYTES
    const { signal } = this.abort
    canvas.addEventListener(
      'webglcontextlost',
      (event) => {
        event.preventDefault() // otherwise it never comes back
        this.noteLoss()
        this.scene = null
        events.onLost()
      },
      { signal },
    )
    canvas.addEventListener(
      'webglcontextrestored',
      () => {
        this.scene = this.build()
        events.onRestored()
      },
      { signal },
    )
  }

  /** Makes the textures: the graphics process is busy for a while, and whatever asks it something waits. */
  start(): void {
    this.scene = this.build()
  }

  setLut(which: 'segments' | 'proposal', bytes: LutBytes): void {
    this.luts.set(which, bytes)
    this.scene?.setLut(which, bytes)
  }

  /** Calls back when the GPU has done all that was asked so far. */
  whenDone(done: () => void): void {
    const { gl } = this
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
    if (fence === null) {
      done()
      return
    }
    gl.flush()
    const poll = (): void => {
      const status = gl.isContextLost() ? gl.CONDITION_SATISFIED : gl.clientWaitSync(fence, 0, 0)
      if (status === gl.TIMEOUT_EXPIRED && !this.abort.signal.aborted) {
        setTimeout(poll, 1)
        return
      }
      gl.deleteSync(fence)
      done()
    }
    setTimeout(poll, 0)
  }

  /** The colour at a device pixel of the canvas, from its upper left corner. */
  readPixel(x: number, y: number): [r: number, g: number, b: number, a: number] {
    const { gl } = this
    const out = new Uint8Array(4)
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null)
    gl.readPixels(x, gl.drawingBufferHeight - 1 - y, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, out)
    return [out[0] ?? 0, out[1] ?? 0, out[2] ?? 0, out[3] ?? 0]
  }

  dispose(): void {
    this.abort.abort()
    this.scene?.dispose()
    this.scene = null
    // Browsers keep only so many contexts: give this one back now, not when it is collected.
    this.gl.getExtension('WEBGL_lose_context')?.loseContext()
  }

  private build(): Scene {
    const { gl } = this
    const max3dTexture = Math.min(
      this.limits.max3dTexture ?? Number.POSITIVE_INFINITY,
      gl.getParameter(gl.MAX_3D_TEXTURE_SIZE) as number,
    )
    gl.activeTexture(gl.TEXTURE0 + UPLOAD_UNIT)
    const plans = storagePlans(gl, this.image, this.pyramid, { gpuBytes: this.gpuBytes, max3dTexture })
    const plan = plans[this.refusals]
    if (plan === undefined) throw new GlError('the graphics driver has no memory for a single tile')
    const { textures, check } = createImageTextures(gl, this.image, this.pyramid, plan)
    const scene = new Scene(gl, textures, this.pyramid)
    for (const [which, bytes] of this.luts) scene.setLut(which, bytes)
    this.whenDone(() => {
      if (this.scene === scene && !check.wasKept()) this.fallBack(scene)
    })
    return scene
  }

  /** The driver did not keep the textures: the next smaller way. */
  private fallBack(scene: Scene): void {
    if (this.gl.isContextLost()) return
    scene.dispose()
    this.refusals++
    this.scene = this.build()
    this.events.onRestored()
  }

  /** A driver that keeps failing gets less to hold. */
  private noteLoss(): void {
    this.losses++
    const now = performance.now()
    this.recentLosses.push(now)
    const recent = this.recentLosses.filter((at) => now - at < LOSS_WINDOW_MS)
    if (recent.length >= LOSSES_TO_SHRINK) {
      this.gpuBytes /= 2
      this.recentLosses.length = 0
    }
  }
}
