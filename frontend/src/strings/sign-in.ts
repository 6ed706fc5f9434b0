import { formatPlural } from './format'

export const signInText = {
  title: 'Sign in',
  local: 'Local account',
  login: 'Login or e-mail',
  password: 'Password',
  showPassword: 'Show the password',
  hidePassword: 'Hide the password',
  submit: 'Sign in',
  busy: 'Signing in',
  missing: 'Enter login and password.',
  badCredentials: 'Login and password do not match.',
  throttled: (seconds: number | null) =>
    seconds === null
      ? 'Too many attempts. Wait a minute and try again.'
      : `Too many attempts. Try again in ${formatPlural(Math.ceil(seconds), 'second')}.`,
  unsentLead: (strokes: number) =>
    `${formatPlural(strokes, 'stroke')} of yours ${strokes === 1 ? 'is' : 'are'} safe on this computer.`,
  unsentRest: (strokes: number, login: string) =>
    `${strokes === 1 ? 'It' : 'They'} will be sent after you sign in as ${login}, and as nobody else.`,
  unsentRestUnnamed: (strokes: number) =>
    `${strokes === 1 ? 'It' : 'They'} will be sent after you sign in as the person who drew ${strokes === 1 ? 'it' : 'them'}, and as nobody else.`,
  audit: 'Views, changes and exports are recorded in the audit trail.',
  insecure: 'This address is not encrypted. Passwords and images can be read on the way.',
  build: (name: string, version: string, healthy: boolean) =>
    `${name} ${version} · ${healthy ? 'all parts healthy' : 'some parts are not healthy'}`,
  buildUnknown: 'The server does not answer.',
  headline: ['Start from a proposal.', 'Keep every stroke.'] as const,
  caption:
    'True and false lumen of a dissected aorta. The violet part is what the model proposed; a reader decides what stays.',
  credit: 'Rendered from TotalSegmentator example data, CC BY 4.0.',
  again: 'Sign in again',
  againNote: (login: string) =>
    `Your session has ended. The page stays as it is; sign in as ${login} to go on. What you drew is kept on this computer.`,
  otherUser: 'Sign in as somebody else',
}
