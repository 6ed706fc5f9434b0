import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { commonText } from '../strings'
import { IconButton } from './button'

export interface DialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: string
  description?: string
  /** Where it lies: in the middle, or along the right edge. */
  shape?: 'dialog' | 'drawer'
  /** Neither Escape nor a click outside closes it. */
  modalOnly?: boolean
  className?: string
  children: ReactNode
}

export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  shape = 'dialog',
  modalOnly,
  className,
  children,
}: DialogProps) {
  const hold = (event: Event): void => {
    if (modalOnly === true) event.preventDefault()
  }
  const described = description === undefined ? { 'aria-describedby': undefined } : {}
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="overlay" />
        <Radix.Content
          className={`${shape} ${className ?? ''}`}
          onEscapeKeyDown={hold}
          onPointerDownOutside={hold}
          onInteractOutside={hold}
          {...described}
        >
          <header className="row flex-none px-4 pb-2 pt-3">
            <Radix.Title className="text-15">{title}</Radix.Title>
            {modalOnly !== true && (
              <Radix.Close asChild>
                <IconButton label={commonText.close} icon={X} size="sm" className="ml-auto" />
              </Radix.Close>
            )}
          </header>
          {description !== undefined && (
            <Radix.Description className="px-4 pb-3 leading-normal text-fg-2">{description}</Radix.Description>
          )}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** The buttons at the foot of a dialog, the one that acts last. */
export function DialogFoot({ children }: { children: ReactNode }) {
  return <footer className="row flex-none justify-end border-t border-line-1 px-4 py-3">{children}</footer>
}
