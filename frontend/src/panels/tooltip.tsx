import { Tooltip as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

export interface TooltipProps {
  title: string
  keys?: string | undefined
  line?: string | undefined
  side?: 'right' | 'bottom' | 'left' | 'top'
  children: ReactNode
}

/** Name, key and one line. Needs a `TooltipRoom` above it. */
export function Tooltip({ title, keys, line, side = 'bottom', children }: TooltipProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="tip" side={side} sideOffset={6} collisionPadding={8}>
          <span className="row gap-2 font-medium">
            {title}
            {keys !== undefined && <kbd>{keys}</kbd>}
          </span>
          {line !== undefined && <span className="block text-fg-2">{line}</span>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export const TooltipRoom = ({ children }: { children: ReactNode }) => (
  <Radix.Provider delayDuration={350} skipDelayDuration={150}>
    {children}
  </Radix.Provider>
)
