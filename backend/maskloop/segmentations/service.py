"""Segmentations as other domains see them: get or create, describe, submit, reopen; saving and reading beside them."""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from maskloop.core.errors import Conflict, NotFound, PreconditionFailed
from maskloop.core.ids import new_id
from maskloop.images import service as images
from maskloop.projects.tables import Label, Project
from maskloop.segmentations import queries
from maskloop.segmentations.ledger import Author, Saved
from maskloop.segmentations.queries import Head
from maskloop.segmentations.schemas import GridOut, SegmentationOut, SegmentOut
from maskloop.segmentations.segment_table import SegmentRow
from maskloop.segmentations.strokes import read_stroke, save_stroke
from maskloop.segmentations.tables import Segmentation
from maskloop.segmentations.tiles import layers_of, read_labelmap, tiles_at, tiles_since

__all__ = [
    "Author",
    "Saved",
    "describe",
    "find",
    "get_or_create",
    "layers_of",
    "list_for_image",
    "read_labelmap",
    "read_stroke",
    "reopen",
    "save_stroke",
    "submit",
    "tiles_at",
    "tiles_since",
]


def get_or_create(
    session: Session, image_id: UUID, *, reader_id: UUID, purpose: str = "reading"
) -> tuple[Segmentation, bool]:
    """Return the segmentation of an image for a purpose, and whether it is new.

    Readers share one, unless the project's readers are blinded: then each has their own. Raises NotFound.
    """
    owner = _owner(session, image_id, reader_id)
    values = {"id": new_id(), "image_id": image_id, "purpose": purpose, "reader_id": owner}
    made = session.scalar(insert(Segmentation).values(values).on_conflict_do_nothing().returning(Segmentation.id))
    found = find(session, image_id, reader_id=reader_id, purpose=purpose)
    if found is None:
        raise NotFound("There is no such segmentation.")
    return found, made is not None


def find(session: Session, image_id: UUID, *, reader_id: UUID, purpose: str = "reading") -> Segmentation | None:
    """Return the segmentation that a reader of this image would draw on, None if it is not there yet."""
    owner = _owner(session, image_id, reader_id)
    return session.scalars(
        select(Segmentation).where(
            Segmentation.image_id == image_id,
            Segmentation.purpose == purpose,
            Segmentation.reader_id.is_not_distinct_from(owner),
        )
    ).one_or_none()


def list_for_image(session: Session, image_id: UUID, *, reader_id: UUID | None) -> list[Segmentation]:
    """Return the segmentations of an image; `reader_id`: only shared ones and this reader's own."""
    statement = select(Segmentation).where(Segmentation.image_id == image_id).order_by(Segmentation.id)
    if reader_id is not None:
        statement = statement.where(or_(Segmentation.reader_id.is_(None), Segmentation.reader_id == reader_id))
    return list(session.scalars(statement))


def describe(session: Session, segmentation_id: UUID) -> SegmentationOut:
    """Return a segmentation with its segments. Raises NotFound."""
    head, rows = _read_rows(session, segmentation_id)
    purpose = session.scalars(select(Segmentation.purpose).where(Segmentation.id == segmentation_id)).one()
    labels = session.execute(select(Label.id, Label.kind).where(Label.project_id == head.project_id))
    kind_of = {row.id: row.kind for row in labels}
    return SegmentationOut(
        id=head.id,
        image_id=head.image_id,
        project_id=head.project_id,
        purpose=purpose,
        reader_id=head.reader_id,
        state=head.state,
        seq=head.seq,
        numbering=head.numbering,
        submitted_seq=head.submitted_seq,
        grid=GridOut(shape=head.grid),
        segments=[
            _describe_segment(row, kind_of[row.label_id]) for row in sorted(rows, key=lambda r: (r.first, r.last))
        ],
    )


def submit(session: Session, segmentation_id: UUID, *, seq: int) -> None:
    """Close a segmentation at the revision that its reader has seen, which gets the name `submitted`.

    Raises NotFound, Closed, or PreconditionFailed `stale-revision` if someone has drawn since `seq`.
    """
    head = queries.read_head(session, segmentation_id, lock=True)
    if head.state != "open":
        raise Conflict(f"This segmentation is {head.state}.", code="closed", state=head.state, seq=head.seq)
    if head.seq != seq:
        detail = f"The newest revision is {head.seq}, not {seq}. Look at it, then submit again."
        raise PreconditionFailed(detail, code="stale-revision", seq=head.seq)
    queries.close(session, head.no, seq)


def reopen(session: Session, segmentation_id: UUID) -> None:
    """Let people draw on a submitted segmentation again; the submitted revision keeps its name.

    Raises NotFound, or Conflict for an approved one: that is signed, and only its reviewer can void it.
    """
    head = queries.read_head(session, segmentation_id, lock=True)
    if head.state == "approved":
        raise Conflict("This segmentation is approved.", code="closed", state=head.state, seq=head.seq)
    queries.open_again(session, head.no)


def _read_rows(session: Session, segmentation_id: UUID) -> tuple[Head, list[SegmentRow]]:
    """Return a segmentation and its segments, in the same numbers: again if it was renumbered between the two."""
    head = queries.read_head(session, segmentation_id)
    while True:
        rows = queries.segment_rows(session, head.no)
        now = queries.read_head(session, segmentation_id)
        if now.numbering == head.numbering:
            return head, rows
        head = now


def _owner(session: Session, image_id: UUID, reader_id: UUID) -> UUID | None:
    image = images.get(session, image_id)
    readers = session.scalars(select(Project.readers).where(Project.id == image.project_id)).one()
    return reader_id if readers == "blinded" else None


def _describe_segment(row: SegmentRow, kind: str) -> SegmentOut:
    return SegmentOut(
        number=row.first,
        last_number=row.last,
        label_id=row.label_id,
        layer=row.layer,
        name=row.name,
        color=row.color,
        state=row.state,
        kind=kind,
        deleted=not row.is_live,
    )
