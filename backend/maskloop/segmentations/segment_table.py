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
        self.rows: list[SegmentRow] = []
        self.changed_rows: dict[tuple[int, int], SegmentRow] = {}
        self.index = np.full(NUMBERS, -1, np.int32)  # for each number its narrowest row in `rows`; -1: none
        self._places: dict[tuple[int, int], int] = {}
        self._drawable: dict[int, NDArray[np.bool_]] = {}
        for row in sorted(rows, key=lambda row: row.first - row.last):  # widest first
            self._append(row, self.index[row.first : row.last + 1])

    def find(self, number: int) -> SegmentRow | None:
        """Return the narrowest row that holds a number."""
        place = int(self.index[number]) if 0 <= number < NUMBERS else -1
        return self.rows[place] if place >= 0 else None

    def exact(self, first: int, last: int) -> SegmentRow | None:
        """Return the row of exactly these numbers."""
        place = self._places.get((first, last))
        return None if place is None else self.rows[place]

    def drawable(self, numbers: NDArray[np.uint16], layer: int) -> NDArray[np.bool_]:
        """Return which of these numbers may be drawn in a layer. Background always may."""
        if layer not in self._drawable:
            self._drawable[layer] = np.array([row.is_live and row.layer == layer for row in self.rows] + [False])
        fits: NDArray[np.bool_] = self._drawable[layer][self.index[numbers]] | (numbers == 0)
        return fits

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
        self.add(row.changed(change.field, change.after, seq=seq))
        return True

    def add(self, row: SegmentRow) -> None:
        """Add a row of new numbers, or replace what a row says."""
        self.changed_rows[row.first, row.last] = row
        self._put(row)

    def _put(self, row: SegmentRow) -> None:
        self._drawable.clear()
        place = self._places.get((row.first, row.last))
        if place is not None:
            self.rows[place] = row
            return
        span = self.index[row.first : row.last + 1]
        width = row.last - row.first
        wider = [other for other in np.unique(span).tolist() if other < 0 or self._width(other) > width]
        self._append(row, span, only=np.isin(span, wider))

    def _append(self, row: SegmentRow, span: NDArray[np.int32], *, only: NDArray[np.bool_] | None = None) -> None:
        place = self._places[row.first, row.last] = len(self.rows)
        self.rows.append(row)
        span[slice(None) if only is None else only] = place

    def _width(self, place: int) -> int:
        return self.rows[place].last - self.rows[place].first


def parse_color(color: str | None) -> int | None:
    """Return `#rrggbb` as a number."""
    return None if color is None else int(color[1:], 16)


def format_color(colour: int | None) -> str | None:
    """Return a stored colour as `#rrggbb`."""
    return None if colour is None else f"#{colour:06x}"
