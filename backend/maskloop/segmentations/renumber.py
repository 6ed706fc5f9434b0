"""Renumbering: the numbers in use move together, so that the others can be given out again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from maskloop.imaging.label_tile import decode_runs, decode_tile, diff_patch, tile_size
from maskloop.projects.tables import Label
from maskloop.segmentations import queries
from maskloop.segmentations.errors import NumbersExhausted
from maskloop.segmentations.ledger import Author, Entry, Ledger, Saved, TileChange, body_digest
from maskloop.segmentations.numbers import MAX_NUMBER
from maskloop.segmentations.queries import TileRow
from maskloop.segmentations.renumbered import rows_as_json
from maskloop.segmentations.segment_table import NUMBERS, FieldChange, SegmentRow, SegmentTable

MIN_FREED = 4096  # fewer are not worth that every number changes


@dataclass(frozen=True)
class Moves:
    """Where the numbers go: `table` for each old number the new one (0: freed), `runs` of (first, last, new first)."""

    table: NDArray[np.uint16]
    runs: Sequence[tuple[int, int, int]]
    kept: int


def renumber(session: Session, segmentation_id: UUID, *, key: UUID, author: Author) -> Saved:
    """Append one revision that moves the numbers in use to 1, 2, ... and frees all others.

    In use: has voxels, or is a segment that a person would miss (semantic, or with a name, colour or state of its
    own). The caller commits. Raises NotFound, KeyReused, Closed, and NumbersExhausted if too few would come free;
    then nothing was changed.
    """
    ledger = Ledger(session, segmentation_id, key)
    digest = body_digest("renumber")
    if first := ledger.first_answer(digest):
        return first
    ledger.require_open()
    segments = ledger.segments()
    tiles = queries.tiles_since(session, ledger.head.no, 0)
    moves = _moves(_in_use(ledger, segments, tiles))
    freed = ledger.head.next_number - 1 - moves.kept
    if freed < MIN_FREED:
        detail = f"{moves.kept} of {MAX_NUMBER} numbers are in use. Draw the rest in a segmentation of its own."
        raise NumbersExhausted(detail, left=MAX_NUMBER - ledger.head.next_number + 1)
    rows = _moved_rows(segments, moves)
    told = FieldChange(1, "rows", rows_as_json(segments.rows), rows_as_json(rows), last=MAX_NUMBER)
    runs = [FieldChange(first, "renumbered", None, new, last=last) for first, last, new in moves.runs]
    entry = Entry(
        key=key,
        body_digest=digest,
        author=author,
        source="renumber",
        tiles=_moved_tiles(ledger, moves, tiles),
        changes=[told, *runs],
        stats={"voxels": 0, "labels": {}, "numbers": moves.kept, "freed": freed},
    )
    saved = ledger.append(entry, SegmentTable([]))
    queries.begin_numbering(session, ledger.head.no, saved.seq, next_number=moves.kept + 1, rows=rows)
    return saved


def _in_use(ledger: Ledger, segments: SegmentTable, tiles: Sequence[TileRow]) -> NDArray[np.bool_]:
    used = np.zeros(NUMBERS, np.bool_)
    for tile in tiles:
        assert tile.content is not None
        used[decode_runs(tile.content, tile_size(ledger.head.grid, tile.pos))[1]] = True
    kinds = select(Label.id).where(Label.project_id == ledger.head.project_id, Label.kind == "semantic")
    semantic = set(ledger.session.scalars(kinds))
    for row in segments.rows:
        is_own = row.label_id in semantic or row.name or row.color or row.state
        if row.is_live and row.first == row.last and is_own:
            used[row.first] = True
    used[0] = False
    return used


def _moves(used: NDArray[np.bool_]) -> Moves:
    kept = np.flatnonzero(used)
    table = np.zeros(NUMBERS, np.uint16)
    if not kept.size:
        return Moves(table, [], 0)
    table[kept] = np.arange(1, kept.size + 1)
    starts = np.flatnonzero(np.diff(kept, prepend=-1) != 1)
    ends = np.append(starts[1:], kept.size) - 1
    runs = [(int(kept[a]), int(kept[b]), a + 1) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    return Moves(table, runs, kept.size)


def _moved_rows(segments: SegmentTable, moves: Moves) -> list[SegmentRow]:
    """Return the rows of the moved numbers: one for each run of neighbours that the same row named."""
    kept = np.flatnonzero(moves.table)
    if not kept.size:
        return []
    places = segments.index[kept]
    starts = np.flatnonzero(np.diff(places, prepend=-2))
    rows: list[SegmentRow] = []
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), kept.size], strict=True):
        row = segments.rows[places[start]]
        rows.append(
            SegmentRow(
                start + 1, end, row.label_id, row.layer, row.name, row.color, row.state, deleted_seq=row.deleted_seq
            )
        )
    return rows


def _moved_tiles(ledger: Ledger, moves: Moves, tiles: Sequence[TileRow]) -> list[TileChange]:
    changes: list[TileChange] = []
    for tile in tiles:
        assert tile.content is not None
        before = decode_tile(tile.content, tile_size(ledger.head.grid, tile.pos))
        after = moves.table[before]
        if not np.array_equal(before, after):
            changes.append(TileChange(tile.pos, diff_patch(before, after), after))
    return changes
