"""A short list of SNOMED CT codes for what people segment, taken from DICOM PS3.16 (the CIDs below 7151).

A label may carry any code; this list only saves typing. `also` holds other words that find an entry.
"""

import json
from functools import cache
from importlib import resources

from pydantic import BaseModel, Field

SCHEME = "SCT"


class Code(BaseModel):
    """A coded concept: the scheme's designator, the code value and its meaning (PS3.3 section 8)."""

    scheme: str = Field(min_length=1, max_length=16)
    value: str = Field(min_length=1, max_length=64)
    meaning: str = Field(min_length=1, max_length=64)


class FoundCode(Code):
    """A code of the list, with its segmented property category."""

    category: str


def search(text: str, *, limit: int = 20) -> list[FoundCode]:
    """Return the codes that fit, best first: the whole name, names that begin so, words that do, parts."""
    wanted = text.strip().lower()
    if not wanted:
        return []
    ranked = [(rank, code) for code, names in _all() if (rank := _rank(wanted, names, code.value)) is not None]
    ranked.sort(key=lambda found: (found[0], found[1].meaning.lower()))
    return [code for _rank_of, code in ranked[:limit]]


def _rank(wanted: str, names: tuple[str, str], value: str) -> int | None:
    meaning, also = names
    if wanted in {meaning, value}:
        return 0
    if meaning.startswith(wanted):
        return 1
    words = f"{meaning} {also}".split()
    if all(any(word.startswith(part) for word in words) for part in wanted.split()):
        return 2
    return 3 if wanted in meaning else None


@cache
def _all() -> tuple[tuple[FoundCode, tuple[str, str]], ...]:
    rows = json.loads(resources.files(__package__).joinpath("codes.json").read_text())
    return tuple(
        (
            FoundCode(scheme=SCHEME, value=row["value"], meaning=row["meaning"], category=row["category"]),
            (row["meaning"].lower(), row.get("also", "").lower()),
        )
        for row in rows
    )
