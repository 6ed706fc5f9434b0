import { TriangleAlert } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import { readStored } from '../../panels/stored'
import {
  annotateText,
  formatPatient,
  formatPercent,
  formatSpacing,
  formatUnit,
  formatValue,
  NOT_DIAGNOSTIC,
  statusText,
} from '../../strings'
import { saveLook } from './save-look'
import { segmentInfo } from './segment-actions'
import { useWorkspace } from './workspace-context'

const TONE_COLORS = {
  plain: 'var(--fg-3)',
  ok: 'var(--ok)',
  acc: 'var(--accent)',
  warn: 'var(--warn)',
  bad: 'var(--bad)',
  prop: 'var(--proposal)',
} as const

export function StatusBar() {
  const { image } = useWorkspace()
  const isPlanar = image.kind === 'planar'
  const spacing =
    image.spacing === null
      ? annotateText.notPhysical
      : `${formatSpacing(image.spacing, isPlanar)}${image.spacing_source === 'detector' ? ` ${statusText.atDetector}` : ''}`
  return (
    <section className="status" aria-label={statusText.label}>
      <CursorReadout />
      <CursorAnnouncer />
      <span className="flex-1" />
      <span className="text-fg-3 max-[1400px]:hidden">{NOT_DIAGNOSTIC}</span>
      <span>{spacing}</span>
      <Engine />
      <SaveDot />
    </section>
  )
}

const ANNOUNCE_MS = 1000

/** For screen readers, when asked for in the settings: what lies under the cursor, at most once a second. */
function CursorAnnouncer() {
  const workspace = useWorkspace()
  const [text, setText] = useState('')
  const [isOn] = useState(() => readStored('announceCursor') === 'yes')
  useEffect(() => {
    if (!isOn) return
    const timer = setInterval(() => {
      const { k, slices, cursor } = workspace.viewer.state.getState()
      const segment = cursor === null ? null : segmentInfo(workspace, cursor.number)
      const value = cursor?.value?.map((part) => formatValue(part, workspace.image.unit)).join(' ') ?? ''
      setText(statusText.cursorAnnouncement(statusText.sliceOf(k + 1, slices), segment?.name ?? '', value))
    }, ANNOUNCE_MS)
    return () => clearInterval(timer)
  }, [isOn, workspace])
  if (!isOn) return null
  return (
    <span className="visually-hidden" aria-live="polite">
      {text}
    </span>
  )
}

function CursorReadout() {
  const workspace = useWorkspace()
  const { viewer, image } = workspace
  const cursor = useStore(viewer.state, (state) => state.cursor)
  if (cursor === null) return null
  const [i, j, k] = cursor.voxel
  const segment = cursor.number === 0 ? null : segmentInfo(workspace, cursor.number)
  const values = cursor.value?.map((value) => formatValue(value, null)).join(' ')
  return (
    <>
      <span className="mono">{statusText.voxel(i, j, k, image.kind === 'planar')}</span>
      {cursor.patient !== null && <span className="mono">{formatPatient(cursor.patient)}</span>}
      {values !== undefined && (
        <span className="mono font-semibold text-fg-1">
          {values}
          {image.unit !== null && `\u2009${image.unit}`}
        </span>
      )}
      {values !== undefined && image.unit === null && image.channels === 1 && (
        <span className="text-fg-3">{statusText.noUnit}</span>
      )}
      {segment !== null && (
        <span className="row gap-1.5">
          <span className="sw" style={{ background: segment.color }} />
          {segment.name}
        </span>
      )}
    </>
  )
}

function Engine() {
  const { viewer } = useWorkspace()
  const state = useStore(viewer.state)
  const problem = state.contextLost ? statusText.contextLost : state.loadProblem
  if (problem !== null) {
    return (
      <span className="row gap-1.5 text-warn" role="status">
        <TriangleAlert size={12} aria-hidden />
        {problem}
      </span>
    )
  }
  const isLoading = state.tilesLoaded < state.tilesWanted
  const progress =
    isLoading && state.slices > 1
      ? statusText.slices(state.slicesLoaded, state.slices)
      : statusText.tiles(state.tilesLoaded, state.tilesWanted)
  const name = state.renderer.toLowerCase().includes('swiftshader') ? 'WebGL2, software' : 'WebGL2'
  return (
    <span className="text-fg-3" title={state.renderer}>
      {statusText.renderer(name, formatUnit(state.frameMs.p50, 'ms', 1))} · {progress}
      {state.qualityScale < 1 && ` · ${statusText.quality(formatPercent(state.qualityScale))}`}
    </span>
  )
}

function SaveDot() {
  const { document } = useWorkspace()
  const look = saveLook(useStore(document.state, (state) => state.saveState))
  return (
    <span className="row gap-1.5">
      <span className="dot" style={{ background: TONE_COLORS[look.tone] }} />
      <span className="max-w-64 truncate">{look.text}</span>
    </span>
  )
}
