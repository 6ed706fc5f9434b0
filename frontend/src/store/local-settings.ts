/** What this browser remembers about a document: how it is shown, and which spare numbers are left. Never the work itself. */
export interface LocalSettings {
  hidden: number[]
  locked: number[]
  style: { fill: number; outlinePx: number }
  /** Numbers the server has given to a label and that nothing has used yet. */
  spare: Record<string, { next: number; last: number }[]>
  /** The renumbering that all these numbers follow. */
  numbering: number
}

export const DEFAULT_STYLE = { fill: 0.45, outlinePx: 1 }

type Store = Pick<Storage, 'getItem' | 'setItem'>

export function loadSettings(name: string, store: Store | undefined): LocalSettings {
  const settings: LocalSettings = { hidden: [], locked: [], style: { ...DEFAULT_STYLE }, spare: {}, numbering: 0 }
  try {
    const parsed: unknown = JSON.parse(store?.getItem(keyOf(name)) ?? '{}')
    return typeof parsed === 'object' && parsed !== null
      ? { ...settings, ...(parsed as Partial<LocalSettings>) }
      : settings
  } catch {
    return settings // Unreadable or forbidden: only the way it looks is lost.
  }
}

export function saveSettings(name: string, settings: LocalSettings, store: Store | undefined): void {
  try {
    store?.setItem(keyOf(name), JSON.stringify(settings))
  } catch {
    // Full or forbidden: the settings hold until the page is left.
  }
}

/** The next spare number of a label, or null when none is left. */
export function takeSpare(settings: LocalSettings, labelId: string): number | null {
  const blocks = settings.spare[labelId] ?? []
  const block = blocks[0]
  if (block === undefined) return null
  const number = block.next
  if (block.next === block.last) blocks.shift()
  else block.next += 1
  return number
}

export function addSpare(settings: LocalSettings, labelId: string, first: number, last: number): void {
  settings.spare[labelId] = [...(settings.spare[labelId] ?? []), { next: first, last }]
}

export function spareLeft(settings: LocalSettings, labelId: string): number {
  return (settings.spare[labelId] ?? []).reduce((sum, { next, last }) => sum + last - next + 1, 0)
}

/** Says the settings in the numbers of another numbering; spare numbers that were left over are free again. */
export function renumberSettings(
  settings: LocalSettings,
  numbering: number,
  rename: (number: number) => number | null,
): void {
  const renamed = (numbers: readonly number[]): number[] => numbers.map(rename).filter((number) => number !== null)
  settings.hidden = renamed(settings.hidden)
  settings.locked = renamed(settings.locked)
  settings.spare = {}
  settings.numbering = numbering
}

function keyOf(name: string): string {
  return `maskloop.document.${name}`
}
