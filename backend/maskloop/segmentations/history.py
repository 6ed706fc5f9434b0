"""The log of a segmentation as people read it: revisions, newest first, and who drew each voxel of a slice."""

import base64
from collections.abc import Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased, defer

from maskloop.imaging.label_tile import decode_patch, encode_tile, tile_size
from maskloop.segmentations import queries
from maskloop.segmentations.queries import Head, HistoryRow
from maskloop.segmentations.schemas import AuthorOut, BlameOut, BlameSource, BlameTile, ModelOut, RevisionOut
from maskloop.segmentations.tables import Revision
from maskloop.segmentations.tiles import slice_range, voxels_at
from maskloop.users.tables import User

MAX_SOURCES = 65_535


def list_revisions(session: Session, segmentation_id: UUID, *, before: int | None, limit: int) -> list[RevisionOut]:
    """Return revisions, newest first, with whether each was undone; `before`: only older ones than this seq."""
    head = queries.read_head(session, segmentation_id)
    later = aliased(Revision)
    undone = exists().where(later.segmentation_no == head.no, later.undoes == Revision.seq)
    statement = _with_author(head).add_columns(undone.label("undone")).order_by(Revision.seq.desc()).limit(limit)
    if before is not None:
        statement = statement.where(Revision.seq < before)
    return [_describe(row[0], row[1], undone=row[2]) for row in session.execute(statement)]


def blame(session: Session, segmentation_id: UUID, *, layer: int, k: int) -> BlameOut:
    """Return for each voxel of a slice the revision that last changed it: a walk down its tiles, patch by patch."""
    head = queries.read_head(session, segmentation_id)
    first, last = slice_range(layer, k)
    steps: dict[int, list[HistoryRow]] = {}
    renumberings = queries.renumberings(session, head.no) if head.numbering else frozenset()
    for step in queries.steps_between(session, head.no, first, last):
        if step.seq in renumberings:  # who renumbered drew nothing
            continue
        steps.setdefault(step.pos, []).append(step)
    drawn = {pos: _newest_change(session, head, pos, rows) for pos, rows in steps.items()}
    seqs = np.unique(np.concatenate([np.unique(tile) for tile in drawn.values()])) if drawn else np.empty(0, np.int64)
    listed = [seq for seq in seqs.tolist() if seq][-MAX_SOURCES:]
    return BlameOut(
        layer=layer,
        k=k,
        seq=head.seq,
        sources=_sources(session, head, listed),
        tiles=[_blame_tile(pos, tile, listed) for pos, tile in drawn.items()],
    )


def _newest_change(session: Session, head: Head, pos: int, steps: Sequence[HistoryRow]) -> NDArray[np.int64]:
    """Return for each voxel of a tile the seq that last changed it, 0 where none did; `steps` newest first."""
    size = tile_size(head.grid, pos)
    found = np.zeros(size, np.int64)
    for step in steps:
        if step.patch is not None:
            touched = decode_patch(step.patch, size).indices()
        else:
            before, after = voxels_at(session, head, pos, step.seq - 1), voxels_at(session, head, pos, step.seq)
            touched = np.flatnonzero(before != after)
        touched = touched[found[touched] == 0]
        found[touched] = step.seq
    return found


def _blame_tile(pos: int, seqs: NDArray[np.int64], listed: list[int]) -> BlameTile:
    index = np.searchsorted(np.array(listed, np.int64), seqs) + 1
    index[~np.isin(seqs, listed)] = 0
    return BlameTile(pos=str(pos), bytes=base64.b64encode(encode_tile(index.astype(np.uint16))).decode())


def _sources(session: Session, head: Head, seqs: list[int]) -> list[BlameSource]:
    rows = session.execute(_with_author(head).where(Revision.seq.in_(seqs)).order_by(Revision.seq))
    return [
        BlameSource(
            index=index,
            seq=revision.seq,
            author=_author(author),
            model=_model(revision),
            source=revision.source,
            tool=revision.tool,
            created_at=revision.created_at,
        )
        for index, (revision, author) in enumerate(rows, start=1)
    ]


def _with_author(head: Head) -> Select[Revision, User | None]:
    unread = [defer(column, raiseload=True) for column in (Revision.positions, Revision.body_digest, Revision.digest)]
    statement = select(Revision, User).outerjoin(User, User.id == Revision.author_id).options(*unread)
    return statement.where(Revision.segmentation_no == head.no)


def _author(user: User | None) -> AuthorOut | None:
    return None if user is None else AuthorOut(id=user.id, name=user.name)


def _model(revision: Revision) -> ModelOut | None:
    model = (revision.stats or {}).get("model")
    return None if model is None else ModelOut.model_validate(model)


def _describe(revision: Revision, author: User | None, *, undone: bool) -> RevisionOut:
    return RevisionOut(
        seq=revision.seq,
        key=revision.key,
        author=_author(author),
        model=_model(revision),
        source=revision.source,
        tool=revision.tool,
        undoes=revision.undoes,
        depth=revision.depth,
        undone=undone,
        name=revision.name,
        message=revision.message,
        active_ms=revision.active_ms,
        created_at=revision.created_at,
        stats=revision.stats or {},
        segments=revision.segments if isinstance(revision.segments, list) and revision.source != "renumber" else [],
    )
