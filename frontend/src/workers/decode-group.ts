import { parseGroup } from './group-body'
import { inflateExactly } from './inflate'
import type { DecodedTile, DecodeReply, DecodeRequest, FailedTile } from './messages'
import { decodePlanes, planeBytes } from './pz1'

/** Decodes a group, tile after tile (faster than all at once); a bad tile does not take its neighbours with it. */
export async function decodeGroup({ id, body, format }: DecodeRequest): Promise<DecodeReply> {
  const tiles: DecodedTile[] = []
  const failed: FailedTile[] = []
  try {
    for (const { k, tj, ti, width, height, payload } of parseGroup(body, format.shape, format.tile)) {
      try {
        const planes = await inflateExactly(payload, planeBytes(format, width, height))
        tiles.push({ k, tj, ti, width, height, pixels: decodePlanes(planes, format, width, height) })
      } catch (error) {
        failed.push({ k, tj, ti, reason: wordsOf(error) })
      }
    }
  } catch (error) {
    return { id, tiles, failed, broken: wordsOf(error) }
  }
  return { id, tiles, failed, broken: null }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
