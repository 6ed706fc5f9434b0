"""One gate for every number of a DICOM header: finite, in range, or not there at all."""

import math
from collections.abc import Iterable
from typing import Final

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue

Vector = tuple[float, float, float]
MAX_ABS: Final = 1e9
# Reading a malformed value may raise any of these in pydicom's converters.
VALUE_ERRORS: Final = (
    AttributeError,
    BytesLengthException,
    IndexError,
    KeyError,
    NotImplementedError,
    OverflowError,
    TypeError,
    ValueError,
)


def raw_value(dataset: Dataset, keyword: str) -> object:
    """Return the value of an element, or None when it is absent, empty or cannot be converted."""
    try:
        value: object = dataset.get(keyword)
    except VALUE_ERRORS:
        return None
    return None if value == "" else value


def text(dataset: Dataset, keyword: str, *, most: int = 64) -> str:
    """Return a text value, cut and without control characters; empty when absent."""
    value = raw_value(dataset, keyword)
    if value is None:
        return ""
    first = value[0] if isinstance(value, (MultiValue, list)) and value else value
    return "".join(letter for letter in str(first) if letter.isprintable())[:most].strip()


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Return every value of a text element."""
    value = raw_value(dataset, keyword)
    if value is None:
        return ()
    values = value if isinstance(value, (MultiValue, list, tuple)) else [value]
    return tuple(str(item).strip() for item in values)


def numbers(dataset: Dataset, keyword: str, count: int | None = None) -> tuple[float, ...] | None:
    """Return finite numbers of sane size, or None: absent, another count, not a number, absurd."""
    value = raw_value(dataset, keyword)
    if value is None:
        return None
    values: Iterable[object] = value if isinstance(value, (MultiValue, list, tuple)) else [value]
    try:
        found = tuple(float(str(item)) for item in values)
    except VALUE_ERRORS:
        return None
    if not found or (count is not None and len(found) != count):
        return None
    return found if all(math.isfinite(item) and abs(item) <= MAX_ABS for item in found) else None


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first of one or more finite numbers, or None."""
    found = numbers(dataset, keyword)
    return None if found is None else found[0]


def whole(dataset: Dataset, keyword: str, *, low: int, high: int) -> int | None:
    """Return a whole number in range, or None."""
    found = number(dataset, keyword)
    if found is None or not found.is_integer() or not low <= found <= high:
        return None
    return int(found)


def vector(dataset: Dataset, keyword: str) -> Vector | None:
    """Return three finite numbers, or None."""
    found = numbers(dataset, keyword, 3)
    return None if found is None else (found[0], found[1], found[2])


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none when it is absent or is no sequence."""
    value = raw_value(dataset, keyword)
    if value is None or isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return []
    return [item for item in value if isinstance(item, Dataset)]


def first_item(dataset: Dataset, keyword: str) -> Dataset:
    """Return the first item of a sequence, or an empty data set."""
    found = items(dataset, keyword)
    return found[0] if found else Dataset()
