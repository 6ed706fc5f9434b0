import { Check, type LucideIcon } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'

export interface MenuEntry {
  id: string
  text: string
  icon?: LucideIcon
  keys?: string
  checked?: boolean
  disabled?: boolean
  danger?: boolean
  onSelect: () => void
}

export interface MenuProps {
  /** The button that opens it. */
  trigger: ReactNode
  groups: readonly (readonly MenuEntry[])[]
  heading?: ReactNode
  align?: 'start' | 'end'
}

export function Menu({ trigger, groups, heading, align = 'start' }: MenuProps) {
  const filled = groups.filter((group) => group.length > 0)
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align={align} sideOffset={4} collisionPadding={8}>
          {heading !== undefined && <div className="px-2 py-1.5 text-fg-3">{heading}</div>}
          {filled.map((group, index) => (
            <DropdownMenu.Group key={group[0]?.id ?? index}>
              {(index > 0 || heading !== undefined) && <DropdownMenu.Separator className="menu-line" />}
              {group.map((entry) => (
                <MenuItem key={entry.id} {...entry} />
              ))}
            </DropdownMenu.Group>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

function MenuItem({ text, icon: Icon, keys, checked, disabled, danger, onSelect }: MenuEntry) {
  const tone = danger === true ? 'text-bad' : ''
  const body = (
    <>
      {Icon !== undefined && <Icon size={14} aria-hidden className={danger === true ? '' : 'text-fg-3'} />}
      <span className="flex-1 truncate">{text}</span>
      {checked === true && <Check size={14} className="text-accent" aria-hidden />}
      {keys !== undefined && <kbd>{keys}</kbd>}
    </>
  )
  if (checked !== undefined) {
    return (
      <DropdownMenu.CheckboxItem
        className={`menu-item ${tone}`}
        checked={checked}
        disabled={disabled ?? false}
        onSelect={onSelect}
      >
        {body}
      </DropdownMenu.CheckboxItem>
    )
  }
  return (
    <DropdownMenu.Item className={`menu-item ${tone}`} disabled={disabled ?? false} onSelect={onSelect}>
      {body}
    </DropdownMenu.Item>
  )
}
