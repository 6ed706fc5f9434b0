/**
 * The one key table: every key of the interface, what it does and where it is heard. The key sheet, the tooltips, the palette
 * and the generated tests read it. A key stands here only if its command exists; `tool.last` and `canvas.cursor` are heard by
 * the viewer itself, which needs their key-up and the focus.
 */

export type KeyContext = 'everywhere' | 'tasks' | 'workspace'

export interface KeyEntry {
  /** The command; the handlers of a screen go by it. */
  command: string
  /** Normalised chords, the first is the one shown: `Ctrl+K`, `Shift+ArrowUp`, `b`, `+`. */
  chords: readonly string[]
  context: KeyContext
  group: KeyGroup
}

export type KeyGroup = 'general' | 'tasks' | 'tools' | 'view' | 'segments' | 'work'

function entry(context: KeyContext, group: KeyGroup, command: string, ...chords: string[]): KeyEntry {
  return { command, chords, context, group }
}

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'] as const

export const KEY_TABLE = [
  entry('everywhere', 'general', 'palette', 'Ctrl+k'),
  entry('everywhere', 'general', 'keys', '?'),

  entry('tasks', 'tasks', 'tasks.startNext', 'Space'),
  entry('tasks', 'tasks', 'tasks.next', 'ArrowDown'),
  entry('tasks', 'tasks', 'tasks.previous', 'ArrowUp'),
  entry('tasks', 'tasks', 'tasks.open', 'Enter'),

  entry('workspace', 'tools', 'tool.brush', 'b'),
  entry('workspace', 'tools', 'tool.eraser', 'e'),
  entry('workspace', 'tools', 'tool.pan', 'h'),
  entry('workspace', 'tools', 'tool.window', 'Shift+w'),
  entry('workspace', 'tools', 'tool.crosshair', 'c'),
  entry('workspace', 'tools', 'tool.last', 'Space'),
  entry('workspace', 'tools', 'canvas.cursor', 'Ctrl+Space'),
  entry('workspace', 'tools', 'brush.larger', '+', '='),
  entry('workspace', 'tools', 'brush.smaller', '-'),

  entry('workspace', 'view', 'slice.next', 'ArrowUp'),
  entry('workspace', 'view', 'slice.previous', 'ArrowDown'),
  entry('workspace', 'view', 'slice.next10', 'PageUp'),
  entry('workspace', 'view', 'slice.previous10', 'PageDown'),
  entry('workspace', 'view', 'slice.first', 'Home'),
  entry('workspace', 'view', 'slice.last', 'End'),
  entry('workspace', 'view', 'slice.segmentUp', 'Shift+ArrowUp'),
  entry('workspace', 'view', 'slice.segmentDown', 'Shift+ArrowDown'),
  entry('workspace', 'view', 'view.interpolation', 'Shift+i'),
  entry('workspace', 'view', 'labels.hide', 'v'),
  entry('workspace', 'view', 'labels.style', 'u'),
  entry('workspace', 'view', 'panels.right', ']'),
  ...DIGITS.slice(0, 9).map((digit, index) => entry('workspace', 'view', `preset.${index + 1}`, `Shift+${digit}`)),

  ...DIGITS.map((digit, index) => entry('workspace', 'segments', `segment.${index + 1}`, digit)),
  entry('workspace', 'segments', 'segment.previous', 'q'),
  entry('workspace', 'segments', 'segment.next', 'w'),
  entry('workspace', 'segments', 'segment.solo', 'Alt+v'),
  entry('workspace', 'segments', 'segment.lock', 'Shift+e'),
  entry('workspace', 'segments', 'segment.clearSlice', 'Delete'),

  entry('workspace', 'work', 'undo', 'z', 'Ctrl+z'),
  entry('workspace', 'work', 'redo', 'y', 'Ctrl+y', 'Ctrl+Shift+z'),
  entry('workspace', 'work', 'save', 'Ctrl+s'),
  entry('workspace', 'work', 'submit', 'Ctrl+Enter'),
  entry('workspace', 'work', 'proposal.accept', 'Enter'),
  entry('workspace', 'work', 'cancel', 'Escape'),
  entry('workspace', 'work', 'task.next', '.'),
  entry('workspace', 'work', 'task.previous', ','),
] as const satisfies readonly KeyEntry[]

/** Chords that two commands of contexts heard together claim. Empty, or the table is wrong. */
export function clashesOf(table: readonly KeyEntry[]): string[] {
  const owners = new Map<string, string>()
  const clashes: string[] = []
  const contexts: KeyContext[] = ['tasks', 'workspace']
  for (const context of contexts) {
    owners.clear()
    for (const { command, chords, context: home } of table) {
      if (home !== context && home !== 'everywhere') continue
      for (const chord of chords) {
        const owner = owners.get(chord)
        if (owner !== undefined) clashes.push(`${context}: ${chord} is ${owner} and ${command}`)
        owners.set(chord, command)
      }
    }
  }
  return clashes
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
  Escape: 'Esc',
  Delete: 'Del',
  '-': '−',
}

/** A chord as people read it, key by key: `Shift+w` is Shift, W. */
export function chordParts(chord: string): string[] {
  const parts = chord === '+' ? ['+'] : chord.split('+')
  return parts.map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part))
}

/** The keys shown for a command, or undefined when it has none. */
export function keysOf(command: string): string[] | undefined {
  const found = KEY_TABLE.find((candidate) => candidate.command === command)
  const first = found?.chords[0]
  return first === undefined ? undefined : chordParts(first)
}
