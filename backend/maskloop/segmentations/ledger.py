"""Appending to the log of a segmentation: lock, first answer, checks, one revision. Every write goes through it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import numpy as np
import orjson
from sqlalchemy.orm import Session

from maskloop.core import clock
from maskloop.imaging.label_tile import Patch, Voxels, decode_tile, encode_patch, encode_tile, tile_size
from maskloop.segmentations import queries
from maskloop.segmentations.errors import Closed, KeyReused, Renumbered
from maskloop.segmentations.queries import Head, HistoryRow, RevisionRow
from maskloop.segmentations.segment_table import FieldChange, SegmentTable

Source = Literal["drawn", "undo", "operation", "proposal", "import", "restore", "merge", "numbers", "renumber"]
NO_REVISION = bytes(32)  # what the digest chain of a segmentation begins with


@dataclass(frozen=True)
class Author:
    """Who writes: a user, a model, or a user who accepts what a model proposed."""

    user_id: UUID | None
    model_version_id: UUID | None = None


@dataclass(frozen=True)
class Saved:
    """The answer to a save: its key, its seq, and the seq before it.

    `skipped`: voxels and fields that an undo left alone. `is_new` is False for the repeat of a first answer.
    """

    key: UUID
    seq: int
    skipped: int = 0
    positions: Sequence[int] = ()
    is_new: bool = True

    @property
    def parent(self) -> int:
        """The seq before it; a client that does not have that one reads what it missed."""
        return self.seq - 1


@dataclass(frozen=True)
class TileChange:
    """One tile that a revision changes: what really changed, and the tile after it."""

    pos: int
    patch: Patch
    voxels: Voxels


@dataclass(frozen=True)
class Entry:
    """What is appended."""

    key: UUID
    body_digest: bytes
    author: Author
    source: Source
    tool: str | None = None
    message: str | None = None
    active_ms: int = 0
    undoes: int | None = None
    depth: int = 0
    skipped: int = 0
    tiles: Sequence[TileChange] = ()
    changes: Sequence[FieldChange] = ()
    facts: Mapping[str, object] = field(default_factory=dict)  # added to the stats: which model, which proposal
    next_number: int | None = None
    stats: Mapping[str, object] | None = None  # in place of those counted from the tiles


class Ledger:
    """A segmentation under its row lock, until the transaction ends."""

    def __init__(
        self,
        session: Session,
        segmentation_id: UUID,
        key: UUID,
        *,
        numbers: Iterable[int] | None = None,
        positions: Sequence[int] | None = None,
    ) -> None:
        """Take the row lock. `numbers` and `positions`: read these segments and tiles in the same round trip."""
        self.session = session
        self.key = key
        self._asked = (numbers, positions)
        self._opened = queries.open_ledger(session, segmentation_id, key, numbers=numbers, positions=positions)
        self.head: Head = self._opened.head

    @property
    def next_seq(self) -> int:
        """The seq of the revision that is made now."""
        return self.head.seq + 1

    def first_answer(self, body_digest: bytes) -> Saved | None:
        """Return the answer that this key got before, None if it is new. Comes before every other check.

        Raises KeyReused if the key was used for another body.
        """
        known = self._opened.by_key
        if known is None:
            return None
        if known.body_digest != body_digest:
            raise KeyReused
        skipped = known.stats.get("skipped", 0)
        assert isinstance(skipped, int)
        return Saved(self.key, known.seq, skipped, is_new=False)

    def require_numbering(self, numbering: int) -> None:
        """Raise Renumbered if the numbers that were sent are not those of now."""
        if numbering != self.head.numbering:
            raise Renumbered(self.head.numbering)

    def require_open(self) -> None:
        """Raise Closed if nothing may be drawn."""
        if self.head.state != "open":
            raise Closed(f"This segmentation is {self.head.state}.", state=self.head.state, seq=self.head.seq)

    def segments(self, numbers: Iterable[int] | None = None) -> SegmentTable:
        """Return the segments, all or those that hold one of `numbers`."""
        rows = self._opened.segments if numbers is not None and numbers == self._asked[0] else None
        return SegmentTable(queries.segment_rows(self.session, self.head.no, numbers) if rows is None else rows)

    def live_voxels(self, positions: Sequence[int]) -> dict[int, Voxels]:
        """Return the live voxels at these positions; background where nothing was ever drawn."""
        found = self._opened.tiles if positions == self._asked[1] else None
        if found is None:
            found = queries.live_tiles(self.session, self.head.no, positions)
        return {pos: self.decode(pos, found[pos].content if pos in found else None) for pos in positions}

    def decode(self, pos: int, content: bytes | None) -> Voxels:
        """Return a stored tile's voxels; background for None."""
        size = tile_size(self.head.grid, pos)
        return np.zeros(size, np.uint16) if content is None else decode_tile(content, size)

    def append(self, entry: Entry, segments: SegmentTable) -> Saved:
        """Append one revision. `segments` names every number in the patches, and holds the changed rows."""
        counted = voxel_stats(entry.tiles, segments) if entry.stats is None else entry.stats
        stats: dict[str, object] = {**counted, **entry.facts}
        if entry.skipped:
            stats["skipped"] = entry.skipped
        tiles = [
            HistoryRow(tile.pos, self.next_seq, encode_patch(tile.patch), encode_tile(tile.voxels))
            for tile in sorted(entry.tiles, key=lambda tile: tile.pos)
        ]
        row = RevisionRow(
            seq=self.next_seq,
            key=entry.key,
            body_digest=entry.body_digest,
            author_id=entry.author.user_id,
            model_version_id=entry.author.model_version_id,
            source=entry.source,
            tool=entry.tool,
            undoes=entry.undoes,
            depth=entry.depth,
            message=entry.message,
            active_ms=entry.active_ms,
            created_at=clock.now(),
            positions=[tile.pos for tile in tiles],
            segments=[change.as_json() for change in entry.changes] or None,
            stats=stats,
        )
        digest = chain(self._opened.newest_digest or NO_REVISION, row, tiles)
        next_number = max(self.head.next_number, entry.next_number or 0)
        queries.append(self.session, self.head, row, digest=digest, next_number=next_number, tiles=tiles)
        if segments.changed_rows:
            queries.put_segments(self.session, self.head.no, segments.changed_rows.values())
        return Saved(entry.key, row.seq, entry.skipped, positions=row.positions)


def chain(previous: bytes, row: RevisionRow, tiles: Sequence[HistoryRow]) -> bytes:
    """Return SHA-256 of the digest before and of everything in a revision that never changes.

    A patch stands for its tile, since replaying the patches gives it; thinning and naming change no digest.
    """
    content = {
        **{name: value for name, value in vars(row).items() if name not in {"positions", "created_at"}},
        "body_digest": row.body_digest.hex(),
        "created_at": row.created_at.timestamp(),
        "tiles": [
            [tile.pos, hashlib.sha256(tile.patch if tile.patch is not None else tile.content or b"").hexdigest()]
            for tile in tiles
        ],
    }
    return hashlib.sha256(previous + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def voxel_stats(tiles: Sequence[TileChange], segments: SegmentTable) -> dict[str, object]:
    """Return the voxels that each label gained and lost, so that the cost of correcting never re-reads tiles."""
    if not tiles:
        return {"voxels": 0, "labels": {}}
    lengths = np.concatenate([tile.patch.lengths for tile in tiles])
    labels = [str(label) for label in segments.labels()]
    index = segments.index

    def by_label(numbers: Voxels) -> dict[str, int]:
        counts = np.bincount(index[numbers] + 1, weights=lengths, minlength=len(labels) + 1)[1:]
        found: dict[str, int] = {}
        for row in np.flatnonzero(counts).tolist():
            label = labels[row]
            found[label] = found.get(label, 0) + int(counts[row])
        return found

    added = by_label(np.concatenate([tile.patch.after for tile in tiles]))
    removed = by_label(np.concatenate([tile.patch.before for tile in tiles]))
    return {
        "voxels": int(lengths.sum()),
        "labels": {
            label: {"added": added.get(label, 0), "removed": removed.get(label, 0)} for label in {**added, **removed}
        },
    }


def body_digest(*parts: object) -> bytes:
    """Return the digest of a request that is not a stroke: what the same key must come with again."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS, default=str)).digest()
