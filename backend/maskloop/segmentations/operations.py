"""What the server computes over the live tiles: delete, merge, relabel, restore. Nothing painted meanwhile is left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from maskloop.core.errors import Invalid, NotFound
from maskloop.imaging.label_tile import (
    Voxels,
    decode_runs,
    decode_tile,
    diff_patch,
    tile_size,
    unpack_position,
)
from maskloop.projects.tables import Label
from maskloop.segmentations import queries
from maskloop.segmentations.errors import SegmentGone
from maskloop.segmentations.ledger import Author, Entry, Ledger, Saved, TileChange, body_digest
from maskloop.segmentations.numbers import add_block, creation, require_label
from maskloop.segmentations.renumbered import GONE, Renumberings
from maskloop.segmentations.schemas import (
    DeleteSegments,
    MergeSegments,
    Operation,
    RelabelSegments,
    RestoreState,
)
from maskloop.segmentations.segment_table import FIELDS, NUMBERS, FieldChange, SegmentRow, SegmentTable, changes_from
from maskloop.segmentations.tiles import layer_range, state_at

OnNumbers = DeleteSegments | MergeSegments | RelabelSegments
MAX_TILES = 50  # computed by the server within a request; above: an io job


class NeedsJob(Exception):
    """More tiles change than a request may compute: nothing was changed, let a job do it."""


@dataclass
class Plan:
    """What an operation is going to change."""

    segments: SegmentTable
    mapping: dict[int, int] = field(default_factory=dict)  # number -> number, 0: background
    changes: list[FieldChange] = field(default_factory=list)
    layer: int = 0
    next_number: int = 0


def operate(
    session: Session,
    segmentation_id: UUID,
    operation: Operation,
    *,
    key: UUID,
    author: Author,
    max_tiles: int | None = MAX_TILES,
    follow: bool = False,
) -> Saved:
    """Append one revision that does `operation` to what is live under the lock.

    `follow`: numbers of before a renumbering are translated and not refused, for a job that waited meanwhile.
    The caller commits. Raises NotFound, KeyReused, Closed, Renumbered, SegmentGone, Invalid, and NeedsJob if more than
    `max_tiles` tiles would change; then nothing was changed.
    """
    ledger = Ledger(session, segmentation_id, key)
    digest = body_digest("operation", operation.model_dump(mode="json"))
    if first := ledger.first_answer(digest):
        return first
    ledger.require_open()
    if isinstance(operation, RestoreState):
        plan, tiles = _restore(ledger, operation.seq, max_tiles)
    else:
        said = _said_in_numbers_of_now(ledger, operation) if follow else operation
        ledger.require_numbering(said.numbering)
        plan = _plan(ledger, said)
        tiles = _replace(ledger, plan, max_tiles)
    entry = Entry(
        key=key,
        body_digest=digest,
        author=author,
        source="restore" if operation.kind == "restore" else "operation",
        tool=operation.kind,
        tiles=tiles,
        changes=plan.changes,
        next_number=plan.next_number,
        facts={"restored": operation.seq} if isinstance(operation, RestoreState) else {},
    )
    return ledger.append(entry, plan.segments)


def _said_in_numbers_of_now(ledger: Ledger, operation: OnNumbers) -> OnNumbers:
    """Return an operation in the numbers of now. Raises SegmentGone for what a renumbering freed."""
    since = operation.numbering
    table = Renumberings(ledger.session, ledger.head, since).table_since(since)
    named = [*operation.numbers, operation.into] if isinstance(operation, MergeSegments) else operation.numbers
    if gone := [number for number in named if table[number] == GONE]:
        raise SegmentGone(ledger.head.seq, gone)
    now: dict[str, object] = {
        "numbers": [int(table[number]) for number in operation.numbers],
        "numbering": ledger.head.numbering,
    }
    if isinstance(operation, MergeSegments):
        now["into"] = int(table[operation.into])
    return operation.model_copy(update=now)


def _plan(ledger: Ledger, operation: OnNumbers) -> Plan:
    plan = Plan(ledger.segments())
    numbers = sorted(set(operation.numbers))
    plan.layer = _common_layer(ledger, plan.segments, numbers)
    if isinstance(operation, MergeSegments):
        if _common_layer(ledger, plan.segments, [operation.into]) != plan.layer:
            raise Invalid("Segments of different layers cannot be merged.", code="different-layers")
        numbers = [number for number in numbers if number != operation.into]
        plan.mapping = dict.fromkeys(numbers, operation.into)
    elif isinstance(operation, RelabelSegments):
        numbers = _plan_relabel(ledger, plan, numbers, operation.label_id)
    else:
        plan.mapping = dict.fromkeys(numbers, 0)
    _plan_deletion(ledger, plan, numbers)
    return plan


def _plan_relabel(ledger: Ledger, plan: Plan, numbers: list[int], label_id: UUID) -> list[int]:
    """Map numbers to segments of another label, and return those that are not of that label already.

    A semantic label's segment is used if there is one; instances get one new number each.
    """
    label = require_label(ledger, label_id)
    numbers = [number for number in numbers if _row(plan.segments, number).label_id != label_id]
    if not numbers:
        return []
    if label.kind == "semantic":
        row = semantic_segment(plan.segments, label_id, plan.layer)
        if row is None:
            row = _new_block(ledger, plan, label, count=1)
        plan.mapping = dict.fromkeys(numbers, row.first)
    else:
        row = _new_block(ledger, plan, label, count=len(numbers))
        plan.mapping = {number: row.first + place for place, number in enumerate(numbers)}
    return numbers


def _new_block(ledger: Ledger, plan: Plan, label: Label, *, count: int) -> SegmentRow:
    row = add_block(ledger, plan.segments, label_id=label.id, layer=plan.layer, count=count)
    plan.changes.append(creation(row))
    plan.next_number = row.last + 1
    return row


def _plan_deletion(ledger: Ledger, plan: Plan, numbers: list[int]) -> None:
    """Mark numbers as deleted: a whole row where all of it goes, else each number by itself."""
    left = np.zeros(NUMBERS, np.bool_)
    left[numbers] = True
    for row in list(plan.segments.rows):
        if row.is_live and row.first < row.last and left[row.first : row.last + 1].all():
            _mark_deleted(ledger, plan, FieldChange(row.first, "deleted", False, True, last=row.last))
            own = [other for other in plan.segments.rows if row.first <= other.first and other.last <= row.last]
            left[row.first : row.last + 1] = False
            for other in own:
                left[other.first] = other.is_live and other.first == other.last
    for number in np.flatnonzero(left).tolist():
        _mark_deleted(ledger, plan, FieldChange(number, "deleted", False, True))


def _mark_deleted(ledger: Ledger, plan: Plan, change: FieldChange) -> None:
    if plan.segments.apply(change, seq=ledger.next_seq):
        plan.changes.append(change)


def _replace(ledger: Ledger, plan: Plan, max_tiles: int | None) -> list[TileChange]:
    """Return the live tiles of the plan's layer with every number replaced."""
    table = np.arange(NUMBERS, dtype=np.uint16)
    for number, into in plan.mapping.items():
        table[number] = into
    moved = table != np.arange(NUMBERS)
    changes: list[TileChange] = []
    for row in queries.live_tiles_between(ledger.session, ledger.head.no, *layer_range(plan.layer)):
        assert row.content is not None
        size = tile_size(ledger.head.grid, row.pos)
        if not moved[decode_runs(row.content, size)[1]].any():
            continue
        if max_tiles is not None and len(changes) == max_tiles:
            raise NeedsJob
        before = decode_tile(row.content, size)
        after = table[before]
        changes.append(TileChange(row.pos, diff_patch(before, after), after))
    return changes


def _restore(ledger: Ledger, seq: int, max_tiles: int | None) -> tuple[Plan, list[TileChange]]:
    """Return what differs between now and the state after revision `seq`: tiles, and fields of segments."""
    head = ledger.head
    if seq > head.seq:
        raise NotFound(f"There is no revision {seq}; the newest is {head.seq}.", code="no-revision", seq=head.seq)
    plan = Plan(ledger.segments())
    positions = queries.positions_since(ledger.session, head.no, seq)
    wanted = state_at(ledger.session, head, seq, only=positions)
    renumberings = Renumberings(ledger.session, head, seq)
    if not renumberings.is_empty:
        wanted = _said_now(ledger, plan, renumberings, seq, wanted)
    for later, stored in queries.segment_changes_since(ledger.session, head.no, seq):
        for change in reversed(changes_from(stored)):
            back = renumberings.change_since(later, change.swapped()) if change.field in FIELDS else None
            if back is not None and plan.segments.apply(back, seq=ledger.next_seq):
                plan.changes.append(back)
    live = ledger.live_voxels(positions)
    differing = (_difference(ledger, plan.segments, pos, live[pos], wanted.get(pos)) for pos in positions)
    tiles = [change for change in differing if change is not None]
    if max_tiles is not None and len(tiles) > max_tiles:
        raise NeedsJob
    return plan, tiles


def _said_now(
    ledger: Ledger, plan: Plan, renumberings: Renumberings, seq: int, wanted: dict[int, Voxels]
) -> dict[int, Voxels]:
    """Return tiles of the state `seq` in the numbers of now; what was freed since and is wanted gets new numbers."""
    numbers = {int(number) for voxels in wanted.values() for number in np.unique(voxels)} - {0}
    revived = renumberings.revive(ledger, plan.segments, seq, numbers, deleted=numbers)
    plan.changes += revived
    plan.next_number = 1 + max((change.number for change in revived), default=0)
    table = renumberings.table_since(seq)
    return {pos: table[voxels].astype(np.uint16) for pos, voxels in wanted.items()}


def _difference(
    ledger: Ledger, segments: SegmentTable, pos: int, before: Voxels, wanted: Voxels | None
) -> TileChange | None:
    after = np.zeros_like(before) if wanted is None else wanted
    numbers = np.unique(after)
    gone = numbers[~segments.drawable(numbers, unpack_position(pos).layer)]
    if gone.size:
        raise SegmentGone(ledger.head.seq, gone.tolist())
    return None if np.array_equal(before, after) else TileChange(pos, diff_patch(before, after), after)


def semantic_segment(segments: SegmentTable, label_id: UUID, layer: int) -> SegmentRow | None:
    """Return the lowest live segment of a label in a layer that is one number."""
    fitting = [
        row
        for row in segments.rows
        if row.label_id == label_id and row.layer == layer and row.is_live and row.first == row.last
    ]
    return min(fitting, key=lambda row: row.first, default=None)


def _common_layer(ledger: Ledger, segments: SegmentTable, numbers: Iterable[int]) -> int:
    """Return the layer of live segments. Raises SegmentGone, or Invalid if they lie in several layers."""
    rows: Mapping[int, SegmentRow | None] = {number: segments.find(number) for number in numbers}
    if gone := [number for number, row in rows.items() if row is None or not row.is_live]:
        raise SegmentGone(ledger.head.seq, gone)
    layers = {row.layer for row in rows.values() if row is not None}
    if len(layers) > 1:
        raise Invalid(f"The segments lie in different layers: {sorted(layers)}.", code="different-layers")
    return layers.pop()


def _row(segments: SegmentTable, number: int) -> SegmentRow:
    row = segments.find(number)
    assert row is not None
    return row
