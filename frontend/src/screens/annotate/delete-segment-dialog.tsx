import { Button } from '../../panels/button'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { useAction } from '../../panels/use-action'
import { commonText, segmentText } from '../../strings'
import { useWorkspace } from './workspace-context'

export interface DeleteSegmentDialogProps {
  number: number
  name: string
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function DeleteSegmentDialog({ number, name, open, onOpenChange }: DeleteSegmentDialogProps) {
  const { document } = useWorkspace()
  const { isBusy, run } = useAction()
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={segmentText.deleteTitle(name)}
      description={segmentText.deleteNote}
    >
      <DialogFoot>
        <Button onClick={() => onOpenChange(false)}>{commonText.cancel}</Button>
        <Button
          kind="danger"
          busy={isBusy}
          onClick={() => void run(() => document.actions.deleteSegment(number)).then(() => onOpenChange(false))}
        >
          {segmentText.delete}
        </Button>
      </DialogFoot>
    </Dialog>
  )
}
