"""A picture or stack of pictures that is read in pieces, whatever file it comes from."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from maskloop.imaging.volume import Voxels

INT16: Final = np.iinfo(np.int16)
UINT16: Final = np.iinfo(np.uint16)
FLOAT_EXACT: Final = 2**24
Rows = Callable[[Sequence[int]], Iterator[Voxels]]


@dataclass(frozen=True)
class Picture:
    """One image of a file: its grid, the type that is kept, its size in mm if known, and how to get its rows.

    `rows` takes slice numbers and yields whole rows from the top down, slice after slice, as (n, I) or (n, I, 3).
    """

    shape: tuple[int, int, int]
    channels: int
    dtype: str
    rows: Rows
    label: str = ""
    spacing: tuple[float, float, float] | None = None
    inverted: bool = False
    notes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


def kept_type(dtype: np.dtype[np.generic], extent: Callable[[], tuple[int, int]]) -> tuple[str, tuple[str, ...]]:
    """Return the type of the pixel file that holds all values of a stored type, and a note where some cannot be.

    Parameters
    ----------
    dtype : dtype
        Of one channel, as stored.
    extent : callable
        Gives the lowest and highest value; asked only for whole numbers of more than 16 bits.
    """
    if dtype.kind == "b" or dtype == np.uint8:
        return "uint8", ()
    if dtype.kind == "f":
        return "float32", ("64-bit values are kept with 32 bits",) if dtype.itemsize == 8 else ()
    if dtype.itemsize <= 2:
        return ("uint16" if dtype.kind == "u" else "int16"), ()
    low, high = extent()
    if low >= INT16.min and high <= INT16.max:
        return "int16", ()
    if low >= 0 and high <= UINT16.max:
        return "uint16", ()
    rounded = max(abs(low), abs(high)) > FLOAT_EXACT
    return "float32", ("Whole numbers above 16,777,216 were rounded",) if rounded else ()
