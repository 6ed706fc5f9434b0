"""Is the store what the log says? Replays every patch, recomputes the digest chain, compares rows both ways."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from maskloop.imaging.errors import ImagingError
from maskloop.imaging.label_tile import Voxels, apply_patch, decode_patch, decode_tile, tile_size
from maskloop.segmentations import queries
from maskloop.segmentations.ledger import NO_REVISION, chain
from maskloop.segmentations.queries import Head, HistoryRow, RevisionRow
from maskloop.segmentations.renumbered import rows_as_json, rows_from
from maskloop.segmentations.segment_table import FieldChange, SegmentRow, SegmentTable, changes_from
from maskloop.segmentations.tables import LabelHead, LabelTile, Revision


@dataclass
class Report:
    """What was compared; `problems` is empty when all of it agrees."""

    revisions: int = 0
    tiles: int = 0
    problems: list[str] = field(default_factory=list)


def verify_segmentation(session: Session, segmentation_id: UUID) -> Report:
    """Compare the log of one segmentation with its store. Reads everything, in one repeatable-read transaction."""
    head = queries.read_head(session, segmentation_id)
    report = Report()
    _check_revisions(session, head, report)
    _check_tiles(session, head, report)
    _check_segments(session, head, report)
    return report


def _check_revisions(session: Session, head: Head, report: Report) -> None:
    """No gap, the digest chain holds, and each revision wrote exactly the tiles that it names."""
    written: dict[int, list[HistoryRow]] = {}
    rows = session.execute(
        select(LabelTile.pos, LabelTile.seq, LabelTile.patch).where(LabelTile.segmentation_no == head.no)
    )
    whole = {(step.pos, step.seq): step.content for step in _whole_steps(session, head)}
    for pos, seq, patch in rows:
        written.setdefault(seq, []).append(HistoryRow(pos, seq, patch, whole.get((pos, seq))))
    digest = NO_REVISION
    for expected, revision in enumerate(_revisions(session, head), start=1):
        report.revisions += 1
        tiles = sorted(written.pop(revision.seq, []), key=lambda step: step.pos)
        if revision.seq != expected:
            report.problems.append(f"revision {expected} is missing, {revision.seq} comes next")
        if [step.pos for step in tiles] != list(revision.positions):
            report.problems.append(f"revision {revision.seq} does not have the tiles that it names")
        digest = chain(digest, _row(revision), tiles)
        if digest != revision.digest:
            report.problems.append(f"revision {revision.seq} is not what was saved: its digest differs")
            digest = revision.digest
    if report.revisions != head.seq:
        report.problems.append(f"the segmentation is at {head.seq}, its log has {report.revisions} revisions")
    if written:
        report.problems.append(f"tiles of revisions that are not there: {sorted(written)[:5]}")


def _check_tiles(session: Session, head: Head, report: Report) -> None:
    """Replaying the patches of each tile gives every whole tile that is stored, and the head names the newest."""
    heads = {row.pos: row.seq for row in session.scalars(select(LabelHead).where(LabelHead.segmentation_no == head.no))}
    newest: dict[int, int] = {}
    voxels: Voxels | None = None
    rows = session.scalars(
        select(LabelTile)
        .where(LabelTile.segmentation_no == head.no)
        .order_by(LabelTile.pos, LabelTile.seq)
        .execution_options(yield_per=500)
    )
    for tile in rows:
        report.tiles += 1
        try:
            if tile.pos not in newest or voxels is None:
                voxels = np.zeros(tile_size(head.grid, tile.pos), np.uint16)
            voxels = _replay(tile, voxels, report)
        except ImagingError as error:
            report.problems.append(f"tile {tile.pos} of revision {tile.seq} cannot be read: {error.detail}")
        newest[tile.pos] = tile.seq
        if heads.get(tile.pos) == tile.seq and tile.bytes is None:
            report.problems.append(f"the live tile {tile.pos} of revision {tile.seq} is thinned")
    if newest != heads:
        differing = sorted({pos for pos, _ in newest.items() ^ heads.items()})
        report.problems.append(f"the heads of tiles {differing[:5]} do not name their newest revision")


def _replay(tile: LabelTile, before: Voxels, report: Report) -> Voxels:
    after = before
    if tile.patch is not None:
        patch = decode_patch(tile.patch, before.size)
        applied = apply_patch(before, patch)
        after = applied.voxels
        if applied.changed.voxels != patch.voxels:
            report.problems.append(f"the patch of tile {tile.pos} of revision {tile.seq} does not fit what was there")
    if tile.bytes is not None:
        stored = decode_tile(tile.bytes, before.size)
        if tile.patch is not None and not np.array_equal(stored, after):
            report.problems.append(f"tile {tile.pos} of revision {tile.seq} is not what its patches give")
        after = stored
    elif tile.patch is None:
        report.problems.append(f"tile {tile.pos} of revision {tile.seq} has neither patch nor bytes")
    return after


def _check_segments(session: Session, head: Head, report: Report) -> None:
    """Replaying the changed fields gives the segments that are stored."""
    table = SegmentTable([])
    for seq, stored in reversed(queries.segment_changes_since(session, head.no, 0)):
        for change in changes_from(stored):
            if change.field == "created" and isinstance(change.after, dict):
                made = change.after
                table.add(
                    SegmentRow(
                        change.number,
                        change.last or change.number,
                        UUID(made["label_id"]),
                        made["layer"],
                        made["name"],
                        made["color"],
                    )
                )
            elif change.field == "rows":
                table = _renumbered(table, change, seq, report)
            elif change.field != "renumbered" and not table.apply(change, seq=seq):
                report.problems.append(f"revision {seq} changes segment {change.number} from what it was not")
    stored_rows = {(row.first, row.last): row for row in queries.segment_rows(session, head.no)}
    replayed = {(row.first, row.last): row for row in table.rows}
    if stored_rows != replayed:
        differing = sorted(
            key for key in stored_rows.keys() | replayed.keys() if stored_rows.get(key) != replayed.get(key)
        )
        report.problems.append(f"the segments {differing[:5]} are not what the log says")
    if replayed and max(row.last for row in table.rows) >= head.next_number:
        report.problems.append(f"the next number {head.next_number} was given out before")


def _renumbered(table: SegmentTable, change: FieldChange, seq: int, report: Report) -> SegmentTable:
    """Return the segments after a renumbering, which stores them as it found and as it left them."""
    if rows_as_json(table.rows) != change.before:
        report.problems.append(f"the renumbering {seq} found other segments than the log says")
    return SegmentTable(rows_from(change.after))


def _revisions(session: Session, head: Head) -> Iterator[Revision]:
    statement = select(Revision).where(Revision.segmentation_no == head.no).order_by(Revision.seq)
    yield from session.scalars(statement.execution_options(yield_per=500))


def _whole_steps(session: Session, head: Head) -> list[HistoryRow]:
    statement = select(LabelTile.pos, LabelTile.seq, LabelTile.bytes).where(
        LabelTile.segmentation_no == head.no, LabelTile.patch.is_(None)
    )
    return [HistoryRow(pos, seq, None, content) for pos, seq, content in session.execute(statement)]


def _row(revision: Revision) -> RevisionRow:
    names = RevisionRow.__dataclass_fields__
    values = {name: getattr(revision, name) for name in names}
    return RevisionRow(**{**values, "stats": revision.stats or {}})
