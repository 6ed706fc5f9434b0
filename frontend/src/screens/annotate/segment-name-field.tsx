import { useEffect, useRef, useState } from 'react'
import { segmentText } from '../../strings'

/** The name in place: Enter keeps it, Escape leaves it as it was. */
export function SegmentNameField({ name, onEnd }: { name: string; onEnd: (name: string | null) => void }) {
  const [text, setText] = useState(name)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => input.current?.focus(), [])
  const end = (): void => onEnd(text.trim() === '' || text.trim() === name ? null : text.trim())
  return (
    <span className="field sm min-w-0 flex-1 !px-1">
      <input
        ref={input}
        maxLength={120}
        aria-label={segmentText.rename(name)}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onFocus={(event) => event.target.select()}
        onBlur={end}
        onKeyDown={(event) => {
          if (event.key === 'Enter') end()
          if (event.key === 'Escape') {
            event.stopPropagation()
            onEnd(null)
          }
        }}
      />
    </span>
  )
}
