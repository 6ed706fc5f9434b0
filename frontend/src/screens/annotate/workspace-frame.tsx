import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { KeySheet } from '../../panels/key-sheet'
import { useKeys } from '../../panels/keys'
import { CommandPalette } from '../frame/command-palette'
import { useSession } from '../session-context'
import { ConflictView } from './conflict-view'
import { Rail } from './rail'
import { SidePanels } from './side-panels'
import { StatusBar } from './status-bar'
import { ToolOptions } from './tool-options'
import type { Opened } from './use-opened'
import { useWorkspaceOf } from './use-viewer'
import { ViewportMenu } from './viewport-menu'
import { ViewportNotices } from './viewport-notices'
import { useWorkspaceCommands } from './workspace-commands'
import { useWorkspace, WorkspaceContext } from './workspace-context'
import { WorkspaceTop } from './workspace-top'

/** The open image. The viewport stands from the start; the rest comes with the viewer a moment later. */
export function WorkspaceFrame({ opened }: { opened: Opened }) {
  const host = useRef<HTMLDivElement>(null)
  const workspace = useWorkspaceOf(opened, host)
  const isThere = workspace !== null
  return (
    <WorkspaceContext value={workspace}>
      <div className="ws">
        {isThere ? <WorkspaceTop /> : <header className="top" />}
        {isThere ? <ToolOptions /> : <div className="opts" />}
        <div className="stage">
          {isThere ? <Rail /> : <div className="rail" />}
          <main className="vp">
            <div ref={host} className="absolute inset-0" />
            {isThere && <ViewportNotices />}
            {isThere && <ViewportMenu />}
          </main>
          {isThere && <SidePanels />}
        </div>
        {isThere ? <StatusBar /> : <div className="status" />}
      </div>
      {isThere && <WorkspaceLayer />}
    </WorkspaceContext>
  )
}

/** Keys, palette and what opens above the workspace. */
function WorkspaceLayer() {
  const workspace = useWorkspace()
  const { renewals } = useSession()
  const [open, setOpen] = useState<'palette' | 'keys' | null>(null)
  const close = (isOpen: boolean): void => setOpen(isOpen ? open : null)
  useWorkspaceCommands(workspace)
  useKeys('everywhere', {
    palette: { down: () => setOpen('palette'), whileTyping: true },
    keys: () => setOpen('keys'),
  })
  useEffect(() => {
    if (renewals > 0) workspace.document.actions.signedIn()
  }, [renewals, workspace])
  useEffect(() => {
    const show = (): void => setOpen('keys')
    window.addEventListener('maskloop:keys', show)
    return () => window.removeEventListener('maskloop:keys', show)
  }, [])
  useLeaveGuard()
  return (
    <>
      <CommandPalette open={open === 'palette'} onOpenChange={close} project={workspace.project} />
      <KeySheet open={open === 'keys'} onOpenChange={close} context="workspace" />
      <ConflictView />
    </>
  )
}

/** Leaving asks only where the journal does not hold what would be lost. */
function useLeaveGuard(): void {
  const { document } = useWorkspace()
  const isUnsafe = useStore(document.state, ({ saveState: { kind } }) => kind === 'unprotected' || kind === 'refused')
  useEffect(() => {
    if (!isUnsafe) return
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [isUnsafe])
}
