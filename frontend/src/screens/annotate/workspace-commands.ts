import { useMemo } from 'react'
import { useCommands } from '../../panels/commands'
import { KEY_TABLE, keysOf } from '../../panels/key-table'
import { type KeyHandler, useKeys } from '../../panels/keys'
import { navigate } from '../../panels/router'
import { say } from '../../panels/toast'
import { commandText, paletteText, saveNoticeText, segmentText } from '../../strings'
import { presetsOf } from './presets'
import {
  activeSegmentOrFirst,
  canEdit,
  chooseRow,
  clearOnSlice,
  nextBorderSlice,
  rowsOf,
  stepSegment,
} from './segment-actions'
import { rowForDigit } from './segment-rows'
import { submit } from './submit'
import { goToTask } from './task-steps'
import type { Workspace } from './workspace-context'

type Handlers = Record<string, KeyHandler>

const HOLD_MS = 250
const RADIUS_STEP = 1.15

function repeating(down: () => void): KeyHandler {
  return { down, repeats: true }
}

function toolHandlers(workspace: Workspace): Handlers {
  const { viewer, mayDraw } = workspace
  const looking: Handlers = {
    'tool.pan': { down: () => viewer.setTool('pan') },
    'tool.window': { down: () => viewer.setTool('window') },
    'tool.crosshair': { down: () => viewer.setTool('crosshair') },
  }
  if (!mayDraw) return looking
  return {
    ...looking,
    'tool.brush': {
      down: () => {
        const isBrush = viewer.state.getState().activeTool === 'brush'
        if (isBrush) viewer.settings.setState(({ shape }) => ({ shape: shape === 'circle' ? 'sphere' : 'circle' }))
        viewer.setTool('brush')
        if (canEdit(workspace)) void activeSegmentOrFirst(workspace)
      },
    },
    'tool.eraser': { down: () => viewer.setTool('eraser') },
    'brush.larger': repeating(() => viewer.scaleRadius(RADIUS_STEP)),
    'brush.smaller': repeating(() => viewer.scaleRadius(1 / RADIUS_STEP)),
  }
}

function sliceHandlers({ viewer, document }: Workspace): Handlers {
  const last = viewer.grid.shape[0] - 1
  const border = (by: 1 | -1): void => {
    const { activeNumber } = document.state.getState()
    if (activeNumber === null) return
    const next = nextBorderSlice(document.labels, activeNumber, viewer.state.getState().k, by)
    if (next !== null) viewer.setSlice(next)
  }
  return {
    'slice.next': repeating(() => viewer.stepSlice(1)),
    'slice.previous': repeating(() => viewer.stepSlice(-1)),
    'slice.next10': repeating(() => viewer.stepSlice(10)),
    'slice.previous10': repeating(() => viewer.stepSlice(-10)),
    'slice.first': { down: () => viewer.setSlice(0) },
    'slice.last': { down: () => viewer.setSlice(last) },
    'slice.segmentUp': { down: () => border(1) },
    'slice.segmentDown': { down: () => border(-1) },
  }
}

/** Fill, outline, both, in turn. */
function nextLabelStyle({ fill, outlinePx }: { fill: number; outlinePx: number }): { fill: number; outlinePx: number } {
  if (fill > 0 && outlinePx > 0) return { fill, outlinePx: 0 }
  if (fill > 0) return { fill: 0, outlinePx: 1.5 }
  return { fill: 0.36, outlinePx: outlinePx > 0 ? outlinePx : 1.5 }
}

function viewHandlers({ viewer, document, image, looks }: Workspace): Handlers {
  let hiddenAt = 0
  const show = (visible: boolean): void => viewer.setLabelStyle({ visible })
  const presets = Object.fromEntries(
    presetsOf(image)
      .slice(0, 9)
      .map(({ center, width }, index) => [`preset.${index + 1}`, { down: () => viewer.setWindow({ center, width }) }]),
  )
  return {
    ...presets,
    'view.interpolation': {
      down: () => viewer.setInterpolation(viewer.state.getState().interpolation === 'linear' ? 'nearest' : 'linear'),
    },
    'labels.hide': {
      down: () => {
        hiddenAt = performance.now()
        show(!viewer.state.getState().labelStyle.visible)
      },
      up: () => {
        if (performance.now() - hiddenAt > HOLD_MS) show(true)
      },
    },
    'labels.style': {
      down: () => document.actions.setLabelStyle(nextLabelStyle(document.state.getState().labelStyle)),
    },
    'panels.right': { down: () => looks.setState(({ panelsFolded }) => ({ panelsFolded: !panelsFolded })) },
  }
}

function segmentHandlers(workspace: Workspace): Handlers {
  const { document, viewer, labels, looks } = workspace
  const { state, actions } = document
  const digits = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [
      `segment.${index + 1}`,
      {
        down: () => {
          const row = rowForDigit(rowsOf(workspace), labels, index + 1)
          if (row !== undefined) void chooseRow(workspace, row)
        },
      },
    ]),
  )
  const active = (): number | null => state.getState().activeNumber
  return {
    ...digits,
    'segment.previous': { down: () => stepSegment(workspace, -1) },
    'segment.next': { down: () => stepSegment(workspace, 1) },
    'segment.solo': { down: () => looks.setState(({ solo }) => ({ solo: solo === null ? active() : null })) },
    'segment.lock': {
      down: () => {
        const view = state.getState().segments.find(({ number }) => number === active())
        if (view !== undefined) actions.setLocked(view.number, !view.locked)
      },
    },
    'segment.clearSlice': {
      down: () => {
        const number = active()
        if (number === null) return
        if (canEdit(workspace)) clearOnSlice(document.labels, number, viewer.state.getState().k)
        else say(segmentText.notEditable, 'bad')
      },
    },
  }
}

function workHandlers(workspace: Workspace): Handlers {
  const { document, viewer, proposals, mayDraw, task } = workspace
  const { actions, state } = document
  const steps: Handlers = {
    'task.next': { down: () => void goToTask(workspace, 1) },
    'task.previous': { down: () => void goToTask(workspace, -1) },
  }
  const cancel: KeyHandler = {
    down: () => {
      if (!viewer.cancel()) void proposals.drop()
    },
  }
  if (!mayDraw) return steps
  return {
    ...(task === null ? {} : steps),
    undo: repeating(() => void actions.undo()),
    redo: repeating(() => void actions.redo()),
    save: {
      down: () => {
        actions.saveNow()
        void actions.settled().then(() => {
          const { saveState } = state.getState()
          if (saveState.kind === 'saved') say(saveNoticeText.savedNow(saveState.revision))
        })
      },
      whileTyping: true,
    },
    submit: { down: () => void submit(workspace) },
    'proposal.accept': { down: () => void proposals.accept() },
    cancel,
  }
}

export function workspaceHandlers(workspace: Workspace): Handlers {
  return {
    ...toolHandlers(workspace),
    ...sliceHandlers(workspace),
    ...viewHandlers(workspace),
    ...segmentHandlers(workspace),
    ...workHandlers(workspace),
  }
}

/** Keys and palette of the workspace, both from the one key table. */
export function useWorkspaceCommands(workspace: Workspace): void {
  const handlers = useMemo(() => workspaceHandlers(workspace), [workspace])
  useKeys('workspace', handlers)
  const commands = useMemo(() => {
    const offered = KEY_TABLE.filter(
      ({ context, command }) => context === 'workspace' && handlers[command] !== undefined,
    )
    return [
      ...offered.map(({ command }) => ({
        id: command,
        title: commandText[command] ?? command,
        group: paletteText.actions,
        keys: keysOf(command) ?? [],
        run: () => {
          const event = new KeyboardEvent('keydown')
          handlers[command]?.down(event)
          handlers[command]?.up?.(event)
        },
      })),
      {
        id: 'leave',
        title: paletteText.leave,
        group: paletteText.actions,
        run: () => navigate(`/projects/${workspace.project.id}/tasks`),
      },
    ]
  }, [handlers, workspace])
  useCommands('workspace', commands)
}
