"""Undo and redo: revisions that swap before and after of another. They need no state of the client."""

from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from maskloop.core.errors import Conflict, Forbidden, Invalid
from maskloop.imaging.label_tile import Patch, apply_patch, decode_patch, diff_patch, tile_size, unpack_position
from maskloop.segmentations import queries
from maskloop.segmentations.errors import BadStroke
from maskloop.segmentations.ledger import Author, Entry, Ledger, Saved, TileChange
from maskloop.segmentations.queries import HistoryRow
from maskloop.segmentations.renumbered import Renumberings
from maskloop.segmentations.segment_table import FieldChange, SegmentTable, changes_from
from maskloop.segmentations.tiles import voxels_at

NOT_UNDOABLE = ("numbers", "renumber")


def undo_revision(
    ledger: Ledger, target: UUID, *, key: UUID, digest: bytes, author: Author, active_ms: int = 0
) -> Saved:
    """Append a revision that takes `target` back; voxels and fields changed since by others are skipped and counted.

    Undoing an undo is a redo. Raises Invalid (no such revision), Forbidden (someone else's), Conflict (undone before).
    """
    row = queries.revision_to_undo(ledger.session, ledger.head.no, target)
    if row is None:
        raise Invalid("There is no such revision to undo.", code="unknown-revision")
    if row.source in NOT_UNDOABLE:
        raise BadStroke("Numbers that were given out stay given out.")
    if row.author_id != author.user_id:
        raise Forbidden(
            "Only one's own steps can be undone. To go back further, restore an older state.", code="not-yours"
        )
    if row.undone:
        raise Conflict("This step was undone before.", code="already-undone", seq=ledger.head.seq)

    steps = queries.steps_of(ledger.session, ledger.head.no, row.seq)
    patches = {step.pos: patch_of(ledger, step).swapped() for step in steps}
    # Numbers that it took stay given out: a redo draws in the same ones again.
    wanted = [change.swapped() for change in reversed(changes_from(row.segments)) if change.field != "created"]
    said = _said_now(ledger, row.seq, patches, wanted)
    changes, skipped = _swap_fields(ledger, said.segments, said.wanted)
    tiles, left = _swap_voxels(ledger, said.segments, said.patches)
    entry = Entry(
        key=key,
        body_digest=digest,
        author=author,
        source="undo",
        tool="redo" if row.depth % 2 else "undo",
        active_ms=active_ms,
        undoes=row.seq,
        depth=row.depth + 1,
        skipped=skipped + left + said.lost,
        tiles=tiles,
        changes=[*said.revived, *changes],
        next_number=1 + max((change.number for change in said.revived), default=0),
    )
    return ledger.append(entry, said.segments)


def undo_keys(session: Session, segmentation_id: UUID, user_id: UUID) -> tuple[UUID | None, UUID | None]:
    """Return the keys that this user's next undo and next redo name.

    Undo: their newest not-undone revision of even depth. Redo: their newest not-undone one of odd depth that is later
    than their newest of depth 0.
    """
    head = queries.read_head(session, segmentation_id)
    return queries.undo_candidates(session, head.no, user_id)


def patch_of(ledger: Ledger, step: HistoryRow) -> Patch:
    """Return what a step did; computed from the state before it where it wrote the whole tile."""
    size = tile_size(ledger.head.grid, step.pos)
    if step.patch is not None:
        return decode_patch(step.patch, size)
    before = voxels_at(ledger.session, ledger.head, step.pos, step.seq - 1)
    return diff_patch(before, ledger.decode(step.pos, step.content))


@dataclass(frozen=True)
class _Said:
    """What an undo is to do, in the numbers of now; `lost`: voxels whose numbers were freed."""

    segments: SegmentTable
    patches: dict[int, Patch]
    wanted: list[FieldChange]
    revived: list[FieldChange] = field(default_factory=list)
    lost: int = 0


def _said_now(ledger: Ledger, seq: int, patches: dict[int, Patch], wanted: list[FieldChange]) -> _Said:
    """Return what takes revision `seq` back; a freed number that is drawn again gets a new one."""
    renumberings = Renumberings(ledger.session, ledger.head, seq)
    if renumberings.is_empty:
        numbers = {int(number) for patch in patches.values() for number in np.unique([patch.before, patch.after])}
        return _Said(ledger.segments((numbers | {change.number for change in wanted}) - {0}), patches, wanted)
    segments = ledger.segments()
    drawn = {int(number) for patch in patches.values() for number in np.unique(patch.after)} - {0}
    deleted = {
        number
        for change in wanted
        if change.field == "deleted" and change.after is False
        for number in range(change.number, (change.last or change.number) + 1)
    }
    revived = renumberings.revive(ledger, segments, seq, drawn, deleted=deleted)
    moved = {pos: renumberings.patch_since(seq, patch) for pos, patch in patches.items()}
    said = [renumberings.change_since(seq, change) for change in wanted]
    return _Said(
        segments,
        {pos: patch for pos, (patch, _) in moved.items()},
        [change for change in said if change is not None],
        revived,
        sum(lost for _, lost in moved.values()),
    )


def _swap_fields(ledger: Ledger, segments: SegmentTable, wanted: list[FieldChange]) -> tuple[list[FieldChange], int]:
    changes, skipped = [], 0
    for change in wanted:
        outcome = segments.apply(change, seq=ledger.next_seq)
        if outcome:
            changes.append(change)
        elif outcome is None:
            skipped += 1
    return changes, skipped


def _swap_voxels(ledger: Ledger, segments: SegmentTable, patches: dict[int, Patch]) -> tuple[list[TileChange], int]:
    """Return the tiles that change; voxels that others changed, or whose segment is gone, are left and counted."""
    live = ledger.live_voxels(sorted(patches))
    tiles, skipped = [], 0
    for pos, patch in patches.items():
        drawable = segments.drawable(patch.after, unpack_position(pos).layer)
        skipped += int(patch.lengths[~drawable].sum())
        kept = Patch(patch.starts[drawable], patch.lengths[drawable], patch.before[drawable], patch.after[drawable])
        applied = apply_patch(live[pos], kept)
        skipped += applied.conflicts
        if applied.changed.starts.size:
            tiles.append(TileChange(pos, applied.changed, applied.voxels))
    return tiles, skipped
