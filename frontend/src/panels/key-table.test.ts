import { describe, expect, test } from 'vitest'
import { commandText } from '../strings'
import { chordParts, clashesOf, KEY_TABLE, type KeyEntry, keysOf } from './key-table'
import { chordOf, commandOf } from './keys'

/** The event that a chord of the table stands for, on an American keyboard. */
function eventOf(chord: string): KeyboardEvent {
  const parts = chord === '+' ? ['+'] : chord.split('+')
  const name = parts.at(-1) ?? ''
  const key = name === 'Space' ? ' ' : name
  const shift = parts.includes('Shift') || name === '?' || name === '+'
  return new KeyboardEvent('keydown', {
    key: shift && /^[a-z]$/.test(key) ? key.toUpperCase() : key,
    code: /^[a-z]$/.test(name) ? `Key${name.toUpperCase()}` : /^[0-9]$/.test(name) ? `Digit${name}` : '',
    ctrlKey: parts.includes('Ctrl'),
    altKey: parts.includes('Alt'),
    shiftKey: shift,
  })
}

describe('the key table', () => {
  test('has no clash', () => {
    expect(clashesOf(KEY_TABLE)).toEqual([])
  })

  test('would show a clash with a key that is heard everywhere', () => {
    const table: KeyEntry[] = [
      { command: 'a', chords: ['?'], context: 'everywhere', group: 'general' },
      { command: 'b', chords: ['?'], context: 'workspace', group: 'work' },
    ]

    expect(clashesOf(table)).toEqual(['workspace: ? is a and b'])
  })

  test('names every command', () => {
    expect(KEY_TABLE.filter(({ command }) => commandText[command] === undefined)).toEqual([])
  })

  const rows = KEY_TABLE.flatMap(({ command, chords, context }) =>
    chords.map((chord) => [chord, context, command] as const),
  )
  test.each(rows)('%s in %s is %s', (chord, context, command) => {
    expect(commandOf(eventOf(chord), [context])).toBe(command)
  })
})

describe('a chord', () => {
  test('follows the place of the key on a layout that is not Latin', () => {
    expect(chordOf(new KeyboardEvent('keydown', { key: 'и', code: 'KeyB' }))).toBe('b')
  })

  test('is the digit with Shift whatever sign that makes', () => {
    expect(chordOf(new KeyboardEvent('keydown', { key: '@', code: 'Digit2', shiftKey: true }))).toBe('Shift+2')
    expect(chordOf(new KeyboardEvent('keydown', { key: '"', code: 'Digit2', shiftKey: true }))).toBe('Shift+2')
  })

  test('is the question mark where it needs no digit key', () => {
    const german = new KeyboardEvent('keydown', { key: '?', code: 'Minus', shiftKey: true })

    expect(commandOf(german, ['everywhere'])).toBe('keys')
  })

  test('takes the command key of a Mac for Ctrl', () => {
    expect(chordOf(new KeyboardEvent('keydown', { key: 'k', code: 'KeyK', metaKey: true }))).toBe('Ctrl+k')
  })

  test('is read with signs', () => {
    expect(chordParts('Shift+ArrowUp')).toEqual(['Shift', '↑'])
    expect(keysOf('brush.larger')).toEqual(['+'])
  })
})
