import { decodeGroup } from './decode-group'
import type { DecodeRequest } from './messages'

/** Off-thread: body in, tiles out; the buffers are handed over, never copied. */
addEventListener('message', (event: MessageEvent<DecodeRequest>) => {
  void decodeGroup(event.data).then((reply) => {
    postMessage(reply, { transfer: reply.tiles.map((tile) => tile.pixels.buffer) })
  })
})
