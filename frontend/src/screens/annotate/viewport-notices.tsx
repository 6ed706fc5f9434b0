import { Eye, Lock } from 'lucide-react'
import { useStore } from 'zustand'
import { reopenSegmentation } from '../../api/image-segmentations'
import { Button } from '../../panels/button'
import { useAction } from '../../panels/use-action'
import { annotateText } from '../../strings'
import { useWorkspace } from './workspace-context'

/** Why nothing can be drawn here, and the way on. Lies over the upper edge of the picture. */
export function ViewportNotices() {
  const { document, mayDraw } = useWorkspace()
  const access = useStore(document.state, (state) => state.access)
  const { isBusy, run } = useAction()
  const id = useStore(document.state, (state) => state.segmentation.id)
  if (!mayDraw) return <Notice icon={Eye} text={annotateText.readOnly} />
  switch (access.kind) {
    case 'editor':
      return null
    case 'other-tab':
      return (
        <Notice icon={Eye} text={annotateText.otherTab}>
          <Button size="sm" kind="primary" busy={isBusy} onClick={() => void run(() => document.actions.takeOver())}>
            {annotateText.takeOver}
          </Button>
        </Notice>
      )
    case 'closed':
      return (
        <Notice icon={Lock} text={annotateText.closed}>
          <Button
            size="sm"
            busy={isBusy}
            onClick={() =>
              void run(async () => {
                await reopenSegmentation(id)
                await document.actions.refresh()
              })
            }
          >
            {annotateText.reopen}
          </Button>
        </Notice>
      )
  }
}

function Notice({ icon: Icon, text, children }: { icon: typeof Eye; text: string; children?: React.ReactNode }) {
  return (
    <div
      role="status"
      className="row absolute left-1/2 top-12 max-w-[86%] -translate-x-1/2 rounded-3 border border-line-2 bg-bg-2 px-3 py-2 shadow-[var(--shadow)]"
    >
      <Icon size={14} className="text-warn" aria-hidden />
      <span>{text}</span>
      {children}
    </div>
  )
}
