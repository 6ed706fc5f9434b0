import { Check, type LucideIcon } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { type ReactNode, useState } from 'react'

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
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align={align} sideOffset={4} collisionPadding={8}>
          {heading !== undefined && <div className="px-2 py-1.5 text-fg-3">{heading}</div>}
          <MenuGroups groups={groups} startsWithLine={heading !== undefined} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

export interface MenuAtProps {
  x: number
  y: number
  label: string
  groups: MenuProps['groups']
  onClose: () => void
}

/** A menu that is open at a place of the window, without a button: for a right click. */
export function MenuAt({ x, y, label, groups, onClose }: MenuAtProps) {
  const [before] = useState(() => window.document.activeElement)
  return (
    <DropdownMenu.Root
      open
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
    >
      <DropdownMenu.Trigger asChild>
        <span className="fixed size-px" style={{ left: x, top: y }} aria-hidden />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="menu"
          align="start"
          collisionPadding={8}
          aria-label={label}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            if (before instanceof HTMLElement) before.focus()
          }}
        >
          <MenuGroups groups={groups} startsWithLine={false} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

function MenuGroups({ groups, startsWithLine }: { groups: MenuProps['groups']; startsWithLine: boolean }) {
  const filled = groups.filter((group) => group.length > 0)
  return filled.map((group, index) => (
    <DropdownMenu.Group key={group[0]?.id ?? index}>
      {(index > 0 || startsWithLine) && <DropdownMenu.Separator className="menu-line" />}
      {group.map((entry) => (
        <MenuItem key={entry.id} {...entry} />
      ))}
    </DropdownMenu.Group>
  ))
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
