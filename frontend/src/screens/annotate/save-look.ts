import { Cloud, CloudCheck, CloudOff, KeyRound, type LucideIcon, ShieldAlert, TriangleAlert } from 'lucide-react'
import type { Tone } from '../../panels/bits'
import type { SaveState } from '../../store/document-state'
import { saveText } from '../../strings'

export interface SaveLook {
  text: string
  tone: Tone
  icon: LucideIcon
  /** Conflict and Refused interrupt a screen reader, the others wait. */
  live: 'polite' | 'assertive'
}

/** A save state in words, with its colour and sign. */
export function saveLook(state: SaveState): SaveLook {
  switch (state.kind) {
    case 'saved':
      return { text: saveText.saved(state.revision), tone: 'ok', icon: CloudCheck, live: 'polite' }
    case 'saving':
      return { text: saveText.saving(state.tiles), tone: 'acc', icon: Cloud, live: 'polite' }
    case 'offline':
      return { text: saveText.offline(state.strokes), tone: 'warn', icon: CloudOff, live: 'polite' }
    case 'conflict':
      return { text: saveText.conflict(state.voxels), tone: 'bad', icon: TriangleAlert, live: 'assertive' }
    case 'unprotected':
      return { text: saveText.unprotected, tone: 'bad', icon: ShieldAlert, live: 'assertive' }
    case 'signedOut':
      return { text: saveText.signedOut, tone: 'warn', icon: KeyRound, live: 'polite' }
    case 'refused':
      return { text: `${saveText.refused} · ${state.title}`, tone: 'bad', icon: TriangleAlert, live: 'assertive' }
  }
}
