import type { Image } from '../../api/images'
import { segmentText } from '../../strings'

/** How big a number of voxels is in this image: a volume, an area, or nothing but a count. */
export interface Measure {
  kind: 'volume' | 'area' | 'none'
  /** Cubic or square millimetres of one voxel; 0 where there is no physical size. */
  perVoxel: number
  /** Why a size cannot be told, or what it must be taken with; null where there is nothing to say. */
  remark: string | null
}

function determinant(rows: readonly (readonly number[])[]): number {
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0
  return (
    at(0, 0) * (at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)) -
    at(0, 1) * (at(1, 0) * at(2, 2) - at(1, 2) * at(2, 0)) +
    at(0, 2) * (at(1, 0) * at(2, 1) - at(1, 1) * at(2, 0))
  )
}

/** The affine's determinant, not the product of spacings: under gantry tilt a voxel is a sheared box. */
export function measureOf(image: Pick<Image, 'kind' | 'affine' | 'spacing' | 'spacing_source' | 'partial'>): Measure {
  const { spacing } = image
  if (spacing === null) return { kind: 'none', perVoxel: 0, remark: segmentText.noSize }
  if (image.kind === 'planar') {
    const remark = image.spacing_source === 'detector' ? segmentText.atDetector : null
    return { kind: 'area', perVoxel: spacing[0] * spacing[1], remark }
  }
  const perVoxel = image.affine === null ? spacing[0] * spacing[1] * spacing[2] : Math.abs(determinant(image.affine))
  return { kind: 'volume', perVoxel, remark: image.partial ? segmentText.partial : null }
}

/** A size in words, or null where it cannot be known. */
export function sizeText(measure: Measure, voxels: number): string | null {
  if (voxels === 0 || (measure.kind === 'volume' && measure.remark !== null)) return null
  return segmentText.measured(measure.kind, voxels, measure.perVoxel)
}
