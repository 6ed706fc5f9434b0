import { ChevronDown } from 'lucide-react'
import { useState } from 'react'
import type { WorkItemState } from '../../api/worklist'
import { SearchField } from '../../panels/field'
import { Menu } from '../../panels/menu'
import { useQueryValue } from '../../panels/router'
import { taskText } from '../../strings'

export interface FilterValues {
  q: string
  modality: string
  state: string
}

/** The filter stands in the address, so that it can be shared and survives going back. */
export function useFilterValues(): FilterValues {
  const [q] = useQueryValue('q')
  const [modality] = useQueryValue('modality')
  const [state] = useQueryValue('state')
  return { q, modality, state }
}

const STATES = Object.keys(taskText.states) as WorkItemState[]

export function TaskFilters({ modalities }: { modalities: readonly string[] }) {
  const [q, setQ] = useQueryValue('q')
  const [modality, setModality] = useQueryValue('modality')
  const [state, setState] = useQueryValue('state')
  const stateText = STATES.includes(state as WorkItemState) ? taskText.states[state as WorkItemState].toLowerCase() : ''
  return (
    <div className="row flex-none flex-wrap gap-1.5">
      <LazySearch value={q} onChange={setQ} />
      <FilterMenu
        text={taskText.modality(modality)}
        value={modality}
        options={modalities.map((name) => ({ value: name, text: name }))}
        onChange={setModality}
      />
      <FilterMenu
        text={taskText.state(stateText)}
        value={state}
        options={STATES.map((name) => ({ value: name, text: taskText.states[name] }))}
        onChange={setState}
      />
    </div>
  )
}

const PAUSE_MS = 250
let pending: ReturnType<typeof setTimeout> | undefined

/** Types at once, filters when the typing pauses. */
function LazySearch({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value)
  return (
    <SearchField
      className="w-[320px]"
      label={taskText.filter}
      value={text}
      onChange={(event) => {
        const next = event.target.value
        setText(next)
        clearTimeout(pending)
        pending = setTimeout(() => onChange(next), PAUSE_MS)
      }}
    />
  )
}

interface FilterMenuProps {
  text: string
  value: string
  options: readonly { value: string; text: string }[]
  onChange: (value: string) => void
}

function FilterMenu({ text, value, options, onChange }: FilterMenuProps) {
  const entries = [{ value: '', text: taskText.all }, ...options].map((option) => ({
    id: option.value === '' ? 'all' : option.value,
    text: option.text,
    checked: option.value === value,
    onSelect: () => onChange(option.value),
  }))
  return (
    <Menu
      groups={[entries]}
      trigger={
        <button type="button" className={`btn ghost ${value === '' ? '' : '!text-accent'}`}>
          {text}
          <ChevronDown size={12} aria-hidden />
        </button>
      }
    />
  )
}
