import { Keyboard } from 'lucide-react'
import { useStore } from 'zustand'
import { keysOf } from '../../panels/key-table'
import { Tooltip } from '../../panels/tooltip'
import type { ToolId } from '../../store/editor'
import { annotateText, commandText, toolText } from '../../strings'
import { activeSegmentOrFirst } from './segment-actions'
import { RAIL, TOOL_LOOKS } from './tool-looks'
import { useWorkspace } from './workspace-context'

function shortKeys(command: string): string {
  return (keysOf(command) ?? []).map((key) => (key === 'Shift' ? '⇧' : key)).join('')
}

export function Rail() {
  const { mayDraw } = useWorkspace()
  const groups = RAIL.map((group) => group.filter((id) => mayDraw || !TOOL_LOOKS[id].draws)).filter(
    (group) => group.length > 0,
  )
  return (
    <aside className="rail" aria-label={annotateText.toolRail}>
      <div className="contents" role="toolbar" aria-label={annotateText.tools} aria-orientation="vertical">
        {groups.map((group, index) => (
          <div key={group[0]} className="contents">
            {index > 0 && <hr />}
            {group.map((id) => (
              <ToolButton key={id} id={id} />
            ))}
          </div>
        ))}
      </div>
      <span className="flex-1" />
      <Tooltip title={commandText.keys ?? ''} keys="?" side="right">
        <button
          type="button"
          aria-label={annotateText.showKeys}
          onClick={() => window.dispatchEvent(new Event('maskloop:keys'))}
        >
          <Keyboard size={16} aria-hidden />
          <sub>?</sub>
        </button>
      </Tooltip>
    </aside>
  )
}

function ToolButton({ id }: { id: ToolId }) {
  const workspace = useWorkspace()
  const isActive = useStore(workspace.viewer.state, ({ activeTool }) => activeTool === id)
  const { icon: Icon, command, draws } = TOOL_LOOKS[id]
  const { name, line } = toolText[id]
  const keys = shortKeys(command)

  function choose(): void {
    workspace.viewer.setTool(id)
    if (draws && id === 'brush') void activeSegmentOrFirst(workspace)
  }

  return (
    <Tooltip title={name} keys={keys} line={line} side="right">
      <button type="button" aria-label={name} aria-pressed={isActive} onClick={choose}>
        <Icon size={16} aria-hidden />
        <sub aria-hidden>{keys}</sub>
      </button>
    </Tooltip>
  )
}
