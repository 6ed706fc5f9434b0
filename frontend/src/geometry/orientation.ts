import type { Affine } from './affine'
import { cross, dot, normalize, scale, type Vec3 } from './vector'

/** Below this cosine (8.6°) a direction counts as along the axis and gets one letter. */
const OBLIQUE_COSINE = 0.15

const LETTERS = [
  ['L', 'R'],
  ['P', 'A'],
  ['S', 'I'],
] as const

/** The patient's directions in LPS that a direction points to, the strongest first: "L", or "PI" when oblique. */
export function directionLetters(direction: Vec3): string {
  const unit = normalize(direction)
  const parts = LETTERS.map(([plus, minus], axis) => ({ value: unit[axis as 0 | 1 | 2], plus, minus }))
  return parts
    .filter(({ value }) => Math.abs(value) > OBLIQUE_COSINE)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, 2)
    .map(({ value, plus, minus }) => (value > 0 ? plus : minus))
    .join('')
}

export type Plane = 'axial' | 'coronal' | 'sagittal'

/** Which index grows along a screen axis, and which way. */
export interface ScreenAxis {
  readonly axis: 'i' | 'j'
  readonly sign: 1 | -1
}

export interface SliceFrame {
  readonly plane: Plane | null
  readonly right: ScreenAxis
  readonly down: ScreenAxis
  /** Letters at the four sides; null when the patient's position is unknown. */
  readonly letters: {
    readonly left: string
    readonly right: string
    readonly top: string
    readonly bottom: string
  } | null
  /** Index of the patient axis closest to the slice's normal. */
  readonly normalAxis: 0 | 1 | 2
}

/** As a radiologist reads: the patient's left on the right; sagittal with the face to the left. */
const READING: Record<Plane, { right: Vec3; down: Vec3 }> = {
  axial: { right: [1, 0, 0], down: [0, 1, 0] },
  coronal: { right: [1, 0, 0], down: [0, 0, -1] },
  sagittal: { right: [0, 1, 0], down: [0, 0, -1] },
}

const PLANES = ['sagittal', 'coronal', 'axial'] as const
const AS_STORED: SliceFrame = {
  plane: null,
  right: { axis: 'i', sign: 1 },
  down: { axis: 'j', sign: 1 },
  letters: null,
  normalAxis: 2,
}

/**
 * How the acquired slice lies on the screen: turned and mirrored by whole axes, never resampled, so that it reads in the
 * radiological convention whatever way the file stores it. Without an affine: rows to the right, columns down, as stored.
 */
export function sliceFrame(affine: Affine | null): SliceFrame {
  if (affine === null) return AS_STORED
  const normalAxis = strongest(cross(affine.i, affine.j))
  const plane = PLANES[normalAxis]
  const wanted = READING[plane]
  const i = normalize(affine.i)
  const j = normalize(affine.j)
  const straight = Math.abs(dot(i, wanted.right)) + Math.abs(dot(j, wanted.down))
  const turned = Math.abs(dot(j, wanted.right)) + Math.abs(dot(i, wanted.down))
  const [rightAxis, downAxis] = straight >= turned ? (['i', 'j'] as const) : (['j', 'i'] as const)
  const direction = { i, j }
  const right: ScreenAxis = { axis: rightAxis, sign: dot(direction[rightAxis], wanted.right) < 0 ? -1 : 1 }
  const down: ScreenAxis = { axis: downAxis, sign: dot(direction[downAxis], wanted.down) < 0 ? -1 : 1 }
  const rightward = scale(direction[rightAxis], right.sign)
  const downward = scale(direction[downAxis], down.sign)
  const letters = {
    left: directionLetters(scale(rightward, -1)),
    right: directionLetters(rightward),
    top: directionLetters(scale(downward, -1)),
    bottom: directionLetters(downward),
  }
  return { plane, right, down, letters, normalAxis }
}

function strongest([x, y, z]: Vec3): 0 | 1 | 2 {
  const [ax, ay, az] = [Math.abs(x), Math.abs(y), Math.abs(z)]
  // A tie goes to axial, then coronal: an exact 45° cut is read from the feet.
  if (az >= ay && az >= ax) return 2
  return ay >= ax ? 1 : 0
}
