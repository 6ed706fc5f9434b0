import { readStored, writeStored } from '../../panels/stored'

export function isHighContrast(): boolean {
  return document.documentElement.dataset.contrast === 'high'
}

export function setHighContrast(on: boolean): void {
  if (on) document.documentElement.dataset.contrast = 'high'
  else delete document.documentElement.dataset.contrast
  writeStored('contrast', on ? 'high' : null)
}

/** At the start of the page, before anything is drawn. */
export function applyContrast(): void {
  if (readStored('contrast') === 'high') document.documentElement.dataset.contrast = 'high'
}
