import { Check, Copy, FileQuestion, type LucideIcon, Paperclip, TriangleAlert, X } from 'lucide-react'
import { type RefObject, useMemo } from 'react'
import { thumbnailUrl } from '../../api/images'
import type { Outcome, UploadItem } from '../../api/uploads'
import { Chip, ProgressBar } from '../../panels/bits'
import { Button } from '../../panels/button'
import { type Column, DataTable } from '../../panels/data-table'
import { Link } from '../../panels/router'
import { Thumbnail } from '../../panels/thumbnail'
import { formatBytes, importText } from '../../strings'
import { type ImportRow, needsYou, OUTCOME_TONES } from './import-rows'
import type { QueuedFile } from './upload-queue'

const ICONS = {
  accepted: Check,
  noted: TriangleAlert,
  attached: Paperclip,
  held: TriangleAlert,
  duplicate: Copy,
  refused: X,
} as const satisfies Record<Outcome, LucideIcon>

function itemName(item: UploadItem): string {
  return item.title ?? item.file
}

function NoPicture() {
  return (
    <span className="thumb h-[42px] w-[58px]">
      <FileQuestion size={16} aria-hidden />
    </span>
  )
}

function Picture({ row }: { row: ImportRow }) {
  const imageId = row.kind === 'item' ? (row.item.image_id ?? row.item.image_ids[0] ?? null) : null
  return imageId === null ? <NoPicture /> : <Thumbnail src={thumbnailUrl(imageId)} width={58} height={42} />
}

function NameCell({ row }: { row: ImportRow }) {
  const name = row.kind === 'item' ? itemName(row.item) : row.file.path
  const what = row.kind === 'item' ? (row.item.what ?? (row.item.title === row.item.file ? '' : row.item.file)) : ''
  return (
    <>
      <div className="truncate font-medium" title={name}>
        {name}
      </div>
      <div className="truncate text-11 text-fg-3">{what}</div>
    </>
  )
}

function FileStateChip({ file }: { file: QueuedFile }) {
  switch (file.state.kind) {
    case 'waiting':
      return <Chip className="!h-5">{importText.waiting}</Chip>
    case 'sending':
      return (
        <Chip tone="acc" className="!h-5">
          {importText.sending}
        </Chip>
      )
    case 'retrying':
      return (
        <Chip tone="warn" icon={TriangleAlert} className="!h-5">
          {importText.retrying}
        </Chip>
      )
    case 'sent':
      return (
        <Chip tone="acc" icon={Check} className="!h-5">
          {importText.sent}
        </Chip>
      )
    case 'failed':
      return (
        <Chip tone="bad" icon={X} className="!h-5">
          {importText.notSent}
        </Chip>
      )
  }
}

function OutcomeCell({ row }: { row: ImportRow }) {
  if (row.kind === 'file') return <FileStateChip file={row.file} />
  const { outcome } = row.item
  return (
    <Chip tone={OUTCOME_TONES[outcome]} icon={ICONS[outcome]} className="!h-5">
      {importText.outcomes[outcome]}
    </Chip>
  )
}

function ReasonCell({ row }: { row: ImportRow }) {
  if (row.kind === 'item') {
    return (
      <p className="line-clamp-2 whitespace-normal leading-[1.35] text-fg-2" title={row.item.reason ?? ''}>
        {row.item.reason}
      </p>
    )
  }
  const { file } = row
  if (file.state.kind === 'failed')
    return <p className="line-clamp-2 whitespace-normal text-bad">{file.state.reason}</p>
  if (file.state.kind === 'waiting' || file.state.kind === 'sent') return null
  return (
    <ProgressBar
      className="w-[220px] max-w-full"
      fraction={file.size === 0 ? 1 : file.sent / file.size}
      label={`${importText.sending} ${file.path}`}
    />
  )
}

function ActionCell({ row, onLook }: { row: ImportRow; onLook: (item: UploadItem) => void }) {
  if (row.kind === 'file') return null
  const { item } = row
  if (needsYou(item)) {
    return (
      <Button size="sm" aria-label={importText.lookAt(itemName(item))} onClick={() => onLook(item)}>
        {importText.look}
      </Button>
    )
  }
  const imageId = item.image_id ?? item.image_ids[0]
  if (imageId === undefined) return null
  return (
    <Link to={`/annotate/${imageId}`} className="btn ghost sm" aria-label={importText.openImageOf(itemName(item))}>
      {importText.openImage}
    </Link>
  )
}

function sizeText(row: ImportRow): string {
  return row.kind === 'item' ? importText.size(row.item.files, row.item.size) : formatBytes(row.file.size)
}

export interface ImportTableProps {
  rows: readonly ImportRow[]
  scroller: RefObject<HTMLDivElement | null>
  onLook: (item: UploadItem) => void
}

export function ImportTable({ rows, scroller, onLook }: ImportTableProps) {
  const columns = useMemo((): Column<ImportRow>[] => {
    const titles = importText.columns
    return [
      { id: 'picture', title: titles.picture, hideTitle: true, width: 82, cell: (row) => <Picture row={row} /> },
      { id: 'name', title: titles.name, cell: (row) => <NameCell row={row} /> },
      { id: 'outcome', title: titles.outcome, width: 168, cell: (row) => <OutcomeCell row={row} /> },
      { id: 'reason', title: titles.reason, cell: (row) => <ReasonCell row={row} /> },
      {
        id: 'size',
        title: titles.size,
        width: 130,
        align: 'right',
        cell: (row) => <span className="text-fg-3">{sizeText(row)}</span>,
      },
      {
        id: 'action',
        title: titles.action,
        hideTitle: true,
        width: 88,
        align: 'right',
        cell: (row) => <ActionCell row={row} onLook={onLook} />,
      },
    ]
  }, [onLook])
  return (
    <DataTable
      label={importText.tableTitle}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.key}
      rowHeight={55}
      scroller={scroller}
    />
  )
}
