import { Check } from 'lucide-react'
import { SEGMENT_COLORS } from '../../panels/color-swatches'
import { labelText } from '../../strings'

/** The twenty distinct colours, or any other. */
export function ColorField({ value, onChange }: { value: string; onChange: (color: string) => void }) {
  return (
    <fieldset className="col gap-[5px]">
      <legend className="mb-[5px] text-fg-2">{labelText.color}</legend>
      <div className="row flex-wrap gap-1">
        {SEGMENT_COLORS.map((color, index) => (
          <button
            key={color}
            type="button"
            className="grid size-6 place-items-center rounded-2 text-black"
            style={{ background: color }}
            aria-label={labelText.colorOf(index + 1)}
            aria-pressed={color === value}
            onClick={() => onChange(color)}
          >
            {color === value && <Check size={14} aria-hidden />}
          </button>
        ))}
        <input
          type="color"
          className="h-6 w-9 bg-transparent"
          aria-label={labelText.ownColor}
          title={labelText.ownColor}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
    </fieldset>
  )
}
