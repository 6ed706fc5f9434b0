import { fireEvent, render, screen } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { type KeyHandlers, useKeys } from './keys'

function Heard({ handlers }: { handlers: KeyHandlers }) {
  useKeys('workspace', handlers)
  return (
    <>
      <input aria-label="text" />
      <input aria-label="slider" type="range" />
      <button type="button">press</button>
    </>
  )
}

test('a key runs its command', () => {
  const brush = vi.fn()
  render(<Heard handlers={{ 'tool.brush': brush }} />)

  fireEvent.keyDown(document.body, { key: 'b', code: 'KeyB' })

  expect(brush).toHaveBeenCalledOnce()
})

test('keys rest while a text field has the focus, but not on a slider', () => {
  const brush = vi.fn()
  render(<Heard handlers={{ 'tool.brush': brush }} />)

  fireEvent.keyDown(screen.getByLabelText('text'), { key: 'b', code: 'KeyB' })
  expect(brush).not.toHaveBeenCalled()
  fireEvent.keyDown(screen.getByLabelText('slider'), { key: 'b', code: 'KeyB' })

  expect(brush).toHaveBeenCalledOnce()
})

test('Enter on a button presses it and accepts nothing', () => {
  const accept = vi.fn()
  render(<Heard handlers={{ 'proposal.accept': accept }} />)

  fireEvent.keyDown(screen.getByText('press'), { key: 'Enter', code: 'Enter' })

  expect(accept).not.toHaveBeenCalled()
})

test('a held key repeats only where that is meant', () => {
  const undo = vi.fn()
  const brush = vi.fn()
  render(<Heard handlers={{ undo: { down: undo, repeats: true }, 'tool.brush': brush }} />)

  for (const repeat of [false, true, true]) {
    fireEvent.keyDown(document.body, { key: 'z', code: 'KeyZ', repeat })
    fireEvent.keyDown(document.body, { key: 'b', code: 'KeyB', repeat })
  }

  expect([undo.mock.calls.length, brush.mock.calls.length]).toEqual([3, 1])
})

test('letting go of a key is told to the command that heard it', () => {
  const up = vi.fn()
  render(<Heard handlers={{ 'labels.hide': { down: vi.fn(), up } }} />)

  fireEvent.keyDown(document.body, { key: 'v', code: 'KeyV' })
  fireEvent.keyUp(document.body, { key: 'v', code: 'KeyV' })

  expect(up).toHaveBeenCalledOnce()
})
