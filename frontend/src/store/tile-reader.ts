import { ApiProblem } from '../api/http'
import type { SegmentationApi } from '../api/segmentations'
import { decodeTilesBody, type TilesBody } from '../labelmap/tiles-body'
import { type Clock, pauseMs } from './clock'
import type { Ground } from './ground'
import type { LabelStore } from './label-store'

export interface ReaderParts {
  readonly api: SegmentationApi
  readonly ground: Ground
  readonly labels: LabelStore
  readonly segmentationId: string
  readonly clock: Clock
  /** The renumbering that the ground follows. */
  readonly numbering: () => number
}

/** `renumbered`: the server uses other numbers than the ground, and nothing was taken over. */
export type ReadResult = 'read' | 'failed' | 'signedOut' | 'renumbered'

/** Knows when the server has, or may have, more than the ground, and reads it. */
export class TileReader {
  private isWanted = false
  private isWholeWanted = false
  private announced = 0
  private failures = 0
  private notBefore = 0

  constructor(private readonly parts: ReaderParts) {}

  get isNeeded(): boolean {
    return this.isWanted || this.announced > this.parts.ground.seq
  }

  get isFailing(): boolean {
    return this.failures > 0
  }

  /** `isWhole`: nothing that is known counts any more. */
  want(isWhole = false): void {
    this.isWanted = true
    this.isWholeWanted ||= isWhole
  }

  /** A revision was announced; our own may be, before its answer. */
  notice(seq: number): void {
    this.announced = Math.max(this.announced, seq)
  }

  /** Tries at once, as if nothing had failed. */
  hurry(): void {
    this.notBefore = 0
    this.failures = 0
  }

  /** `isQuiet`: no save is under way whose answer may tell the same. */
  isDue(isQuiet: boolean): boolean {
    if (this.parts.clock.now() < this.notBefore) return false
    return this.isWanted || (isQuiet && this.announced > this.parts.ground.seq)
  }

  /** How long a read that failed has to wait. */
  get pauseMs(): number {
    return Math.max(0, this.notBefore - this.parts.clock.now())
  }

  async read(isActive: () => boolean): Promise<ReadResult> {
    const { api, ground, labels, segmentationId } = this.parts
    const isWhole = this.isWholeWanted
    const since = isWhole ? 0 : ground.seq
    const { announced } = this
    this.isWanted = false
    this.isWholeWanted = false
    try {
      const tiles = await api.readTiles(segmentationId, since)
      const body = await decodeTilesBody(tiles.bytes, labels.shape)
      if (!isActive()) return 'failed'
      if (tiles.numbering !== this.parts.numbering()) return 'renumbered'
      if (body.seq < ground.seq && !isWhole) this.want(true)
      else await this.take(body, isWhole)
    } catch (cause) {
      return this.failed(cause, isWhole)
    }
    if (this.announced === announced) this.announced = 0
    this.failures = 0
    // A server that has gone back behind what it told us, as after a restore from a backup, is read once more, from the start.
    return this.isWholeWanted ? this.read(isActive) : 'read'
  }

  private take(body: TilesBody, isWhole: boolean): Promise<void> {
    const { ground, labels } = this.parts
    return new Promise((resolve, reject) => {
      labels.whenIdle(() => {
        try {
          resolve(ground.apply(body, isWhole))
        } catch (cause) {
          reject(cause)
        }
      })
    })
  }

  private failed(cause: unknown, isWhole: boolean): ReadResult {
    const { clock } = this.parts
    this.want(isWhole)
    if (cause instanceof ApiProblem && cause.status === 401) return 'signedOut'
    this.failures += 1
    this.notBefore = clock.now() + pauseMs(this.failures, clock)
    return 'failed'
  }
}
