"""Proposals: what a segmenter suggests, in local numbers, until a person accepts or drops it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import select
from sqlalchemy.orm import Session

from maskloop.core import clock
from maskloop.core.db import Json
from maskloop.core.errors import Conflict, Invalid, NotFound
from maskloop.imaging.label_tile import Voxels, decode_tile, diff_patch, encode_tile, tile_size
from maskloop.imaging.label_wire import SeqTile, encode_tiles
from maskloop.segmentations import queries
from maskloop.segmentations.errors import StaleVoxels
from maskloop.segmentations.ledger import Author, Entry, Ledger, Saved, TileChange, body_digest
from maskloop.segmentations.numbers import add_block, creation, require_label
from maskloop.segmentations.operations import NeedsJob, semantic_segment
from maskloop.segmentations.renumbered import Renumberings
from maskloop.segmentations.segment_table import NUMBERS, FieldChange, SegmentTable
from maskloop.segmentations.tables import Proposal
from maskloop.segmentations.tiles import cut, state_at

MAX_ACCEPTED_TILES = 800  # in one request; above: an io job


@dataclass(frozen=True)
class ProposedSegment:
    """One structure by local number; `last_local` above `local`: one number for each instance."""

    local: int
    last_local: int
    label_id: UUID | None
    name: str
    color: str
    voxels: int
    volume_ml: float | None = None

    def as_json(self) -> dict[str, object]:
        """Return it as the row stores it."""
        return {**vars(self), "label_id": None if self.label_id is None else str(self.label_id)}


@dataclass(frozen=True)
class Origin:
    """Which segmenter proposed it, with which settings, and how long it took."""

    segmenter: str
    version: str | None = None
    hash: str | None = None
    model_version_id: UUID | None = None
    settings: Json | None = None
    seconds: float = 0.0
    stats: Json | None = None


def propose(
    session: Session,
    segmentation_id: UUID,
    labelmap: NDArray[np.uint16],
    *,
    at_seq: int,
    segments: Sequence[ProposedSegment],
    origin: Origin,
    created_by: UUID | None = None,
    job_id: UUID | None = None,
) -> Proposal:
    """Store a labelmap (K, J, I) of local numbers 1..n as a proposal computed at `at_seq`.

    The caller commits. Raises NotFound, and Invalid if the grid or the numbers do not fit.
    """
    head = queries.read_head(session, segmentation_id)
    if labelmap.shape != head.grid:
        raise Invalid(f"The proposal's grid is {labelmap.shape}, the image's {head.grid}.", code="wrong-grid")
    named = np.zeros(NUMBERS, np.bool_)
    named[0] = True
    for segment in segments:
        named[segment.local : segment.last_local + 1] = True
    tiles = cut(labelmap)
    if not all(named[voxels].all() for voxels in tiles.values()):
        raise Invalid("The proposal holds numbers that none of its segments has.", code="unknown-numbers")
    proposal = Proposal(
        segmentation_id=segmentation_id,
        job_id=job_id,
        created_by=created_by,
        model_version_id=origin.model_version_id,
        segmenter=origin.segmenter,
        version=origin.version,
        model_hash=origin.hash,
        settings=origin.settings or {},
        at_seq=at_seq,
        seconds=origin.seconds,
        segments=[segment.as_json() for segment in segments],
        stats=origin.stats or {},
    )
    session.add(proposal)
    session.flush()
    rows = [(proposal.id, pos, encode_tile(voxels)) for pos, voxels in tiles.items()]
    with queries.connection(session).cursor() as cursor:
        cursor.executemany(sql.SQL("INSERT INTO proposal_tile (proposal_id, pos, bytes) VALUES (%s, %s, %s)"), rows)
    return proposal


def get(session: Session, proposal_id: UUID, *, lock: bool = False) -> Proposal:
    """Return a proposal. Raises NotFound."""
    proposal = session.get(Proposal, proposal_id, populate_existing=True, with_for_update=lock or None)
    if proposal is None:
        raise NotFound("There is no such proposal.")
    return proposal


def list_proposals(session: Session, segmentation_id: UUID, *, only_open: bool) -> list[Proposal]:
    """Return the proposals of a segmentation, newest first."""
    statement = select(Proposal).where(Proposal.segmentation_id == segmentation_id).order_by(Proposal.id.desc())
    if only_open:
        statement = statement.where(Proposal.state == "ready")
    return list(session.scalars(statement.limit(100)))


def proposal_tiles(session: Session, proposal_id: UUID) -> bytes:
    """Return the tiles of local numbers as a tiles body; every seq is the one it was computed at."""
    proposal = get(session, proposal_id)
    tiles = _stored_tiles(session, proposal_id)
    return encode_tiles(proposal.at_seq, (SeqTile(pos, proposal.at_seq, content) for pos, content in tiles))


def accept_proposal(
    session: Session,
    proposal_id: UUID,
    *,
    key: UUID,
    author: Author,
    replace: bool = False,
    labels: Mapping[int, UUID] | None = None,
    max_tiles: int | None = MAX_ACCEPTED_TILES,
) -> Saved:
    """Append one revision that draws a proposal, naming its segmenter, version and hash.

    A semantic structure goes to its label's segment (a new number if there is none), instances to new numbers. It is
    drawn on background and over its own segment; with `replace` over everything. `labels` says by local number where
    a structure goes, in place of what the proposal says. The caller commits. Raises NotFound,
    KeyReused, Closed, Conflict `proposal-ended`, StaleVoxels if voxels that it draws changed since it was computed, and
    NeedsJob above `max_tiles`; then nothing was changed and the proposal stays.
    """
    ledger = Ledger(session, get(session, proposal_id).segmentation_id, key)
    digest = body_digest("accept", proposal_id, replace, sorted((labels or {}).items()))
    if first := ledger.first_answer(digest):
        return first
    ledger.require_open()
    proposal = get(session, proposal_id, lock=True)
    if proposal.state != "ready":
        raise Conflict(f"This proposal was {proposal.state} before.", code="proposal-ended", state=proposal.state)
    stored = _stored_tiles(session, proposal_id)
    if max_tiles is not None and len(stored) > max_tiles:
        raise NeedsJob
    segments = ledger.segments()
    numbers, changes, next_number = _assign_numbers(ledger, segments, proposal, labels or {})
    tiles = _draw(ledger, proposal, stored, numbers, replace=replace)
    entry = Entry(
        key=key,
        body_digest=digest,
        author=Author(author.user_id, proposal.model_version_id),
        source="proposal",
        tool=proposal.segmenter[:60],
        tiles=tiles,
        changes=changes,
        next_number=next_number,
        facts={
            "proposal": str(proposal.id),
            "model": {"name": proposal.segmenter, "version": proposal.version, "hash": proposal.model_hash},
        },
    )
    saved = ledger.append(entry, segments)
    proposal.state, proposal.accepted_seq, proposal.ended_at = "accepted", saved.seq, clock.now()
    session.flush()
    return saved


def drop_proposal(session: Session, proposal_id: UUID) -> None:
    """Put a proposal away. Dropping it twice is fine. Raises NotFound, or Conflict if it was accepted."""
    queries.read_head(session, get(session, proposal_id).segmentation_id, lock=True)  # the lock order of accepting
    proposal = get(session, proposal_id, lock=True)
    if proposal.state == "accepted":
        raise Conflict("This proposal was accepted before.", code="proposal-ended", state=proposal.state)
    if proposal.state == "ready":
        proposal.state, proposal.ended_at = "dropped", clock.now()
        session.flush()


def proposed_segments(proposal: Proposal) -> list[ProposedSegment]:
    """Return the structures of a proposal."""
    found = []
    for item in proposal.segments:
        assert isinstance(item, dict)
        label_id = None if item["label_id"] is None else UUID(item["label_id"])
        found.append(ProposedSegment(**{**item, "label_id": label_id}))
    return found


def _assign_numbers(
    ledger: Ledger, segments: SegmentTable, proposal: Proposal, labels: Mapping[int, UUID]
) -> tuple[Voxels, list[FieldChange], int]:
    """Return the number for each local number, what that adds to the segments, and the next free number."""
    numbers = np.zeros(NUMBERS, np.uint16)
    changes: list[FieldChange] = []
    taken = 0
    for proposed in proposed_segments(proposal):
        if proposed.voxels == 0:
            continue
        label_id = labels.get(proposed.local, proposed.label_id)
        if label_id is None:
            detail = f"{proposed.name} has no label to go to. Say which."
            raise Invalid(detail, code="unknown-label", local=proposed.local)
        label = require_label(ledger, label_id)
        count = proposed.last_local - proposed.local + 1
        row = semantic_segment(segments, label.id, 0) if count == 1 and label.kind == "semantic" else None
        if row is None:
            row = add_block(ledger, segments, label_id=label.id, layer=0, count=count, after=taken)
            changes.append(creation(row))
            taken = row.last
        numbers[proposed.local : proposed.last_local + 1] = np.arange(row.first, row.first + count)
    return numbers, changes, taken + 1


def _draw(
    ledger: Ledger, proposal: Proposal, stored: Sequence[tuple[int, bytes]], numbers: Voxels, *, replace: bool
) -> list[TileChange]:
    """Return the tiles that change. Raises StaleVoxels where a voxel that is drawn changed since the proposal's seq."""
    positions = [pos for pos, _ in stored]
    found = queries.live_tiles(ledger.session, ledger.head.no, positions)
    newer = [pos for pos, row in found.items() if row.seq > proposal.at_seq]
    earlier = state_at(ledger.session, ledger.head, proposal.at_seq, only=newer)
    now = Renumberings(ledger.session, ledger.head, proposal.at_seq).table_since(proposal.at_seq)
    stale: dict[int, int] = {}
    changes: list[TileChange] = []
    for pos, content in stored:
        wanted = numbers[decode_tile(content, tile_size(ledger.head.grid, pos))]
        live = ledger.decode(pos, found[pos].content if pos in found else None)
        drawn = (wanted > 0) & (wanted != live)
        if pos in newer:
            base = now[earlier.get(pos, np.zeros_like(live))]
            if conflicts := int(np.count_nonzero(drawn & (live != base))):
                stale[pos] = conflicts
                continue
        if not replace:
            drawn &= live == 0
        if drawn.any():
            after = np.where(drawn, wanted, live)
            changes.append(TileChange(pos, diff_patch(live, after), after))
    if stale:
        raise StaleVoxels(ledger.head.seq, stale, sum(stale.values()))
    return changes


def _stored_tiles(session: Session, proposal_id: UUID) -> list[tuple[int, bytes]]:
    statement = "SELECT pos, bytes FROM proposal_tile WHERE proposal_id = %s ORDER BY pos"
    return queries.connection(session).execute(statement, (proposal_id,)).fetchall()
