import type { Segmenter, SegmenterParameter } from '../../api/segmenters'
import { SelectField, TextField } from '../../panels/field'
import { assistText } from '../../strings'

/** What stands in the fields: text, so that a number can be half typed and empty means automatic. */
export type ParameterValues = Readonly<Record<string, string>>

function startOf(parameter: SegmenterParameter, modality: string): string {
  const value = parameter.by_modality?.[modality] ?? parameter.default
  return value === null || value === undefined ? '' : String(value)
}

export function startValues({ parameters }: Segmenter, modality: string): ParameterValues {
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, startOf(parameter, modality)]))
}

/** The typed settings of a request; an empty field is left out: the server then chooses from the image. */
export function parametersFor(
  { parameters }: Segmenter,
  values: ParameterValues,
): Record<string, number | string | boolean> {
  const settings: Record<string, number | string | boolean> = {}
  for (const { name, type } of parameters) {
    const text = values[name]?.trim() ?? ''
    if (text === '') continue
    if (type === 'boolean') settings[name] = text === 'true'
    else if (type === 'choice') settings[name] = text
    else if (Number.isFinite(Number(text))) settings[name] = Number(text)
  }
  return settings
}

export interface ParameterFieldsProps {
  segmenter: Segmenter
  values: ParameterValues
  /** False: the image has no physical size, and lengths are pixels. */
  isSized: boolean
  onChange: (values: ParameterValues) => void
}

export function ParameterFields({ segmenter, values, isSized, onChange }: ParameterFieldsProps) {
  if (segmenter.parameters.length === 0) return null
  return (
    <div className="grid grid-cols-2 gap-2">
      {segmenter.parameters.map((parameter) => (
        <ParameterField
          key={parameter.name}
          parameter={parameter}
          value={values[parameter.name] ?? ''}
          isSized={isSized}
          onChange={(value) => onChange({ ...values, [parameter.name]: value })}
        />
      ))}
    </div>
  )
}

interface ParameterFieldProps {
  parameter: SegmenterParameter
  value: string
  isSized: boolean
  onChange: (value: string) => void
}

function ParameterField({ parameter, value, isSized, onChange }: ParameterFieldProps) {
  const { title, type, choices, minimum, maximum } = parameter
  const unit = parameter.unit === 'mm' && !isSized ? assistText.pixels : parameter.unit
  if (type === 'boolean') {
    return (
      <label className="row min-h-7 self-end">
        <input
          type="checkbox"
          className="check"
          checked={value === 'true'}
          onChange={(event) => onChange(String(event.target.checked))}
        />
        <span className="text-fg-2">{title}</span>
      </label>
    )
  }
  if (type === 'choice') {
    return (
      <SelectField label={title} value={value} onChange={(event) => onChange(event.target.value)}>
        {parameter.default === null && <option value="">{assistText.auto}</option>}
        {choices?.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </SelectField>
    )
  }
  return (
    <TextField
      label={title}
      type="number"
      step={type === 'integer' ? 1 : 'any'}
      {...(typeof minimum === 'number' ? { min: minimum } : {})}
      {...(typeof maximum === 'number' ? { max: maximum } : {})}
      placeholder={assistText.auto}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      after={unit ? <span className="flex-none text-fg-3">{unit}</span> : undefined}
    />
  )
}
