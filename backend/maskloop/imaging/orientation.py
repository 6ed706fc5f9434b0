"""Letters for directions in the patient: R L, A P, I S (also H F where feet and head are meant)."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskloop.imaging.affine import directions_of

POSITIVE: Final = "LPS"  # the patient axes point to the left, to the back and to the head
NEGATIVE: Final = "RAI"
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
    directions = directions_of(affine)
    normal = np.cross(directions[:, 0], directions[:, 1])
    return ("sagittal", "coronal", "axial")[int(np.argmax(np.abs(normal)))]
