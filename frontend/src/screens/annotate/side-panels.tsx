import { PanelRightClose, PanelRightOpen } from 'lucide-react'
import { type KeyboardEvent, type PointerEvent, useState } from 'react'
import { useStore } from 'zustand'
import { IconButton } from '../../panels/button'
import { readStored, writeStored } from '../../panels/stored'
import { annotateText } from '../../strings'
import { AssistPanel } from './assist-panel'
import { HistoryPanel } from './history-panel'
import { SaveNotices } from './save-notices'
import { SegmentsPanel } from './segments-panel'
import { useWorkspace } from './workspace-context'

const WIDTH = { least: 300, most: 560, usual: 360 } as const

function clampWidth(width: number): number {
  return Math.min(WIDTH.most, Math.max(WIDTH.least, Math.round(width)))
}

export function SidePanels() {
  const { looks, mayDraw } = useWorkspace()
  const isFolded = useStore(looks, (state) => state.panelsFolded)
  const [width, setWidth] = useState(() => clampWidth(Number(readStored('panelsWidth') ?? WIDTH.usual)))
  const fold = (panelsFolded: boolean): void => looks.setState({ panelsFolded })
  if (isFolded) {
    return (
      <aside className="side w-9 items-center py-1.5" aria-label={annotateText.panels}>
        <IconButton icon={PanelRightOpen} size="sm" label={annotateText.unfoldPanels} onClick={() => fold(false)} />
      </aside>
    )
  }
  return (
    <aside className="side" style={{ width }} aria-label={annotateText.panels}>
      <Grip
        width={width}
        onChange={(next) => {
          setWidth(clampWidth(next))
          writeStored('panelsWidth', String(clampWidth(next)))
        }}
      />
      <SegmentsPanel
        fold={
          <IconButton icon={PanelRightClose} size="sm" label={annotateText.foldPanels} onClick={() => fold(true)} />
        }
      />
      {mayDraw && <AssistPanel />}
      <HistoryPanel />
      <SaveNotices />
    </aside>
  )
}

/** The left edge of the panels: drag it, or move it with the arrows. */
function Grip({ width, onChange }: { width: number; onChange: (width: number) => void }) {
  function press(event: KeyboardEvent): void {
    if (event.key === 'ArrowLeft') onChange(width + 20)
    else if (event.key === 'ArrowRight') onChange(width - 20)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  function drag(event: PointerEvent<HTMLDivElement>): void {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) onChange(window.innerWidth - event.clientX)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: an hr cannot be dragged and moved with keys
    <div
      className="grip"
      role="separator"
      aria-orientation="vertical"
      aria-label={annotateText.resizePanels}
      aria-valuenow={width}
      aria-valuemin={WIDTH.least}
      aria-valuemax={WIDTH.most}
      tabIndex={0}
      onKeyDown={press}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
    />
  )
}
