import { expect, test } from 'vitest'
import type { Outcome, UploadItem } from '../../api/uploads'
import { filterRows, importRows } from './import-rows'
import type { FileState, QueueState } from './upload-queue'

function item(outcome: Outcome): UploadItem {
  return {
    id: outcome,
    file: outcome,
    outcome,
    reason: null,
    code: null,
    image_id: null,
    image_ids: [],
    size: 1,
    files: 1,
    title: outcome,
    what: null,
  }
}

function local(...states: FileState[]): QueueState {
  const files = states.map((state, id) => ({ id, path: `f${id}`, size: 1, sent: 0, state }))
  return { files, run: 'sending', bytes: 0, bytesSent: 0, bytesPerS: null }
}

test('files on their way are rows until the server lists what came of them; those not sent stay', () => {
  const sending = local({ kind: 'sending' }, { kind: 'failed', reason: 'too large' })

  expect(importRows([], sending).map(({ key }) => key)).toEqual(['file-0', 'file-1'])
  expect(importRows([item('accepted')], sending).map(({ key }) => key)).toEqual(['file-1', 'accepted'])
})

test('"needs you" shows what is held, "refused" also what was not sent', () => {
  const rows = importRows([item('accepted'), item('held'), item('refused')], local({ kind: 'failed', reason: 'x' }))

  expect(filterRows(rows, 'needsYou').map(({ key }) => key)).toEqual(['held'])
  expect(filterRows(rows, 'refused').map(({ key }) => key)).toEqual(['file-0', 'refused'])
  expect(filterRows(rows, 'all')).toHaveLength(4)
})
