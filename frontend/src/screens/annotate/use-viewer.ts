import { type RefObject, useEffect, useState } from 'react'
import { createStore } from 'zustand'
import { readTileGroup } from '../../api/images'
import { readStored, writeStored } from '../../panels/stored'
import { say } from '../../panels/toast'
import type { Refusal } from '../../store/editor'
import { segmentText } from '../../strings'
import { createTools } from '../../tools/toolbox'
import { Viewer } from '../../viewer/viewer'
import { canDraw } from '../can'
import { useSession } from '../session-context'
import { followDocument } from './follow-document'
import { measureOf } from './measure'
import { Proposals } from './proposals'
import { activeSegmentOrFirst } from './segment-actions'
import type { Opened } from './use-opened'
import { viewerImageOf } from './viewer-image'
import type { LooksState, Workspace } from './workspace-context'

/** Makes the viewer in `host` and ties it to the document; null until it stands. */
export function useWorkspaceOf(opened: Opened, host: RefObject<HTMLElement | null>): Workspace | null {
  const { user } = useSession()
  const mayDraw = canDraw(opened.project, user)
  const [workspace, setWorkspace] = useState<Workspace | null>(null)
  const { image, document } = opened
  useEffect(() => {
    const container = host.current
    if (container === null) return
    const slot: { workspace: Workspace | null } = { workspace: null }
    const viewer = new Viewer(container, {
      image: viewerImageOf(image),
      fetchGroup: (level, group, signal) => readTileGroup(image.id, level, group, signal),
      labels: document.labels,
      tools: createTools,
      name: image.name,
      onRefusal: (reason) => {
        if (slot.workspace !== null) explainRefusal(slot.workspace, reason)
      },
    })
    const looks = createStore<LooksState>(() => ({
      solo: null,
      panelsFolded: readStored('panelsFolded') === 'yes',
    }))
    const proposals = new Proposals(document, viewer)
    const made: Workspace = { ...opened, viewer, proposals, looks, mayDraw, measure: measureOf(image) }
    slot.workspace = made
    const unfollow = followDocument(made)
    const unfold = looks.subscribe(({ panelsFolded }) => writeStored('panelsFolded', panelsFolded ? 'yes' : null))
    setWorkspace(made)
    return () => {
      unfollow()
      unfold()
      proposals.dispose()
      viewer.dispose()
      setWorkspace(null)
    }
  }, [image, document, mayDraw, opened, host])
  return workspace
}

function explainRefusal(workspace: Workspace, reason: Refusal): void {
  switch (reason) {
    case 'no-segment':
      void activeSegmentOrFirst(workspace)
      return
    case 'read-only':
      say(segmentText.notEditable, 'bad')
      return
    case 'busy':
      say(segmentText.busy, 'bad')
      return
  }
}
