import { LoaderCircle, type LucideIcon } from 'lucide-react'
import type { ButtonHTMLAttributes, Ref } from 'react'

export function cx(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(' ')
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: 'plain' | 'primary' | 'ghost' | 'prop' | 'danger'
  size?: 'sm' | 'md' | 'lg'
  icon?: LucideIcon
  keys?: readonly string[]
  busy?: boolean
  ref?: Ref<HTMLButtonElement>
}

export function Button({
  kind = 'plain',
  size = 'md',
  icon: Icon,
  keys,
  busy,
  className,
  children,
  ...rest
}: ButtonProps) {
  const look = cx('btn', kind !== 'plain' && kind, size !== 'md' && size, className)
  return (
    <button
      type="button"
      className={look}
      {...rest}
      disabled={rest.disabled === true || busy === true}
      aria-busy={busy}
    >
      {busy === true ? (
        <LoaderCircle size={14} className="spin" aria-hidden />
      ) : (
        Icon !== undefined && <Icon size={14} aria-hidden />
      )}
      {children}
      {keys?.map((key) => (
        <kbd key={key} aria-hidden>
          {key}
        </kbd>
      ))}
    </button>
  )
}

export interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  label: string
  icon: LucideIcon
  size?: 'sm' | 'md'
  kind?: 'plain' | 'ghost'
  iconSize?: number
  ref?: Ref<HTMLButtonElement>
}

export function IconButton({
  label,
  icon: Icon,
  size = 'md',
  kind = 'ghost',
  iconSize = 14,
  className,
  ...rest
}: IconButtonProps) {
  const look = cx('btn icon', kind === 'ghost' && 'ghost', size === 'sm' && 'sm', className)
  return (
    <button type="button" className={look} aria-label={label} title={label} {...rest}>
      <Icon size={iconSize} aria-hidden />
    </button>
  )
}
