import { useState } from 'react'
import type { UploadItem } from '../../api/uploads'
import { Button } from '../../panels/button'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { importText } from '../../strings'

export interface HeldDialogProps {
  item: UploadItem | null
  onClose: () => void
  onDecide: (decision: 'confirm' | 'discard', items: readonly UploadItem[]) => Promise<void>
}

/** What was held, why, and the two ways on. */
export function HeldDialog({ item, onClose, onDecide }: HeldDialogProps) {
  const [busy, setBusy] = useState<'confirm' | 'discard' | null>(null)

  async function decide(decision: 'confirm' | 'discard'): Promise<void> {
    if (item === null) return
    setBusy(decision)
    await onDecide(decision, [item])
    setBusy(null)
    onClose()
  }

  return (
    <Dialog
      open={item !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      title={importText.heldTitle}
      description={importText.heldNote}
    >
      {item !== null && (
        <dl className="col gap-2 px-4 pb-4">
          <dt className="font-medium">{item.title ?? item.file}</dt>
          <dd className="text-fg-3">{item.what ?? item.file}</dd>
          <dd className="note">{item.reason}</dd>
          <dd className="text-fg-3">{importText.size(item.files, item.size)}</dd>
        </dl>
      )}
      <DialogFoot>
        <Button kind="danger" busy={busy === 'discard'} disabled={busy !== null} onClick={() => void decide('discard')}>
          {importText.discard}
        </Button>
        <Button
          kind="primary"
          busy={busy === 'confirm'}
          disabled={busy !== null}
          onClick={() => void decide('confirm')}
        >
          {importText.confirm}
        </Button>
      </DialogFoot>
    </Dialog>
  )
}
