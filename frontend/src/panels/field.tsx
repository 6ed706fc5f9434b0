import { ChevronDown, Search } from 'lucide-react'
import { type InputHTMLAttributes, type ReactNode, type Ref, type SelectHTMLAttributes, useId } from 'react'
import { cx } from './button'

interface LabelledProps {
  label: string
  hint?: ReactNode
  error?: string | null | undefined
}

export interface TextFieldProps extends InputHTMLAttributes<HTMLInputElement>, LabelledProps {
  large?: boolean
  after?: ReactNode
  ref?: Ref<HTMLInputElement>
}

export function TextField({ label, hint, error, large, after, className, ...rest }: TextFieldProps) {
  const id = useId()
  const hasError = error !== undefined && error !== null && error !== ''
  return (
    <div className={cx('col gap-[5px]', className)}>
      <label htmlFor={id} className="text-fg-2">
        {label}
      </label>
      <div className={cx('field', large === true && 'lg')} data-invalid={hasError}>
        <input
          id={id}
          {...rest}
          aria-invalid={hasError}
          aria-describedby={hasError || hint !== undefined ? `${id}-note` : undefined}
        />
        {after}
      </div>
      {(hasError || hint !== undefined) && (
        <p id={`${id}-note`} className={hasError ? 'text-bad' : 'text-fg-3'}>
          {hasError ? error : hint}
        </p>
      )}
    </div>
  )
}

export interface SelectFieldProps extends SelectHTMLAttributes<HTMLSelectElement> {
  label: string
  hideLabel?: boolean
  small?: boolean
  hint?: string
}

export function SelectField({ label, hideLabel, small, hint, className, children, ...rest }: SelectFieldProps) {
  const id = useId()
  return (
    <div className={cx('col gap-[5px]', className)}>
      <label htmlFor={id} className={hideLabel === true ? 'visually-hidden' : 'text-fg-2'}>
        {label}
      </label>
      <div className={cx('field', small === true && 'sm')}>
        <select id={id} {...rest}>
          {children}
        </select>
        <ChevronDown size={12} className="text-fg-3 pointer-events-none" aria-hidden />
      </div>
      {hint !== undefined && <p className="text-fg-3">{hint}</p>}
    </div>
  )
}

export function SearchField({ label, className, ...rest }: InputHTMLAttributes<HTMLInputElement> & { label: string }) {
  return (
    <div className={cx('field', className)}>
      <Search size={14} className="text-fg-3" aria-hidden />
      <input type="search" aria-label={label} placeholder={label} {...rest} />
    </div>
  )
}

export function Toggle({
  label,
  checked,
  onChange,
}: {
  label: string
  checked: boolean
  onChange: (checked: boolean) => void
}) {
  return (
    <button
      type="button"
      role="switch"
      className="tog"
      aria-label={label}
      aria-checked={checked}
      onClick={() => onChange(!checked)}
    />
  )
}

export interface SegmentedProps<T extends string> {
  label: string
  value: T
  options: readonly { value: T; text: ReactNode; label?: string }[]
  onChange: (value: T) => void
}

/** One of a few: a row of buttons that behaves as radio buttons. */
export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>) {
  function step(by: number): void {
    const at = options.findIndex((option) => option.value === value)
    const next = options[(at + by + options.length) % options.length]
    if (next !== undefined) onChange(next.value)
  }
  return (
    <div
      className="seg"
      role="radiogroup"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key === 'ArrowRight') step(1)
        else if (event.key === 'ArrowLeft') step(-1)
        else return
        event.preventDefault()
        const group = event.currentTarget
        requestAnimationFrame(() => group.querySelector<HTMLElement>('[aria-checked="true"]')?.focus())
      }}
    >
      {options.map((option) => (
        // biome-ignore lint/a11y/useSemanticElements: a radio input cannot hold the drawing of a segmented control
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-label={option.label}
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          onClick={() => onChange(option.value)}
        >
          {option.text}
        </button>
      ))}
    </div>
  )
}

export interface SliderProps {
  label: string
  value: number
  minimum: number
  maximum: number
  step?: number
  onChange: (value: number) => void
  valueText?: string
  className?: string
}

export function Slider({ label, value, minimum, maximum, step = 1, onChange, valueText, className }: SliderProps) {
  const at = maximum > minimum ? ((value - minimum) / (maximum - minimum)) * 100 : 0
  return (
    <input
      type="range"
      className={cx('slider', className)}
      aria-label={label}
      aria-valuetext={valueText}
      min={minimum}
      max={maximum}
      step={step}
      value={value}
      onChange={(event) => onChange(Number(event.target.value))}
      style={{ '--at': `${at}%` }}
    />
  )
}
