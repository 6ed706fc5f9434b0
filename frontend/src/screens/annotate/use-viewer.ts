import { type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import { createStore, type StoreApi } from 'zustand'
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

interface Engine {
  readonly viewer: Viewer
  readonly proposals: Proposals
  readonly looks: StoreApi<LooksState>
}

/** Makes the viewer of the document in `host`; null until it stands. `onRefusal` may change without a new viewer. */
function useEngine(
  opened: Opened,
  host: RefObject<HTMLElement | null>,
  onRefusal: RefObject<(reason: Refusal) => void>,
): Engine | null {
  const [engine, setEngine] = useState<Engine | null>(null)
  const { image, document } = opened
  useEffect(() => {
    const container = host.current
    if (container === null) return
    const looks = createStore<LooksState>(() => ({
      solo: null,
      panelsFolded: readStored('panelsFolded') === 'yes',
      menuAt: null,
    }))
    const viewer = new Viewer(container, {
      image: viewerImageOf(image),
      fetchGroup: (level, group, signal) => readTileGroup(image.id, level, group, signal),
      labels: document.labels,
      tools: createTools,
      name: image.name,
      onRefusal: (reason) => onRefusal.current(reason),
      onContextMenu: (at) => looks.setState({ menuAt: at }),
    })
    const unfold = looks.subscribe(({ panelsFolded }) => writeStored('panelsFolded', panelsFolded ? 'yes' : null))
    const proposals = new Proposals(document, viewer)
    setEngine({ viewer, proposals, looks })
    return () => {
      unfold()
      proposals.dispose()
      viewer.dispose()
      setEngine(null)
    }
  }, [image, document, host, onRefusal])
  return engine
}

/** The open image with its viewer, tied together. New labels or another name of the project change it, not the viewer. */
export function useWorkspaceOf(opened: Opened, host: RefObject<HTMLElement | null>): Workspace | null {
  const { user } = useSession()
  const mayDraw = canDraw(opened.project, user)
  const onRefusal = useRef<(reason: Refusal) => void>(() => undefined)
  const engine = useEngine(opened, host, onRefusal)
  const workspace = useMemo(
    () =>
      engine === null ? null : { ...opened, ...engine, mayDraw, userId: user.id, measure: measureOf(opened.image) },
    [opened, engine, mayDraw, user.id],
  )
  useEffect(() => {
    if (workspace === null) return
    onRefusal.current = (reason) => explainRefusal(workspace, reason)
    return followDocument(workspace)
  }, [workspace])
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
