"""Numbers across renumberings: what a number of an older state is called now.

A renumbering moves the numbers that are in use together and frees the others. Its revision keeps the rows before and
after it and the runs of numbers that moved, so what was said in old numbers (an undo, an old state, a proposal) can be
said in those of today. A freed number that is needed again is given a new one, which remembers what it was.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from maskloop.imaging.label_tile import Patch
from maskloop.segmentations import queries
from maskloop.segmentations.ledger import Ledger
from maskloop.segmentations.numbers import add_block, creation
from maskloop.segmentations.queries import Head
from maskloop.segmentations.schemas import FreedRun, NumberingOut, NumberRun
from maskloop.segmentations.segment_table import NUMBERS, FieldChange, SegmentRow, SegmentTable, changes_from

GONE = -1
Table = NDArray[np.int32]


@dataclass(frozen=True)
class Freed:
    """A number that a renumbering freed: the renumbering's seq, and the number just before it."""

    seq: int
    number: int


class Renumberings:
    """The renumberings of a segmentation after a seq, and what was given a new number since."""

    def __init__(self, session: Session, head: Head, seq: int) -> None:
        stored = queries.segment_changes_since(session, head.no, seq) if head.numbering > seq else []
        self._changes = [(later, changes_from(changes)) for later, changes in reversed(stored)]
        self._tables: dict[int, tuple[Table, Table, Table]] = {}
        self._before: dict[int, SegmentTable] = {}  # by the seq of a renumbering: the segments that it found

    @property
    def is_empty(self) -> bool:
        """Say whether numbers mean what they meant then."""
        return not self._changes

    def table_since(self, seq: int) -> Table:
        """Return for each number as of `seq` its number now (65,536 of int32); GONE: freed, or never given out."""
        return self._since(seq)[0]

    def change_since(self, seq: int, change: FieldChange) -> FieldChange | None:
        """Return a change of revision `seq` in the numbers of now; None where its numbers are gone or lie apart."""
        last = change.number if change.last is None else change.last
        moved = self.table_since(seq)[change.number : last + 1]
        if moved[0] == GONE or not np.array_equal(moved, moved[0] + np.arange(moved.size)):
            return None
        return replace(change, number=int(moved[0]), last=None if change.last is None else int(moved[-1]))

    def patch_since(self, seq: int, patch: Patch) -> tuple[Patch, int]:
        """Return a patch in the numbers of now, and how many voxels of it name a number that is gone."""
        table = self.table_since(seq)
        before, after = table[patch.before], table[patch.after]
        known = (before != GONE) & (after != GONE)
        lost = int(patch.lengths[~known].sum())
        numbers = before[known].astype(np.uint16), after[known].astype(np.uint16)
        return Patch(patch.starts[known], patch.lengths[known], *numbers), lost

    def rows_at(self) -> list[SegmentRow] | None:
        """Return the segments before the first renumbering; None if there was none."""
        for _, changes in self._changes:
            for change in changes:
                if change.field == "rows":
                    return rows_from(change.before)
        return None

    def revive(
        self, ledger: Ledger, segments: SegmentTable, seq: int, numbers: Iterable[int], *, deleted: Iterable[int] = ()
    ) -> list[FieldChange]:
        """Give new numbers to those as of `seq` that are gone; return what a revision tells of it.

        Those of segments that were deleted before they were freed stay gone, unless they are among `deleted`.
        """
        table, freed_by, freed_as = self._since(seq)
        made: list[FieldChange] = []
        taken = 0
        wanted_back = set(deleted)
        for number in sorted(set(numbers)):
            freed = Freed(int(freed_by[number]), int(freed_as[number]))
            row = self._row_before(freed)
            if table[number] != GONE or row is None or not (row.is_live or number in wanted_back):
                continue
            block = add_block(
                ledger,
                segments,
                label_id=row.label_id,
                layer=row.layer,
                count=1,
                name=row.name,
                color=row.color,
                after=taken,
            )
            taken = block.last
            made.append(creation(block, was=(freed.seq, freed.number)))
        if made:
            self._changes.append((ledger.next_seq, made))
            self._tables.clear()
        return made

    def _row_before(self, freed: Freed) -> SegmentRow | None:
        """Return what named a number when it was freed; None if it was not."""
        if freed.seq == 0:
            return None
        if freed.seq not in self._before:
            changes = next(changes for seq, changes in self._changes if seq == freed.seq)
            before = next(change.before for change in changes if change.field == "rows")
            self._before[freed.seq] = SegmentTable(rows_from(before))
        return self._before[freed.seq].find(freed.number)

    def _since(self, seq: int) -> tuple[Table, Table, Table]:
        """Return the table, and for each number by which renumbering it was freed and what it was called then."""
        later = [(at, changes) for at, changes in self._changes if at > seq]
        known = self._tables.get(len(later))
        if known is None:
            known = self._tables[len(later)] = _follow(later)
        return known


def rows_from(stored: object) -> list[SegmentRow]:
    """Return segment rows as a renumbering stores them."""
    assert isinstance(stored, list)
    return [SegmentRow(item[0], item[1], UUID(item[2]), *item[3:8]) for item in stored]


def rows_as_json(rows: Iterable[SegmentRow]) -> list[object]:
    """Return segment rows as a renumbering stores them, in the order of their numbers."""
    ordered = sorted(rows, key=lambda row: (row.first, row.last))
    return [
        [row.first, row.last, str(row.label_id), row.layer, row.name, row.color, row.state, row.deleted_seq]
        for row in ordered
    ]


def rows_at(session: Session, head: Head, seq: int) -> list[SegmentRow]:
    """Return the segments in the numbers of the state after revision `seq`.

    Their names are those of now, or of the renumbering that ended these numbers.
    """
    rows = queries.segment_rows(session, head.no)  # read before it is known whether these still are the numbers
    now = queries.read_head(session, head.id)
    before = Renumberings(session, now, seq).rows_at()
    return rows if before is None else before


def describe(session: Session, segmentation_id: UUID, since: int) -> NumberingOut:
    """Return what the numbers of the numbering `since` are called now. Raises NotFound."""
    head = queries.read_head(session, segmentation_id)
    renumberings = Renumberings(session, head, since)
    table = renumberings.table_since(since)
    segments = SegmentTable(renumberings.rows_at() or [])
    rows = segments.rows
    is_live = np.array([row.is_live for row in rows] + [False])  # the last one for numbers that no row holds
    freed = np.where((table == GONE) & is_live[segments.index], segments.index, GONE)
    return NumberingOut(
        since=since,
        numbering=head.numbering,
        runs=[NumberRun(first=a, last=b, to=int(table[a])) for a, b in _runs(np.maximum(table, 0), rising=True)],
        freed=[
            FreedRun(first=a, last=b, label_id=rows[freed[a]].label_id, layer=rows[freed[a]].layer)
            for a, b in _runs(freed + 1, rising=False)
        ],
    )


def _runs(values: Table, *, rising: bool) -> list[tuple[int, int]]:
    """Return (first, last) of the runs of numbers whose values are above 0 and stay the same, or rise by one."""
    breaks = np.flatnonzero(np.diff(values)[1:] != int(rising)) + 2  # number 0 is background, no part of a run
    bounds = zip([1, *breaks.tolist()], [*(breaks - 1).tolist(), values.size - 1], strict=True)
    return [(first, last) for first, last in bounds if values[first] > 0]


def _follow(later: list[tuple[int, list[FieldChange]]]) -> tuple[Table, Table, Table]:
    table = np.arange(NUMBERS, dtype=np.int32)
    freed_by, freed_as = np.zeros(NUMBERS, np.int32), np.zeros(NUMBERS, np.int32)
    for seq, changes in later:
        if any(change.field == "rows" for change in changes):
            moves = _moves(changes)
            known = np.flatnonzero(table != GONE)
            freed = known[moves[table[known]] == GONE]
            freed_by[freed], freed_as[freed] = seq, table[freed]
            table[known] = moves[table[known]]
        for change in changes:
            if change.field == "created" and isinstance(change.after, dict) and "was" in change.after:
                by, number = change.after["was"]
                table[(freed_by == by) & (freed_as == number) & (table == GONE)] = change.number
    return table, freed_by, freed_as


def _moves(changes: list[FieldChange]) -> Table:
    """Return for each number before a renumbering the one after it."""
    moves = np.full(NUMBERS, GONE, np.int32)
    moves[0] = 0
    for change in changes:
        if change.field == "renumbered":
            assert isinstance(change.after, int)
            assert change.last is not None
            moves[change.number : change.last + 1] = change.after + np.arange(change.last - change.number + 1)
    return moves
