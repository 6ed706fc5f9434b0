"""The segments of a segmentation: rows of numbers, of which the narrowest that holds a number names it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from maskloop.core.errors import Invalid

NUMBERS = 0x10000
FIELDS = ("name", "color", "state", "deleted")
FieldValue = str | bool | None


@dataclass(frozen=True)
class SegmentRow:
    """Numbers first to last under one label. Its color is `#rrggbb`; None: the label's."""

    first: int
    last: int
    label_id: UUID
    layer: int
    name: str | None = None
    color: str | None = None
    state: str | None = None
    deleted_seq: int | None = None

    @property
    def is_live(self) -> bool:
        """Say whether its numbers may be drawn."""
        return self.deleted_seq is None

    def value(self, field: str) -> FieldValue:
        """Return one field as it travels."""
        return not self.is_live if field == "deleted" else getattr(self, field)

    def changed(self, field: str, value: FieldValue, *, seq: int) -> "SegmentRow":
        """Return the row with one field set by revision `seq`."""
        text = value if isinstance(value, str) else None
        match field:
            case "deleted":
                return replace(self, deleted_seq=seq if value else None)
            case "name":
                return replace(self, name=text)
            case "color":
                return replace(self, color=text)
            case _:
                return replace(self, state=text)


@dataclass(frozen=True)
class FieldChange:
    """One field of the row that holds `number` (to `last`, where a whole block is meant), before and after."""

    number: int
    field: str
    before: object
    after: object
    last: int | None = None

    def as_json(self) -> dict[str, object]:
        """Return it as a revision stores it."""
        block = {} if self.last is None else {"last": self.last}
        return {"number": self.number, **block, "field": self.field, "before": self.before, "after": self.after}

    def swapped(self) -> "FieldChange":
        """Return the change that takes this one back."""
        return replace(self, before=self.after, after=self.before)


def changes_from(stored: object) -> list[FieldChange]:
    """Return the changes in the `segments` column of a revision."""
    if not isinstance(stored, list):
        return []
    return [
        FieldChange(item["number"], item["field"], item["before"], item["after"], item.get("last")) for item in stored
    ]


class SegmentTable:
    """Looks numbers up, one or an array of them, and collects changed rows."""

    def __init__(self, rows: Iterable[SegmentRow]) -> None:
        self.rows = sorted(rows, key=lambda row: (row.first - row.last, row.first))  # widest first
        self.changed_rows: dict[tuple[int, int], SegmentRow] = {}
        self._index: NDArray[np.int32] | None = None

    def find(self, number: int) -> SegmentRow | None:
        """Return the narrowest row that holds a number."""
        index = int(self.index[number]) if 0 <= number < NUMBERS else -1
        return self.rows[index] if index >= 0 else None

    def exact(self, first: int, last: int) -> SegmentRow | None:
        """Return the row of exactly these numbers."""
        return next((row for row in self.rows if (row.first, row.last) == (first, last)), None)

    @property
    def index(self) -> NDArray[np.int32]:
        """For each number the index of its row, -1 where there is none."""
        if self._index is None:
            self._index = np.full(NUMBERS, -1, np.int32)
            for position, row in enumerate(self.rows):
                self._index[row.first : row.last + 1] = position
        return self._index

    def drawable(self, layer: int) -> NDArray[np.bool_]:
        """For each number whether it may be drawn in a layer. Background always may."""
        fits = np.array([row.is_live and row.layer == layer for row in self.rows] + [False])
        result: NDArray[np.bool_] = fits[self.index]
        result[0] = True
        return result

    def live_numbers(self, layer: int) -> set[int]:
        """Return the numbers that may be drawn in a layer."""
        return {int(number) for number in np.flatnonzero(self.drawable(layer))} - {0}

    def labels(self) -> Sequence[UUID]:
        """Return the label of each row, in the order of `index`."""
        return [row.label_id for row in self.rows]

    def apply(self, change: FieldChange, *, seq: int) -> bool | None:
        """Set a field if it is `before`: True. It is `after` already: False. Anything else: None.

        A number inside a block gets a row of its own.
        """
        if change.field == "created":
            raise Invalid("A segment is made by asking for numbers.", code="bad-stroke")
        row = self.find(change.number) if change.last is None else self.exact(change.number, change.last)
        if row is None:
            return None
        current = row.value(change.field)
        if current == change.after:
            return False
        if current != change.before:
            return None
        assert change.after is None or isinstance(change.after, str | bool)
        if change.last is None and row.first != row.last:
            row = replace(row, first=change.number, last=change.number)
        self._put(row.changed(change.field, change.after, seq=seq))
        return True

    def add(self, row: SegmentRow) -> None:
        """Add a row of new numbers."""
        self._put(row)

    def _put(self, row: SegmentRow) -> None:
        key = (row.first, row.last)
        self.changed_rows[key] = row
        kept = [other for other in self.rows if (other.first, other.last) != key]
        self.rows = sorted([*kept, row], key=lambda other: (other.first - other.last, other.first))
        self._index = None


def parse_color(color: str | None) -> int | None:
    """Return `#rrggbb` as a number."""
    return None if color is None else int(color[1:], 16)


def format_color(colour: int | None) -> str | None:
    """Return a stored colour as `#rrggbb`."""
    return None if colour is None else f"#{colour:06x}"
