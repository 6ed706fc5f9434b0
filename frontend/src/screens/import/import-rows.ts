import type { Outcome, UploadItem } from '../../api/uploads'
import type { QueuedFile, QueueState } from './upload-queue'

/** A row of the table: what the server said of a file or series, or a file of ours that is still on its way. */
export type ImportRow =
  | { kind: 'item'; key: string; item: UploadItem }
  | { kind: 'file'; key: string; file: QueuedFile }

export type RowFilter = 'all' | 'needsYou' | 'refused'

export function needsYou(item: Pick<UploadItem, 'outcome'>): boolean {
  return item.outcome === 'held'
}

/** Files still being sent come first, then the rows of the server; a sent file leaves once the server lists what came of it. */
export function importRows(items: readonly UploadItem[], local: QueueState | null): ImportRow[] {
  const isRead = items.length > 0
  const files = (local?.files ?? []).filter(({ state }) => state.kind === 'failed' || !isRead)
  return [
    ...files.map((file): ImportRow => ({ kind: 'file', key: `file-${file.id}`, file })),
    ...items.map((item): ImportRow => ({ kind: 'item', key: item.id, item })),
  ]
}

export function filterRows(rows: readonly ImportRow[], filter: RowFilter): readonly ImportRow[] {
  switch (filter) {
    case 'all':
      return rows
    case 'needsYou':
      return rows.filter((row) => row.kind === 'item' && needsYou(row.item))
    case 'refused':
      return rows.filter((row) =>
        row.kind === 'item' ? row.item.outcome === 'refused' : row.file.state.kind === 'failed',
      )
  }
}

export const OUTCOME_TONES = {
  accepted: 'ok',
  noted: 'warn',
  attached: 'ok',
  held: 'warn',
  duplicate: 'plain',
  refused: 'bad',
} as const satisfies Record<Outcome, string>
