import { type FormEvent, useState } from 'react'
import { Button } from '../../panels/button'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { TextField } from '../../panels/field'
import { annotateText, commonText } from '../../strings'
import { skip } from './submit'
import { useWorkspace } from './workspace-context'

export function SkipDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={annotateText.skipTitle} description={annotateText.skipNote}>
      <SkipForm onClose={() => onOpenChange(false)} />
    </Dialog>
  )
}

function SkipForm({ onClose }: { onClose: () => void }) {
  const workspace = useWorkspace()
  const [reason, setReason] = useState('')
  const [error, setError] = useState<string | null>(null)

  async function send(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (reason.trim() === '') {
      setError(annotateText.skipReasonMissing)
      return
    }
    await skip(workspace, reason.trim())
    onClose()
  }

  return (
    <form className="contents" onSubmit={send}>
      <div className="px-4 pb-4">
        <TextField
          label={annotateText.skipReason}
          value={reason}
          maxLength={500}
          error={error}
          onChange={(event) => setReason(event.target.value)}
          autoFocus
        />
      </div>
      <DialogFoot>
        <Button onClick={onClose}>{commonText.cancel}</Button>
        <Button type="submit">{annotateText.skip}</Button>
      </DialogFoot>
    </form>
  )
}
