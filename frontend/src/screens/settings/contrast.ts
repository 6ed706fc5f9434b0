const KEY = 'maskloop.contrast'

export function isHighContrast(): boolean {
  return document.documentElement.dataset.contrast === 'high'
}

export function setHighContrast(on: boolean): void {
  if (on) document.documentElement.dataset.contrast = 'high'
  else delete document.documentElement.dataset.contrast
  try {
    if (on) localStorage.setItem(KEY, 'high')
    else localStorage.removeItem(KEY)
  } catch {
    // Storage may be blocked: the setting then lasts until the page is closed.
  }
}

/** At the start of the page, before anything is drawn. */
export function applyContrast(): void {
  try {
    if (localStorage.getItem(KEY) === 'high') document.documentElement.dataset.contrast = 'high'
  } catch {
    // Storage may be blocked: the system's preference still counts.
  }
}
