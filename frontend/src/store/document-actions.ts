import { ApiProblem } from '../api/http'
import { newUuid } from '../api/uuid'
import type { SegmentField } from '../labelmap/stroke-body'
import type { DocumentSession } from './document-session'
import type { DocumentActions, DocumentState } from './document-state'
import { inversePatches, inverseSegments } from './entry'
import type { Effect } from './history'
import { addSpare, spareLeft, takeSpare } from './local-settings'
import { discardHead, rebaseFields, replaceGone, resolveDispute } from './resolution'

const BLOCK = 64
const REFILL_BELOW = 16

/** What the user can do with the open document. */
export function documentActions(session: DocumentSession): DocumentActions {
  return { ...segmentActions(session), ...viewActions(session), ...historyActions(session), ...saveActions(session) }
}

function segmentActions(
  session: DocumentSession,
): Pick<
  DocumentActions,
  'addSegment' | 'nextInstance' | 'renameSegment' | 'recolorSegment' | 'setSegmentState' | 'deleteSegment'
> {
  const { settings } = session
  return {
    addSegment: async ({ labelId, kind, name, color }) => {
      if (kind === 'instance') {
        if (spareLeft(settings, labelId) === 0) await takeBlock(session, labelId, BLOCK)
        const number = takeInstance(session, labelId)
        if (number === null) throw new Error('the server gave no numbers')
        return setActive(session, number)
      }
      const names = { ...(name === undefined ? {} : { name }), ...(color === undefined ? {} : { color }) }
      return setActive(session, await takeBlock(session, labelId, 1, names))
    },
    nextInstance: (labelId) => takeInstance(session, labelId),
    renameSegment: (number, name) => changeField(session, number, 'name', name.trim() === '' ? null : name.trim()),
    recolorSegment: (number, color) => changeField(session, number, 'color', color.toLowerCase()),
    setSegmentState: (number, state) => changeField(session, number, 'state', state),
    deleteSegment: async (number) => {
      const { api, segmentation, state } = session.parts
      const { numbering } = session // that of the click: the number may mean another segment when its turn comes
      await session.machine.exclusive(() =>
        api.operate(segmentation.id, newUuid(), { kind: 'delete', numbers: [number], numbering }),
      )
      if (state.getState().activeNumber === number) state.setState({ activeNumber: null })
      await refresh(session)
    },
  }
}

function viewActions(
  session: DocumentSession,
): Pick<DocumentActions, 'setActive' | 'setVisible' | 'setLocked' | 'setLabelStyle' | 'activeMs'> {
  const { settings, parts } = session
  const switched = (list: readonly number[], number: number, isIn: boolean): number[] =>
    isIn ? [...new Set([...list, number])] : list.filter((other) => other !== number)
  return {
    setActive: (number) => parts.state.setState({ activeNumber: number }),
    setVisible: (number, visible) => {
      settings.hidden = switched(settings.hidden, number, !visible)
      session.saveSettings()
      session.publishSegments()
    },
    setLocked: (number, locked) => {
      settings.locked = switched(settings.locked, number, locked)
      parts.labels.setLocked(new Set(settings.locked))
      session.saveSettings()
      session.publishSegments()
    },
    setLabelStyle: (style) => {
      settings.style = { ...settings.style, ...style }
      session.saveSettings()
      parts.state.setState({ labelStyle: { ...settings.style } })
    },
    activeMs: () => session.activeTime.totalMs(),
  }
}

function historyActions(session: DocumentSession): Pick<DocumentActions, 'undo' | 'redo'> {
  const take = (key: string | null, tool: 'undo' | 'redo'): boolean => {
    const { labels } = session.parts
    if (key === null || labels.isDrawing || session.isResolving || !session.isEditor) return false
    const { patches, segments } = inverseOf(session, key)
    const header = { tool, active_ms: session.activeTime.takeMs(), undoes: key }
    session.save({ header, patches, segments }, false)
    return true
  }
  return {
    undo: () => take(session.history.undoKey, 'undo'),
    redo: () => take(session.history.redoKey, 'redo'),
  }
}

function saveActions(
  session: DocumentSession,
): Omit<
  DocumentActions,
  | keyof ReturnType<typeof segmentActions>
  | keyof ReturnType<typeof viewActions>
  | keyof ReturnType<typeof historyActions>
> {
  const { machine, parts } = session
  return {
    saveNow: () => machine.wake(),
    resolveConflict: (choices) => resolving(session, () => resolveDispute(session.resolution, choices)),
    retryRefused: async () => {
      const isStale = refusalOf(session)?.code === 'stale-segment'
      await session.readSegmentation()
      if (refusalOf(session) === null) return
      if (!isStale) return machine.unblock()
      const rows = parts.state.getState().segmentation.segments
      await resolving(session, () => rebaseFields(session.resolution, rows))
    },
    replaceGoneSegment: (number) => {
      const gone = new Set(refusalOf(session)?.numbers ?? [])
      if (gone.size === 0) return Promise.resolve()
      return resolving(session, () => replaceGone(session.resolution, gone, number))
    },
    discardRefused: () => {
      if (refusalOf(session) === null) return Promise.resolve()
      return resolving(session, () => discardHead(session.resolution))
    },
    exportUnsent: () => exported(session),
    takeOver: () => session.takeOver(),
    signedIn: () => machine.wake(),
    refresh: () => refresh(session),
    settled: async () => {
      await session.book.allReady()
      await machine.settled()
    },
  }
}

function refusalOf({ machine }: DocumentSession): DocumentState['refusal'] {
  return machine.phase.kind === 'refused' ? machine.phase.refusal : null
}

async function resolving(session: DocumentSession, rewrite: () => Promise<void>): Promise<void> {
  if (session.isResolving) return
  session.isResolving = true
  try {
    await rewrite()
  } finally {
    session.isResolving = false
    session.resetSegments()
  }
}

/** Reads everything that the server may have changed on its own. */
async function refresh(session: DocumentSession): Promise<void> {
  session.history.askServer()
  session.machine.wake()
  session.machine.requestRead()
  await session.readSegmentation()
  await session.machine.settled()
  await session.readUndo()
}

async function takeBlock(
  session: DocumentSession,
  labelId: string,
  count: number,
  names: { name?: string; color?: string } = {},
  attempts = 3,
): Promise<number> {
  const { api, segmentation } = session.parts
  const { numbering } = session
  const asked = { label_id: labelId, layer: 0, count, numbering, ...names }
  const block = await api.takeNumbers(segmentation.id, newUuid(), asked).catch((cause: unknown) => {
    if (cause instanceof ApiProblem && cause.code === 'renumbered') return null
    throw cause
  })
  if (block === null || session.numbering !== numbering) {
    session.machine.requestRead()
    await session.machine.settled()
    if (attempts <= 1 || session.numbering === numbering)
      throw new Error('the segments were renumbered, and not all that is unsent is saved')
    return takeBlock(session, labelId, count, names, attempts - 1)
  }
  if (count > 1) {
    addSpare(session.settings, labelId, block.first_number, block.last_number)
    session.saveSettings()
  }
  session.machine.notice(block.seq)
  await session.readSegmentation()
  return block.first_number
}

/** The next spare number, and more asked for in time, so that the next one is there offline too. */
function takeInstance(session: DocumentSession, labelId: string): number | null {
  const number = takeSpare(session.settings, labelId)
  session.saveSettings()
  if (spareLeft(session.settings, labelId) < REFILL_BELOW && !session.refills.has(labelId)) {
    session.refills.add(labelId)
    takeBlock(session, labelId, BLOCK)
      .catch(() => {
        // Offline: asked again with the next instance.
      })
      .finally(() => session.refills.delete(labelId))
  }
  return number
}

function setActive(session: DocumentSession, number: number): number {
  session.parts.state.setState({ activeNumber: number })
  return number
}

function changeField(session: DocumentSession, number: number, field: SegmentField, after: string | null): void {
  const change = session.segments.change(number, field, after)
  if (change === null || !session.isEditor) return
  const header = { tool: 'segments', active_ms: session.activeTime.takeMs(), segments: [change] }
  session.save({ header, patches: [], segments: [change] }, false)
}

/** What undoing `key` will change, as far as that is known before the server has done it. */
function inverseOf({ machine, ground, history }: DocumentSession, key: string): Effect {
  const unsent = machine.entries.find(({ uuid }) => uuid === key)
  if (unsent === undefined) return history.inverse(key) ?? { patches: [], segments: [] }
  return { patches: inversePatches(ground.drawn(key)), segments: inverseSegments(unsent.segments) }
}

function exported({ machine, parts }: DocumentSession): Blob {
  const operations = machine.entries.map(({ uuid, at, header, body }) => ({
    uuid,
    at: new Date(at).toISOString(),
    header,
    body: body === null ? null : base64(body),
  }))
  const copy = {
    format: 'maskloop-unsent',
    version: 1,
    segmentation: parts.segmentation.id,
    user: parts.userId,
    operations,
  }
  return new Blob([JSON.stringify(copy, null, 1)], { type: 'application/json' })
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
