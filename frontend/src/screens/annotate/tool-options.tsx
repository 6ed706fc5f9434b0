import { ChevronDown, Contrast, Grid2x2, Maximize, SunMoon, Waves } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import { Segmented, Slider } from '../../panels/field'
import { Menu } from '../../panels/menu'
import { Tooltip } from '../../panels/tooltip'
import { formatFixed, optionText, toolText } from '../../strings'
import { presetsOf } from './presets'
import { TOOL_LOOKS } from './tool-looks'
import { useWorkspace } from './workspace-context'

export function ToolOptions() {
  const { viewer } = useWorkspace()
  const tool = useStore(viewer.state, ({ activeTool }) => activeTool)
  const Icon = TOOL_LOOKS[tool].icon
  return (
    <section className="opts" aria-label={optionText.label}>
      <span className="row flex-none gap-1.5 font-medium">
        <Icon size={16} aria-hidden />
        {toolText[tool].name}
      </span>
      <span className="sep" />
      {TOOL_LOOKS[tool].draws ? <BrushOptions /> : <span className="truncate text-fg-3">{toolText[tool].line}</span>}
      <span className="flex-1" />
      <ViewOptions />
    </section>
  )
}

/** The slider runs over powers of ten: 0.1 and 100 mm are equally easy to reach. */
function BrushOptions() {
  const { viewer } = useWorkspace()
  const { radiusMm, shape } = useStore(viewer.settings)
  const { unit } = viewer.grid.metric
  const [low, high] = unit === 'mm' ? [0.1, 100] : [0.5, 1000]
  const isVolume = viewer.grid.shape[0] > 1
  const setRadius = (value: number): void => {
    if (Number.isFinite(value) && value > 0)
      viewer.settings.setState({ radiusMm: Math.min(high, Math.max(low, value)) })
  }
  return (
    <>
      {isVolume && (
        <Segmented
          label={optionText.shape}
          value={shape}
          onChange={(next) => viewer.settings.setState({ shape: next })}
          options={[
            { value: 'circle', text: optionText.circle },
            { value: 'sphere', text: optionText.sphere },
          ]}
        />
      )}
      <span className="text-fg-3">{optionText.radius}</span>
      <Slider
        className="w-[90px] flex-none"
        label={optionText.radius}
        value={Math.log10(radiusMm)}
        minimum={Math.log10(low)}
        maximum={Math.log10(high)}
        step={0.01}
        valueText={`${formatFixed(radiusMm, 1)} ${unit}`}
        onChange={(power) => setRadius(Number((10 ** power).toPrecision(2)))}
      />
      <RadiusField radius={radiusMm} unit={unit} onChange={setRadius} />
    </>
  )
}

function RadiusField({ radius, unit, onChange }: { radius: number; unit: string; onChange: (radius: number) => void }) {
  const shown = formatFixed(radius, radius < 10 ? 1 : 0)
  const [text, setText] = useState(shown)
  useEffect(() => setText(shown), [shown])
  return (
    <span className="field sm mono w-[76px] flex-none">
      <input
        aria-label={optionText.radiusIn(unit)}
        inputMode="decimal"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => onChange(Number(text.replace(',', '.')))}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return
          onChange(Number(text.replace(',', '.')))
          event.currentTarget.blur()
        }}
      />
      <span className="text-fg-3">{unit}</span>
    </span>
  )
}

function ViewOptions() {
  const { viewer, image } = useWorkspace()
  const invert = useStore(viewer.state, (state) => state.invert)
  const interpolation = useStore(viewer.state, (state) => state.interpolation)
  const isLinear = interpolation === 'linear'
  return (
    <>
      <Tooltip title={optionText.fit} line={optionText.fitLine}>
        <button type="button" className="btn sm ghost" onClick={() => viewer.fit()}>
          <Maximize size={14} aria-hidden />
          {optionText.fit}
        </button>
      </Tooltip>
      <Tooltip title={optionText.oneToOne} line={optionText.oneToOneLine}>
        <button type="button" className="btn sm ghost" onClick={() => viewer.oneToOne()}>
          {optionText.oneToOne}
        </button>
      </Tooltip>
      <Tooltip title={isLinear ? optionText.linear : optionText.nearest} keys="⇧I">
        <button
          type="button"
          className="btn sm ghost icon"
          aria-label={optionText.linear}
          aria-pressed={isLinear}
          onClick={() => viewer.setInterpolation(isLinear ? 'nearest' : 'linear')}
        >
          {isLinear ? <Waves size={14} aria-hidden /> : <Grid2x2 size={14} aria-hidden />}
        </button>
      </Tooltip>
      {image.channels === 1 && (
        <>
          <Tooltip title={optionText.invert}>
            <button
              type="button"
              className={`btn sm icon ${invert ? 'on' : 'ghost'}`}
              aria-label={optionText.invert}
              aria-pressed={invert}
              onClick={() => viewer.setInvert(!invert)}
            >
              <SunMoon size={14} aria-hidden />
            </button>
          </Tooltip>
          <WindowMenu />
        </>
      )}
    </>
  )
}

function WindowMenu() {
  const { viewer, image } = useWorkspace()
  const window = useStore(viewer.state, (state) => state.window)
  const presets = presetsOf(image)
  const current = presets.find(({ center, width }) => center === window.center && width === window.width)
  const entries = presets.map((preset, index) => ({
    id: preset.name,
    text: `${preset.name}  ·  ${formatFixed(preset.center, 0)} / ${formatFixed(preset.width, 0)}`,
    ...(index < 9 ? { keys: `⇧${index + 1}` } : {}),
    checked: preset === current,
    onSelect: () => viewer.setWindow({ center: preset.center, width: preset.width }),
  }))
  const text = current?.name ?? `${optionText.custom} ${Math.round(window.center)} / ${Math.round(window.width)}`
  if (entries.length === 0) return <span className="row mono gap-1.5 text-fg-3">{text}</span>
  return (
    <Menu
      align="end"
      groups={[entries]}
      trigger={
        <button type="button" className="btn sm" aria-label={`${optionText.windowPreset}: ${text}`}>
          <Contrast size={14} aria-hidden />
          {text}
          <ChevronDown size={12} aria-hidden />
        </button>
      }
    />
  )
}
