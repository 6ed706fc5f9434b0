"""Saving one stroke: the patches of what was drawn, each voxel with the number it had before."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal
from uuid import UUID

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy.orm import Session

from maskloop.imaging.errors import ImagingError
from maskloop.imaging.label_tile import Grid, Patch, apply_patch, unpack_position
from maskloop.imaging.label_wire import decode_stroke
from maskloop.segmentations.errors import BadStroke, SegmentGone, StaleSegment, StaleVoxels, TooManyTiles
from maskloop.segmentations.ledger import Author, Entry, Ledger, Saved, TileChange
from maskloop.segmentations.schemas import NO_NUL, Color, Name, Number
from maskloop.segmentations.segment_table import FieldChange, SegmentTable
from maskloop.segmentations.undo import undo_revision

MAX_BODY_BYTES = 16 << 20
MAX_DRAWN_TILES = 800

SegmentState = Annotated[str, StringConstraints(pattern="^[a-z][a-z_-]{0,31}$")]


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    number: Number


class NameChange(_Change):
    """Another name; None: the label's."""

    field: Literal["name"]
    before: Annotated[str, StringConstraints(max_length=120, pattern=NO_NUL)] | None
    after: Name | None


class ColorChange(_Change):
    """Another color; None: the label's."""

    field: Literal["color"]
    before: Color | None
    after: Color | None


class StateChange(_Change):
    """Another state of work."""

    field: Literal["state"]
    before: SegmentState | None
    after: SegmentState | None


class StrokeHeader(BaseModel):
    """The JSON header of a save body."""

    model_config = ConfigDict(extra="forbid")

    tool: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=NO_NUL)]
    active_ms: Annotated[int, Field(ge=0, le=24 * 3600 * 1000)]
    message: Annotated[str, StringConstraints(max_length=1000, pattern=NO_NUL)] | None = None
    undoes: UUID | None = None
    numbering: Annotated[int, Field(ge=0)] = 0  # of which renumbering its numbers are: the segmentation says
    segments: Annotated[
        list[Annotated[NameChange | ColorChange | StateChange, Field(discriminator="field")]], Field(max_length=10_000)
    ] = []


@dataclass(frozen=True)
class Stroke:
    """A save body, decoded and checked; `digest` is of its bytes."""

    header: StrokeHeader
    patches: Mapping[int, Patch]
    digest: bytes

    @cached_property
    def positions(self) -> Sequence[int]:
        """Where it draws."""
        return sorted(self.patches)

    @cached_property
    def numbers(self) -> set[int]:
        """Every number that it names."""
        found = {change.number for change in self.header.segments}
        for patch in self.patches.values():
            found.update(np.unique(patch.before).tolist(), np.unique(patch.after).tolist())
        return found - {0}


def read_stroke(content: bytes, grid: Grid) -> Stroke:
    """Return a save body for an image of this grid. Takes no lock and no transaction.

    Raises BadStroke for anything that is not one and TooManyTiles above 800 tiles.
    """
    try:
        body = decode_stroke(content, grid)
        header = StrokeHeader.model_validate(dict(body.header))
    except ImagingError as error:
        raise BadStroke(error.detail) from error
    except ValidationError as error:
        where = ", ".join(sorted({"/".join(str(part) for part in item["loc"]) for item in error.errors()}))
        raise BadStroke(f"The header of a save body is wrong at: {where[:200]}.") from error
    if len(body.patches) > MAX_DRAWN_TILES:
        detail = f"A stroke may touch {MAX_DRAWN_TILES} tiles, this one touches {len(body.patches)}."
        raise TooManyTiles(detail, limit=MAX_DRAWN_TILES)
    if header.undoes is not None and (body.patches or header.segments):
        raise BadStroke("An undo names a revision and draws nothing itself.")
    return Stroke(header, body.patches, hashlib.sha256(content).digest())


def save_stroke(session: Session, segmentation_id: UUID, stroke: Stroke, *, key: UUID, author: Author) -> Saved:
    """Append a revision that applies `stroke`, unless someone else drew under it.

    The row lock makes the check and the append one step. A repeated `key` gets the first answer.
    The caller commits. Raises `NotFound`, `KeyReused`, `Closed`, `Renumbered`, `SegmentGone`, `StaleSegment`, or
    `StaleVoxels` naming the positions; then nothing was changed.
    """
    ledger = Ledger(session, segmentation_id, key, numbers=stroke.numbers, positions=stroke.positions)
    if first := ledger.first_answer(stroke.digest):
        return first
    ledger.require_open()
    header = stroke.header
    if header.undoes is not None:
        return undo_revision(
            ledger, header.undoes, key=key, digest=stroke.digest, author=author, active_ms=header.active_ms
        )
    ledger.require_numbering(header.numbering)
    segments = ledger.segments(stroke.numbers)
    require_segments(ledger, segments, stroke.patches)
    changes = _change_fields(ledger, segments, stroke)
    entry = Entry(
        key=key,
        body_digest=stroke.digest,
        author=author,
        source="merge" if header.tool == "merge" else "drawn",
        tool=header.tool,
        message=header.message,
        active_ms=header.active_ms,
        tiles=_draw(ledger, stroke.patches, stroke.positions),
        changes=changes,
    )
    return ledger.append(entry, segments)


def require_segments(ledger: Ledger, segments: SegmentTable, patches: Mapping[int, Patch]) -> None:
    """Raise SegmentGone unless each number that is drawn is background or a live segment of the tile's layer."""
    gone: set[int] = set()
    for pos, patch in patches.items():
        drawn = patch.after[patch.after != patch.before]
        gone.update(drawn[~segments.drawable(drawn, unpack_position(pos).layer)].tolist())
    if gone:
        raise SegmentGone(ledger.head.seq, gone)


def _change_fields(ledger: Ledger, segments: SegmentTable, stroke: Stroke) -> list[FieldChange]:
    changes: list[FieldChange] = []
    stale: set[int] = set()
    for wanted in stroke.header.segments:
        row = segments.find(wanted.number)
        if row is None or not row.is_live:
            raise SegmentGone(ledger.head.seq, {wanted.number})
        change = FieldChange(wanted.number, wanted.field, wanted.before, wanted.after)
        outcome = segments.apply(change, seq=ledger.next_seq)
        if outcome is None:
            stale.add(wanted.number)
        elif outcome:
            changes.append(change)
    if stale:
        raise StaleSegment(ledger.head.seq, stale)
    return changes


def _draw(ledger: Ledger, patches: Mapping[int, Patch], positions: Sequence[int]) -> list[TileChange]:
    """Return the tiles that really change. Raises StaleVoxels if one voxel anywhere is neither before nor after."""
    live = ledger.live_voxels(positions)
    stale: dict[int, int] = {}
    changes: list[TileChange] = []
    for pos, patch in patches.items():
        applied = apply_patch(live[pos], patch)
        if applied.conflicts:
            stale[pos] = applied.conflicts
        elif applied.changed.starts.size:
            changes.append(TileChange(pos, applied.changed, applied.voxels))
    if stale:
        raise StaleVoxels(ledger.head.seq, stale, sum(stale.values()))
    return changes
