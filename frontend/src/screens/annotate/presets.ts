import type { Image, WindowPreset } from '../../api/images'
import { optionText } from '../../strings'

/** The window presets of an image: those that come with its modality, and the file's own where it differs. */
export function presetsOf(image: Pick<Image, 'presets' | 'window' | 'channels'>): readonly WindowPreset[] {
  if (image.channels === 3) return []
  const { presets, window } = image
  if (window === null || presets.some(({ center, width }) => center === window.center && width === window.width))
    return presets
  return [...presets, { ...window, name: optionText.fromFile }]
}
