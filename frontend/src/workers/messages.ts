import type { Shape } from '../geometry/grid'
import type { PixelFormat, Pixels } from './pz1'

/** What a tile group is made of: all that is needed to decode it. */
export interface GroupFormat extends PixelFormat {
  /** Of the level. */
  readonly shape: Shape
  readonly tile: number
}

export interface DecodedTile {
  readonly k: number
  readonly tj: number
  readonly ti: number
  readonly width: number
  readonly height: number
  readonly pixels: Pixels
}

export interface FailedTile {
  readonly k: number
  readonly tj: number
  readonly ti: number
  readonly reason: string
}

export interface DecodeRequest {
  readonly id: number
  readonly body: ArrayBuffer
  readonly format: GroupFormat
}

export interface DecodeReply {
  readonly id: number
  readonly tiles: readonly DecodedTile[]
  readonly failed: readonly FailedTile[]
  /** The group as a whole is unreadable. */
  readonly broken: string | null
}
