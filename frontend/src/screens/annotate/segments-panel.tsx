import { Eye, EyeOff, Plus } from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import { useStore } from 'zustand'
import { Empty } from '../../panels/bits'
import { IconButton } from '../../panels/button'
import { Slider } from '../../panels/field'
import { Menu } from '../../panels/menu'
import { Link } from '../../panels/router'
import { VirtualList } from '../../panels/virtual-list'
import { annotateText, formatPercent, segmentText } from '../../strings'
import { startSegment } from './segment-actions'
import { SegmentLine } from './segment-line'
import { segmentRows } from './segment-rows'
import { useWorkspace } from './workspace-context'

const ROW_HEIGHT = 30

export function SegmentsPanel({ fold }: { fold: ReactNode }) {
  const { document, labels, project } = useWorkspace()
  const views = useStore(document.state, (state) => state.segments)
  const activeNumber = useStore(document.state, (state) => state.activeNumber)
  const rows = useMemo(() => segmentRows(views, labels), [views, labels])
  const live = labels.filter(({ archived, kind }) => !archived && kind !== 'answer')
  const used = new Set(views.map(({ labelId }) => labelId))
  const activeIndex = rows.findIndex((row) => row.kind === 'segment' && row.view.number === activeNumber)
  return (
    <section className="max-h-[52%] min-h-[150px]" aria-label={segmentText.title}>
      <header className="ph">
        <h2 className="text-12">{segmentText.title}</h2>
        <span className="truncate font-normal text-fg-3">
          {segmentText.count(live.filter(({ id }) => used.has(id)).length, live.length)}
        </span>
        <span className="row ml-auto gap-1">
          <HideAll />
          <AddMenu />
          {fold}
        </span>
      </header>
      {rows.length === 0 ? (
        <Empty title={annotateText.noLabels}>
          <Link to={`/projects/${project.id}/labels`} className="btn">
            {annotateText.toLabels}
          </Link>
        </Empty>
      ) : (
        <VirtualList
          label={segmentText.list}
          className="min-h-[60px] flex-1"
          items={rows}
          itemHeight={ROW_HEIGHT}
          itemKey={(row) => row.key}
          activeIndex={activeIndex}
        >
          {(row) => <SegmentLine row={row} isActive={row.kind === 'segment' && row.view.number === activeNumber} />}
        </VirtualList>
      )}
      <StyleSliders />
    </section>
  )
}

function HideAll() {
  const { viewer } = useWorkspace()
  const isVisible = useStore(viewer.state, ({ labelStyle }) => labelStyle.visible)
  return (
    <IconButton
      icon={isVisible ? Eye : EyeOff}
      size="sm"
      label={isVisible ? segmentText.hideAll : segmentText.showAll}
      aria-pressed={!isVisible}
      onClick={() => viewer.setLabelStyle({ visible: !isVisible })}
    />
  )
}

/** Labels that can get a segment: regions without one, and instances always. */
function AddMenu() {
  const workspace = useWorkspace()
  const { document, labels, mayDraw } = workspace
  const used = useStore(document.state, (state) => state.segments)
  const isEditor = useStore(document.state, ({ access }) => access.kind === 'editor')
  if (!mayDraw || !isEditor) return null
  const usedLabels = new Set(used.map(({ labelId }) => labelId))
  const entries = labels
    .filter(
      ({ id, kind, archived }) => !archived && (kind === 'instance' || (kind === 'semantic' && !usedLabels.has(id))),
    )
    .map((label) => ({
      id: label.id,
      text: label.kind === 'instance' ? segmentText.newInstance(label.name) : label.name,
      onSelect: () => void startSegment(workspace, label),
    }))
  if (entries.length === 0) return null
  return <Menu align="end" groups={[entries]} trigger={<IconButton icon={Plus} size="sm" label={segmentText.add} />} />
}

function StyleSliders() {
  const { document } = useWorkspace()
  const { fill, outlinePx } = useStore(document.state, (state) => state.labelStyle)
  const { setLabelStyle } = document.actions
  return (
    <div className="row flex-none border-t border-line-1 px-3 pb-2 pt-1 text-11">
      <span className="text-fg-3" aria-hidden>
        {segmentText.fill}
      </span>
      <Slider
        className="w-[80px]"
        label={segmentText.fill}
        minimum={0}
        maximum={1}
        step={0.01}
        value={fill}
        valueText={formatPercent(fill)}
        onChange={(value) => setLabelStyle({ fill: value })}
      />
      <span className="mono w-9 text-fg-2">{formatPercent(fill)}</span>
      <span className="ml-1 text-fg-3" aria-hidden>
        {segmentText.outline}
      </span>
      <Slider
        className="w-[60px]"
        label={segmentText.outline}
        minimum={0}
        maximum={4}
        step={0.1}
        value={outlinePx}
        valueText={segmentText.pixels(outlinePx)}
        onChange={(value) => setLabelStyle({ outlinePx: value })}
      />
      <span className="mono text-fg-2">{segmentText.pixels(outlinePx)}</span>
    </div>
  )
}
