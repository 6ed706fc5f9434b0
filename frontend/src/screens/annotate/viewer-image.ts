import type { Image } from '../../api/images'
import type { ViewerImage } from '../../viewer/view-state'

export function viewerImageOf(image: Image): ViewerImage {
  const { id, modality, kind, shape, channels, dtype, affine, spacing, rescale, unit, window, photometric, pixels } =
    image
  return {
    id,
    modality,
    kind,
    shape,
    channels,
    dtype,
    affine,
    spacing,
    rescale,
    unit,
    window,
    photometric,
    pixels,
    spacingSource: image.spacing_source,
    frameOfReference: image.frame_of_reference,
  }
}
