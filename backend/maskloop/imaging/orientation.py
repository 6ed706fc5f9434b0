"""Letters for directions in the patient: R L, A P, I S; and how a slice is turned so that it reads as is usual."""

from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskloop.imaging.affine import directions_of

Scalar = TypeVar("Scalar", bound=np.generic)

POSITIVE: Final = "LPS"  # the patient axes point to the left, to the back and to the head
NEGATIVE: Final = "RAI"
PLANES: Final = ("sagittal", "coronal", "axial")  # by the patient axis closest to the normal
# Where screen right and screen down point in LPS: the patient's left on the right, sagittal with the face to the left.
READING: Final = (((0, 1, 0), (0, 0, -1)), ((1, 0, 0), (0, 0, -1)), ((1, 0, 0), (0, 1, 0)))
OBLIQUE_COSINE: Final = 0.0872  # a letter is named when its share is more than 5 degrees


class EdgeLetters(NamedTuple):
    """What lies beyond each edge of a slice as it is stored: column 0 is on the left, row 0 on top."""

    left: str
    right: str
    top: str
    bottom: str


def direction_letters(direction: ArrayLike, *, most: int = 3) -> str:
    """Return the letters of a direction, the largest share first: ``"L"``, ``"PL"``.

    Parameters
    ----------
    direction : (3,) array_like, LPS
        Of any length but 0.
    most : int
        At most so many letters.

    Returns
    -------
    str

    Notes
    -----
    DICOM PS3.3 C.7.6.1.1.1 (Patient Orientation).
    """
    vector = np.asarray(direction, dtype=np.float64)
    unit = vector / np.linalg.norm(vector)
    order = sorted(range(3), key=lambda axis: -abs(unit[axis]))
    named = [axis for axis in order if abs(unit[axis]) > OBLIQUE_COSINE][:most]
    return "".join(POSITIVE[axis] if unit[axis] > 0 else NEGATIVE[axis] for axis in named)


def opposite(letters: str) -> str:
    """Return the letters of the other way: ``"PL"`` gives ``"AR"``."""
    return letters.translate(str.maketrans(POSITIVE + NEGATIVE, NEGATIVE + POSITIVE))


def axis_letters(affine: NDArray[np.float64]) -> str:
    """Return three letters that name where i, j and k grow: ``"LPS"`` for an axial slice stack from the feet."""
    directions = directions_of(affine)
    taken: list[int] = []
    letters = ""
    for column in range(3):
        order = sorted(range(3), key=lambda axis: -abs(directions[axis, column]))
        axis = next(axis for axis in order if axis not in taken)
        taken.append(axis)
        letters += POSITIVE[axis] if directions[axis, column] > 0 else NEGATIVE[axis]
    return letters


def edge_letters(affine: NDArray[np.float64]) -> EdgeLetters:
    """Return what lies beyond each edge of a slice that is shown as stored."""
    directions = directions_of(affine)
    right = direction_letters(directions[:, 0])
    bottom = direction_letters(directions[:, 1])
    return EdgeLetters(left=opposite(right), right=right, top=opposite(bottom), bottom=bottom)


def plane_name(affine: NDArray[np.float64]) -> str:
    """Return ``"axial"``, ``"coronal"`` or ``"sagittal"``: the nearest name of the plane of a slice."""
    return PLANES[_normal_axis(affine)]


class ScreenAxes(NamedTuple):
    """How a stored slice is turned for the screen: columns for rows first, then left for right, top for bottom."""

    transposed: bool
    mirrored: bool
    upside_down: bool


AS_STORED: Final = ScreenAxes(transposed=False, mirrored=False, upside_down=False)


def screen_axes(affine: NDArray[np.float64] | None) -> ScreenAxes:
    """Return how a slice is turned to be read in the radiological convention; by whole axes, never resampled.

    Parameters
    ----------
    affine : (4, 4) float64 array, mm, or None
        Voxel to LPS. None: no place in the patient, the slice is shown as stored.

    Returns
    -------
    ScreenAxes

    Notes
    -----
    The same rule as ``sliceFrame`` of the viewer; both read tests/vectors/orientations.json.
    """
    if affine is None:
        return AS_STORED
    directions = directions_of(affine)
    along_i, along_j = directions[:, 0], directions[:, 1]
    right, down = np.array(READING[_normal_axis(affine)], dtype=np.float64)
    straight = abs(along_i @ right) + abs(along_j @ down)
    turned = abs(along_j @ right) + abs(along_i @ down)
    across, along = (along_i, along_j) if straight >= turned else (along_j, along_i)
    return ScreenAxes(
        transposed=bool(straight < turned), mirrored=bool(across @ right < 0), upside_down=bool(along @ down < 0)
    )


def on_screen(plane: NDArray[Scalar], axes: ScreenAxes) -> NDArray[Scalar]:
    """Return a view of a stored slice, (J, I) or (J, I, 3), as it lies on the screen."""
    turned: NDArray[Scalar] = plane.swapaxes(0, 1) if axes.transposed else plane
    return turned[:: -1 if axes.upside_down else 1, :: -1 if axes.mirrored else 1]


def _normal_axis(affine: NDArray[np.float64]) -> int:
    directions = directions_of(affine)
    share = np.abs(np.cross(directions[:, 0], directions[:, 1]))
    # A tie goes to axial, then coronal.
    return max((2, 1, 0), key=lambda axis: float(share[axis]))
