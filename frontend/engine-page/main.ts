import { LabelStore } from '../src/store/label-store'
import { createTools } from '../src/tools/toolbox'
import { instanceColor } from '../src/viewer/lut'
import type { ProposalSource, ViewerImage, ViewerLimits } from '../src/viewer/view-state'
import { Viewer } from '../src/viewer/viewer'

/** Voxels [i0, i1) of row j, slice k become `number`. */
type Run = readonly [k: number, j: number, i0: number, i1: number, number: number]

interface OpenOptions {
  readonly width?: number
  readonly height?: number
  readonly limits?: ViewerLimits
  /** "level/group" whose bytes come with an error. */
  readonly damaged?: string
}

const stage = document.getElementById('stage')
if (stage === null) throw new Error('the page has no stage')

/** One viewer at a time on one element; what tests/e2e/engine/driver.py talks to. */
class EnginePage {
  viewer: Viewer | null = null
  labels: LabelStore | null = null
  readonly refusals: string[] = []
  readonly violations: string[] = []
  private make: (() => Viewer) | null = null

  constructor(private readonly stage: HTMLElement) {
    document.addEventListener('securitypolicyviolation', (event) => {
      this.violations.push(`${event.violatedDirective} ${event.blockedURI}`)
    })
    Object.assign(document.body.style, { margin: '0', background: '#000' })
    Object.assign(stage.style, { position: 'absolute', left: '0', top: '0', overflow: 'hidden' })
  }

  async open(name: string, { width = 640, height = 400, limits = {}, damaged }: OpenOptions = {}): Promise<void> {
    this.viewer?.dispose()
    this.resize(width, height)
    const image = (await (await fetch(`/images/${name}/image`)).json()) as ViewerImage
    const labels = new LabelStore(image.shape)
    this.labels = labels
    this.refusals.length = 0
    const fetchGroup = async (level: number, group: number, signal: AbortSignal): Promise<ArrayBuffer> => {
      const answer = await fetch(`/images/${name}/tiles/${level}/${group}`, { signal })
      if (!answer.ok) throw new Error(`status ${answer.status}`)
      const body = await answer.arrayBuffer()
      const bytes = new Uint8Array(body)
      if (damaged === `${level}/${group}`) bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 255
      return body
    }
    const onRefusal = (reason: string): void => void this.refusals.push(reason)
    this.make = () => new Viewer(this.stage, { image, labels, limits, name, tools: createTools, fetchGroup, onRefusal })
    this.viewer = this.make()
    await this.viewer.settled()
  }

  async again(): Promise<void> {
    this.viewer?.dispose()
    this.viewer = this.make?.() ?? null
    await this.viewer?.settled()
  }

  close(): void {
    this.viewer?.dispose()
    this.viewer = null
  }

  resize(width: number, height: number): void {
    Object.assign(this.stage.style, { width: `${width}px`, height: `${height}px` })
  }

  async paint(runs: readonly Run[]): Promise<void> {
    const stroke = this.labels?.beginStroke('test')
    for (const run of runs) stroke?.fillRun(...run)
    stroke?.commit()
    await this.viewer?.settled()
  }

  /** Puts the numbers of a whole slice (u16 in base64) into a layer, as tiles from the server are. */
  async load(k: number, layer: number, base64: string): Promise<void> {
    const { labels } = this
    if (labels === null) throw new Error('no picture is open')
    const [, rows, columns] = labels.shape
    const numbers = new Uint16Array(Uint8Array.fromBase64(base64).buffer)
    for (let tj = 0; tj * 256 < rows; tj++) {
      for (let ti = 0; ti * 256 < columns; ti++) {
        const [width, height] = [Math.min(256, columns - ti * 256), Math.min(256, rows - tj * 256)]
        const voxels = new Uint16Array(width * height)
        for (let y = 0; y < height; y++) {
          const start = (tj * 256 + y) * columns + ti * 256
          voxels.set(numbers.subarray(start, start + width), y * width)
        }
        labels.replaceTile({ layer, k, tj, ti }, voxels)
      }
    }
    await this.viewer?.settled()
  }

  /** A proposal of local number 1 in a voxel box of every slice. */
  propose(box: readonly [i0: number, j0: number, i1: number, j1: number], color: string): void {
    const columns = this.labels?.shape[2] ?? 0
    const rows = this.labels?.shape[1] ?? 0
    const tile: ProposalSource['tile'] = (_k, tj, ti) => {
      const [width, height] = [Math.min(256, columns - ti * 256), Math.min(256, rows - tj * 256)]
      const voxels = new Uint16Array(width * height)
      for (let p = 0; p < voxels.length; p++) {
        const [i, j] = [ti * 256 + (p % width), tj * 256 + Math.floor(p / width)]
        if (i >= box[0] && i < box[2] && j >= box[1] && j < box[3]) voxels[p] = 1
      }
      return voxels
    }
    this.viewer?.setProposal({ tile }, [{ number: 1, color }])
  }

  get gl(): WebGL2RenderingContext {
    const gl = this.stage.querySelector('canvas')?.getContext('webgl2')
    if (gl === null || gl === undefined) throw new Error('there is no WebGL2 canvas')
    return gl
  }

  /** All pixels of the picture, without the overlay: RGBA in base64, the lowest row first. */
  picture(): { width: number; height: number; base64: string } {
    const { gl } = this
    const { drawingBufferWidth: width, drawingBufferHeight: height } = gl
    const pixels = new Uint8Array(width * height * 4)
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null)
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels)
    return { width, height, base64: pixels.toBase64() }
  }

  /** The numbers of a slice as the store has them: u16 in base64. */
  labelSlice(k: number): string {
    const { labels } = this
    if (labels === null) throw new Error('no picture is open')
    const [, rows, columns] = labels.shape
    const numbers = new Uint16Array(rows * columns)
    for (let p = 0; p < numbers.length; p++) numbers[p] = labels.labelAt(p % columns, Math.floor(p / columns), k)
    return new Uint8Array(numbers.buffer).toBase64()
  }

  /** RGB of numbers 1 to `last`, in base64. */
  instanceColors(last: number): string {
    const bytes = new Uint8Array(3 * last)
    for (let n = 1; n <= last; n++) bytes.set(instanceColor(n), 3 * n - 3)
    return bytes.toBase64()
  }

  /** Pans by whole pixels until a voxel is at a place of the window. */
  async moveTo(i: number, j: number, x: number, y: number): Promise<void> {
    const here = this.viewer?.project(i, j) ?? { x, y }
    this.viewer?.panBy(Math.round(x - here.x), Math.round(y - here.y))
    await this.viewer?.settled()
  }
}

declare global {
  // Newer than the library that TypeScript 5.9 knows.
  interface Uint8Array {
    toBase64(): string
  }
  interface Uint8ArrayConstructor {
    fromBase64(text: string): Uint8Array<ArrayBuffer>
  }
  interface Window {
    engine: EnginePage
  }
}

window.engine = new EnginePage(stage)
