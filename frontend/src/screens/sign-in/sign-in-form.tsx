import { Eye, EyeOff } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { ApiProblem } from '../../api/http'
import { type Session, signIn } from '../../api/session'
import { Button } from '../../panels/button'
import { TextField } from '../../panels/field'
import { sentenceOf } from '../../panels/problem-note'
import { signInText } from '../../strings'
import { rememberUser } from './last-user'

/** The cause as a line under the field: the same for an unknown login and a wrong password. */
function causeText(cause: unknown): string {
  if (!(cause instanceof ApiProblem)) return sentenceOf(cause)
  if (cause.status === 401) return signInText.badCredentials
  if (cause.status === 429) return signInText.throttled(cause.retryAfterS)
  return sentenceOf(cause)
}

export interface SignInFormProps {
  initialLogin?: string
  /** The login may not be changed: signing in again as the same person. */
  fixedLogin?: boolean
  onSignedIn: (session: Session) => void
}

export function SignInForm({ initialLogin = '', fixedLogin = false, onSignedIn }: SignInFormProps) {
  const [login, setLogin] = useState(initialLogin)
  const [password, setPassword] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (isBusy) return
    if (login.trim() === '' || password === '') {
      setError(signInText.missing)
      return
    }
    setBusy(true)
    setError(null)
    try {
      const session = await signIn(login.trim(), password)
      rememberUser(session.user)
      onSignedIn(session)
    } catch (cause) {
      setError(causeText(cause))
      setBusy(false)
    }
  }

  return (
    <form className="col" onSubmit={submit} noValidate>
      <TextField
        label={signInText.login}
        large
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        name="login"
        value={login}
        readOnly={fixedLogin}
        onChange={(event) => setLogin(event.target.value)}
        autoFocus={!fixedLogin}
      />
      <PasswordField value={password} onChange={setPassword} error={error} autoFocus={fixedLogin} />
      <Button kind="primary" size="lg" type="submit" className="mt-5 w-full" busy={isBusy}>
        {isBusy ? signInText.busy : signInText.submit}
      </Button>
    </form>
  )
}

interface PasswordFieldProps {
  value: string
  onChange: (password: string) => void
  error: string | null
  autoFocus: boolean
}

function PasswordField({ value, onChange, error, autoFocus }: PasswordFieldProps) {
  const [isShown, setShown] = useState(false)
  return (
    <TextField
      className="mt-3.5"
      label={signInText.password}
      large
      type={isShown ? 'text' : 'password'}
      autoComplete="current-password"
      name="password"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      error={error}
      autoFocus={autoFocus}
      after={<RevealButton isShown={isShown} onToggle={() => setShown(!isShown)} />}
    />
  )
}

function RevealButton({ isShown, onToggle }: { isShown: boolean; onToggle: () => void }) {
  const Icon = isShown ? EyeOff : Eye
  const label = isShown ? signInText.hidePassword : signInText.showPassword
  return (
    <button
      type="button"
      className="grid size-6 place-items-center text-fg-3 hover:text-fg-1"
      aria-label={label}
      onClick={onToggle}
    >
      <Icon size={14} aria-hidden />
    </button>
  )
}
