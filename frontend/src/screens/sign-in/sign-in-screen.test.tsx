import { fireEvent, render, screen, waitFor } from '@testing-library/react'
import { beforeEach, expect, test, vi } from 'vitest'
import { serve } from '../testing/render-screen'
import { SignInScreen } from './sign-in-screen'

const ABOUT = { name: 'maskloop', version: '0.1.0', insecure_http: false, healthy: true, organisation: null }
const SESSION = {
  user: { id: 'u1', login: 'mira', name: 'Mira', role: 'member' },
  expires_at: null,
  idle_timeout_s: 900,
}

beforeEach(() => localStorage.clear())

function show(unsent: { userId: string; strokes: number }[] = []) {
  const signedIn = vi.fn()
  render(<SignInScreen readUnsent={async () => unsent} onSignedIn={signedIn} />)
  return signedIn
}

function signIn(login: string, password: string): void {
  fireEvent.change(screen.getByLabelText('Login or e-mail'), { target: { value: login } })
  fireEvent.change(screen.getByLabelText('Password'), { target: { value: password } })
  fireEvent.click(screen.getByRole('button', { name: 'Sign in' }))
}

test('the page names version and health, and says what it is not for', async () => {
  serve({ 'GET /about': ABOUT })

  show()

  expect(await screen.findByText('maskloop 0.1.0 · all parts healthy')).toBeTruthy()
  expect(screen.getByText('Not for diagnostic use. Research and annotation only.')).toBeTruthy()
})

test('signing in hands the session on', async () => {
  serve({ 'GET /about': ABOUT, 'POST /session': SESSION })
  const signedIn = show()

  signIn('mira', 'secret')

  await waitFor(() => expect(signedIn).toHaveBeenCalledWith(SESSION))
})

test('an unknown login and a wrong password read the same', async () => {
  serve({
    'GET /about': ABOUT,
    'POST /session': [401, { code: 'bad-credentials', title: 'No', detail: 'There is no user x.' }],
  })
  show()

  signIn('x', 'y')

  expect(await screen.findByText('Login and password do not match.')).toBeTruthy()
  expect(screen.queryByText(/There is no user/)).toBeNull()
})

test('nothing is sent while a field is empty', async () => {
  const fetched = serve({ 'GET /about': ABOUT })
  show()

  signIn('mira', '')

  expect(await screen.findByText('Enter login and password.')).toBeTruthy()
  expect(fetched.mock.calls.every(([, init]) => init?.method === 'GET')).toBe(true)
})

test('a server that does not answer is said under the field and in the foot', async () => {
  serve({ 'GET /about': new TypeError('offline'), 'POST /session': new TypeError('offline') })
  show()

  signIn('mira', 'secret')

  expect((await screen.findAllByText(/The server does not answer/)).length).toBe(2)
})

test('strokes that wait are announced, by name only to the one who drew them', async () => {
  serve({ 'GET /about': ABOUT })
  localStorage.setItem('maskloop.lastUser', JSON.stringify({ id: 'u1', login: 'mira@example.org' }))

  show([
    { userId: 'u1', strokes: 3 },
    { userId: 'u2', strokes: 1 },
  ])

  expect(await screen.findByText('3 strokes of yours are safe on this computer.')).toBeTruthy()
  expect(screen.getByText(/sign in as mira@example.org, and as nobody else/)).toBeTruthy()
  expect(screen.getByText(/the person who drew it/)).toBeTruthy()
})
