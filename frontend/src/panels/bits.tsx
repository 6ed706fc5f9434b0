import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from './button'

export type Tone = 'plain' | 'ok' | 'warn' | 'bad' | 'prop' | 'acc'

export function Chip({
  tone = 'plain',
  icon: Icon,
  className,
  children,
}: {
  tone?: Tone
  icon?: LucideIcon
  className?: string
  children: ReactNode
}) {
  return (
    <span className={cx('chip', tone !== 'plain' && tone, className)}>
      {Icon !== undefined && <Icon size={12} aria-hidden />}
      {children}
    </span>
  )
}

const AVATAR_COLORS = ['#8fb8f2', '#e7b07a', '#8ad0ad', '#e59bc0', '#c9c277', '#7fc7d6'] as const

export function initialsOf(name: string): string {
  const words = name
    .trim()
    .split(/[\s@._-]+/)
    .filter(Boolean)
  const letters =
    words.length > 1
      ? [words[0], words[words.length - 1]].map((word) => word?.[0] ?? '')
      : [(words[0] ?? '?').slice(0, 2)]
  return letters.join('').toUpperCase()
}

/** A person's initials on a colour that stays hers. */
export function Avatar({ name, id }: { name: string; id: string }) {
  let sum = 0
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0
  return (
    <span
      className="av"
      role="img"
      aria-label={name}
      title={name}
      style={{ background: AVATAR_COLORS[sum % AVATAR_COLORS.length] }}
    >
      {initialsOf(name)}
    </span>
  )
}

export function ProgressBar({
  fraction,
  label,
  tone = 'accent',
  className,
}: {
  fraction: number
  label: string
  tone?: 'accent' | 'ok' | 'proposal'
  className?: string
}) {
  const percent = Math.round(Math.min(1, Math.max(0, fraction)) * 100)
  return (
    <div
      className={cx('bar', className)}
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <i style={{ width: `${percent}%`, background: `var(--${tone})` }} />
    </div>
  )
}

export function Empty({ icon: Icon, title, children }: { icon?: LucideIcon; title: string; children?: ReactNode }) {
  return (
    <div className="col items-center justify-center gap-3 px-6 py-14 text-center">
      {Icon !== undefined && <Icon size={26} className="text-fg-4" aria-hidden />}
      <p className="max-w-[420px] text-13 text-fg-2">{title}</p>
      {children}
    </div>
  )
}

export function Card({
  title,
  note,
  actions,
  className,
  children,
}: {
  title: string
  note?: ReactNode
  actions?: ReactNode
  className?: string
  children: ReactNode
}) {
  return (
    <section className={cx('card', className)} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note !== undefined && <span className="truncate text-fg-3">{note}</span>}
        {actions !== undefined && <span className="row ml-auto gap-1.5">{actions}</span>}
      </header>
      {children}
    </section>
  )
}
