import { CloudOff, Download, type LucideIcon, ShieldAlert, TriangleAlert } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { Button } from '../../panels/button'
import { Dialog, DialogFoot } from '../../panels/dialog'
import { useAction } from '../../panels/use-action'
import { commonText, formatClock, saveNoticeText } from '../../strings'
import { segmentInfo } from './segment-actions'
import { useWorkspace } from './workspace-context'

/** At the foot of the panels: what keeps the work from being saved, what it means, and what one can do. */
export function SaveNotices() {
  const { document } = useWorkspace()
  const saveState = useStore(document.state, (state) => state.saveState)
  switch (saveState.kind) {
    case 'offline':
      return <OfflineNotice strokes={saveState.strokes} retryAt={saveState.retryAt} />
    case 'unprotected':
      return (
        <Notice
          icon={ShieldAlert}
          tone="bad"
          title={saveNoticeText.unprotected}
          detail={saveNoticeText.unprotectedDetail}
        >
          <CopyButton />
        </Notice>
      )
    case 'refused':
      return <RefusedNotice />
    case 'saved':
    case 'saving':
    case 'conflict':
    case 'signedOut':
      return null
  }
}

function OfflineNotice({ strokes, retryAt }: { strokes: number; retryAt: number }) {
  const { document } = useWorkspace()
  const since = useRef(Date.now())
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  const seconds = Math.max(0, Math.ceil((retryAt - now) / 1000))
  return (
    <Notice
      icon={CloudOff}
      tone="warn"
      title={saveNoticeText.noConnection(formatClock(since.current))}
      detail={saveNoticeText.offlineDetail(strokes, seconds)}
    >
      <Button size="sm" onClick={() => document.actions.saveNow()}>
        {saveNoticeText.tryNow}
      </Button>
      <CopyButton />
    </Notice>
  )
}

function RefusedNotice() {
  const workspace = useWorkspace()
  const { state, actions } = workspace.document
  const refusal = useStore(state, (current) => current.refusal)
  const activeNumber = useStore(state, (current) => current.activeNumber)
  const [isGivingUp, setGivingUp] = useState(false)
  const { isBusy, run } = useAction()
  if (refusal === null) return null
  const active = activeNumber === null ? null : segmentInfo(workspace, activeNumber)
  return (
    <Notice
      icon={TriangleAlert}
      tone="bad"
      title={refusal.title}
      detail={`${refusal.detail} ${saveNoticeText.refusedDetail}`}
    >
      {refusal.code === 'segment-gone' && active !== null && activeNumber !== null ? (
        <Button size="sm" busy={isBusy} onClick={() => void run(() => actions.replaceGoneSegment(activeNumber))}>
          {saveNoticeText.drawAs(active.name)}
        </Button>
      ) : (
        <Button size="sm" busy={isBusy} onClick={() => void run(() => actions.retryRefused())}>
          {saveNoticeText.retry}
        </Button>
      )}
      <CopyButton />
      <Button size="sm" kind="ghost" className="danger" onClick={() => setGivingUp(true)}>
        {saveNoticeText.discard}
      </Button>
      <Dialog
        open={isGivingUp}
        onOpenChange={setGivingUp}
        title={saveNoticeText.discardTitle}
        description={saveNoticeText.discardNote}
      >
        <DialogFoot>
          <CopyButton />
          <span className="flex-1" />
          <Button onClick={() => setGivingUp(false)}>{commonText.cancel}</Button>
          <Button
            kind="danger"
            busy={isBusy}
            onClick={() => void run(() => actions.discardRefused()).then(() => setGivingUp(false))}
          >
            {saveNoticeText.discard}
          </Button>
        </DialogFoot>
      </Dialog>
    </Notice>
  )
}

interface NoticeProps {
  icon: LucideIcon
  tone: 'warn' | 'bad'
  title: string
  detail: string
  children: ReactNode
}

function Notice({ icon: Icon, tone, title, detail, children }: NoticeProps) {
  const look = tone === 'warn' ? 'bg-warn-soft text-warn' : 'bg-bad-soft text-bad'
  return (
    <section className={`col flex-none gap-1 border-t border-line-1 px-3 py-2.5 ${look}`} aria-label={title}>
      <p className="row gap-1.5 font-medium">
        <Icon size={14} aria-hidden />
        {title}
      </p>
      <p className="text-[11.5px] leading-[1.45] text-fg-2">{detail}</p>
      <div className="row mt-1 flex-wrap gap-1.5">{children}</div>
    </section>
  )
}

function CopyButton() {
  const { document, image } = useWorkspace()

  function save(): void {
    const url = URL.createObjectURL(document.actions.exportUnsent())
    const link = window.document.createElement('a')
    link.href = url
    link.download = `maskloop-unsent-${image.id}.json`
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  }

  return (
    <Button size="sm" kind="ghost" icon={Download} onClick={save}>
      {saveNoticeText.saveCopy}
    </Button>
  )
}
