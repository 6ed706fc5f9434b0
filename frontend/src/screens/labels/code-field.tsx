import { useQuery } from '@tanstack/react-query'
import { Search, X } from 'lucide-react'
import { type KeyboardEvent, useDeferredValue, useId, useState } from 'react'
import { type Code, codesQuery, type FoundCode } from '../../api/labels'
import { IconButton } from '../../panels/button'
import { labelText } from '../../strings'

/** A combobox over the built-in list of coded concepts. */
export function CodeField({ value, onChange }: { value: Code | null; onChange: (code: Code | null) => void }) {
  const id = useId()
  return (
    <div className="col gap-[5px]">
      <label htmlFor={id} className="text-fg-2">
        {labelText.code}
      </label>
      {value === null ? (
        <CodeSearch id={id} onChoose={onChange} />
      ) : (
        <ChosenCode id={id} code={value} onRemove={() => onChange(null)} />
      )}
      <p className="text-fg-3">{labelText.codeHint}</p>
    </div>
  )
}

function ChosenCode({ id, code, onRemove }: { id: string; code: Code; onRemove: () => void }) {
  return (
    <div className="field">
      <output id={id} className="flex-1 truncate">
        {code.meaning}
      </output>
      <span className="mono text-fg-3">
        {code.scheme} {code.value}
      </span>
      <IconButton icon={X} size="sm" label={labelText.codeRemove} onClick={onRemove} />
    </div>
  )
}

function CodeSearch({ id, onChoose }: { id: string; onChoose: (code: Code) => void }) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const found = useQuery(codesQuery(useDeferredValue(text.trim())))
  const codes = text.trim().length < 2 ? [] : (found.data ?? [])
  const isOpen = text.trim().length >= 2 && found.data !== undefined

  function press(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown') setAt(Math.min(codes.length - 1, at + 1))
    else if (event.key === 'ArrowUp') setAt(Math.max(0, at - 1))
    else if (event.key === 'Enter' && codes[at] !== undefined) choose(codes[at])
    else return
    event.preventDefault()
  }

  function choose({ scheme, value, meaning }: Code): void {
    onChoose({ scheme, value, meaning })
  }

  return (
    <>
      <div className="field">
        <Search size={14} className="text-fg-3" aria-hidden />
        <input
          id={id}
          role="combobox"
          aria-expanded={isOpen}
          aria-controls={`${id}-list`}
          aria-activedescendant={codes[at] === undefined ? undefined : `${id}-${at}`}
          autoComplete="off"
          placeholder={labelText.codeSearch}
          value={text}
          onKeyDown={press}
          onChange={(event) => {
            setText(event.target.value)
            setAt(0)
          }}
        />
      </div>
      <CodeOptions id={id} codes={codes} at={at} onChoose={choose} />
      {isOpen && codes.length === 0 && <p className="text-fg-3">{labelText.codeNone}</p>}
    </>
  )
}

interface CodeOptionsProps {
  id: string
  codes: readonly FoundCode[]
  at: number
  onChoose: (code: Code) => void
}

function CodeOptions({ id, codes, at, onChoose }: CodeOptionsProps) {
  return (
    <div
      id={`${id}-list`}
      role="listbox"
      aria-label={labelText.code}
      className="max-h-44 overflow-auto rounded-2 bg-bg-2 empty:hidden"
    >
      {codes.map((code, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the keys are the combobox's, focus stays in it
        <div
          key={`${code.scheme}-${code.value}`}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === at}
          data-selected={index === at}
          className="menu-item"
          onClick={() => onChoose(code)}
        >
          <span className="flex-1 truncate">{code.meaning}</span>
          <span className="text-11 text-fg-3">{code.category}</span>
          <span className="mono text-fg-3">{code.value}</span>
        </div>
      ))}
    </div>
  )
}
