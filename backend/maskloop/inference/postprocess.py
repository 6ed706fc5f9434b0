"""The clean-up recipe of a manifest, carried out on a labelmap."""

from collections.abc import Sequence

import numpy as np

from maskloop.imaging import postprocess
from maskloop.imaging.postprocess import Labels, Mask, Spacing
from maskloop.inference.manifest import CloseMask, FillHoles, KeepLargest, OpenMask, RemoveSmall, Step


def apply_recipe(labels: Labels, recipe: Sequence[Step], *, spacing: Spacing) -> Labels:
    """Return the labelmap after each step of a recipe, in order.

    Parameters
    ----------
    labels : (K, J, I) uint16 array
    recipe : sequence of Step
        A step that grows a segment takes background only.
    spacing : (3,) floats, mm, in i, j, k order
    """
    for step in recipe:
        numbers = step.segments if step.segments is not None else _numbers(labels)
        labels = labels.copy()
        for number in numbers:
            before = labels == number
            after = _apply(before, step, spacing)
            labels[before & ~after] = 0
            labels[after & (labels == 0)] = number
    return labels


def _numbers(labels: Labels) -> tuple[int, ...]:
    counts = np.bincount(labels.ravel())
    return tuple(number for number in range(1, counts.size) if counts[number])


def _apply(mask: Mask, step: Step, spacing: Spacing) -> Mask:
    match step:
        case KeepLargest():
            return postprocess.keep_largest(mask)
        case RemoveSmall(diameter_mm=diameter):
            least = postprocess.ball_voxels(diameter, spacing, planar=mask.shape[0] == 1)
            return postprocess.remove_small(mask, min_voxels=least)
        case FillHoles(in_plane=in_plane):
            return postprocess.fill_holes(mask, in_plane=in_plane)
        case OpenMask(radius_mm=radius):
            return postprocess.opening(mask, radius_mm=radius, spacing=spacing)
        case CloseMask(radius_mm=radius):
            return postprocess.closing(mask, radius_mm=radius, spacing=spacing)
