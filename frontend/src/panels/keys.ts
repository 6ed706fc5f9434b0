import { useEffect, useRef } from 'react'
import { KEY_TABLE, type KeyContext, type KeyEntry } from './key-table'

const LATIN = /^[\x21-\x7e]$/

/** The letter of a key: as typed, or by its place on the board where the layout is not Latin. */
function nameOf(event: KeyboardEvent): string {
  if (event.key === ' ') return 'Space'
  if (event.key.length > 1 || LATIN.test(event.key)) return event.key
  if (event.code.startsWith('Key')) return event.code.slice(3)
  if (event.code.startsWith('Digit')) return event.code.slice(5)
  return event.key
}

const SHIFTED_DIGITS = /^Digit([0-9])$/

/**
 * The chord of a key event in the notation of the table. Shift is part of it for letters, digits and named keys; a sign such as
 * `?` or `+` already is what Shift made of it.
 */
export function chordOf(event: KeyboardEvent): string {
  const digit = event.shiftKey ? SHIFTED_DIGITS.exec(event.code)?.[1] : undefined
  let name = nameOf(event)
  if (event.altKey && event.code.startsWith('Key')) name = event.code.slice(3)
  const isSign = name.length === 1 && !/[a-z0-9]/i.test(name)
  const parts: string[] = []
  if (event.ctrlKey || event.metaKey) parts.push('Ctrl')
  if (event.altKey) parts.push('Alt')
  if (event.shiftKey && (!isSign || digit !== undefined) && name !== 'Shift') parts.push('Shift')
  parts.push(digit ?? (name.length === 1 ? name.toLowerCase() : name))
  return parts.join('+')
}

/** The command of a chord among the contexts given, or null. A shifted digit that is also a sign gives way to the sign. */
export function commandOf(event: KeyboardEvent, contexts: readonly KeyContext[]): string | null {
  const table: readonly KeyEntry[] = KEY_TABLE
  const find = (chord: string): KeyEntry | undefined =>
    table.find((entry) => contexts.includes(entry.context) && entry.chords.includes(chord))
  const found =
    find(chordOf(event)) ?? (event.key.length === 1 && !event.ctrlKey && !event.altKey ? find(event.key) : undefined)
  return found?.command ?? null
}

/** Whether keys belong to what has the focus: a text field types, a dialog and a menu have keys of their own. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.matches('textarea, select')) return true
  if (target.matches('input'))
    return !['checkbox', 'radio', 'range', 'button'].includes((target as HTMLInputElement).type)
  return target.closest('[role="dialog"], [role="menu"]') !== null
}

/** Space and Enter press the button, Enter follows the link that has the focus; they are no command then. */
function pressesControl(event: KeyboardEvent): boolean {
  if (event.key !== ' ' && event.key !== 'Enter') return false
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof HTMLElement)) return false
  return event.target.closest(event.key === ' ' ? 'button, summary, input' : 'button, summary, input, a') !== null
}

export interface KeyHandler {
  down: (event: KeyboardEvent) => void
  up?: (event: KeyboardEvent) => void
  /** Also heard while a text field has the focus (the palette). */
  whileTyping?: boolean
  /** Heard again while the key is held (slices). */
  repeats?: boolean
}

export type KeyHandlers = Readonly<Record<string, KeyHandler | ((event: KeyboardEvent) => void) | undefined>>

function asHandler(value: KeyHandlers[string]): KeyHandler | undefined {
  return typeof value === 'function' ? { down: value } : value
}

/** Hears the keys of a context while mounted. A command without a handler leaves the key to the browser. */
export function useKeys(context: KeyContext, handlers: KeyHandlers): void {
  const latest = useRef(handlers)
  latest.current = handlers
  useEffect(() => {
    const held = new Map<string, KeyHandler>()
    const down = (event: KeyboardEvent): void => {
      const command = commandOf(event, [context])
      const handler = command === null ? undefined : asHandler(latest.current[command])
      if (handler === undefined || event.defaultPrevented || event.isComposing) return
      if ((isTyping(event.target) && handler.whileTyping !== true) || pressesControl(event)) return
      event.preventDefault()
      if (event.repeat && handler.repeats !== true) return
      held.set(event.code, handler)
      handler.down(event)
    }
    const up = (event: KeyboardEvent): void => {
      held.get(event.code)?.up?.(event)
      held.delete(event.code)
    }
    window.addEventListener('keydown', down)
    window.addEventListener('keyup', up)
    return () => {
      window.removeEventListener('keydown', down)
      window.removeEventListener('keyup', up)
    }
  }, [context])
}
