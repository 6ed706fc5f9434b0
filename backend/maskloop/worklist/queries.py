"""The list of work items in one statement: item, image, assignee, and the labelling that belongs to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, Select, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from maskloop.images.tables import Image
from maskloop.segmentations.tables import Proposal, Segment, Segmentation
from maskloop.users.tables import User
from maskloop.worklist.tables import WorkItem


@dataclass(frozen=True)
class Filter:
    """What a list shows; None leaves a field open."""

    assignee_id: UUID | None = None
    states: Sequence[str] | None = None
    text: str | None = None
    modality: str | None = None


ItemRow = Row[WorkItem, Image, User | None, UUID | None, int | None, int, bool]


def _select(reader_id: UUID) -> Select[WorkItem, Image, User | None, UUID | None, int | None, int, bool]:
    segments = (
        select(func.count())
        .where(Segment.segmentation_no == Segmentation.no, Segment.deleted_seq.is_(None))
        .correlate(Segmentation)
        .scalar_subquery()
    )
    proposal = exists().where(Proposal.segmentation_id == Segmentation.id, Proposal.state == "ready")
    mine = or_(Segmentation.reader_id.is_(None), Segmentation.reader_id == reader_id)
    return (
        select(WorkItem, Image, User, Segmentation.id, Segmentation.seq, segments, proposal)
        .join(Image, Image.id == WorkItem.image_id)
        .outerjoin(User, User.id == WorkItem.assignee_id)
        .outerjoin(Segmentation, and_(Segmentation.image_id == Image.id, Segmentation.purpose == "reading", mine))
    )


def page(
    session: Session,
    project_id: UUID,
    chosen: Filter,
    *,
    reader_id: UUID,
    after: tuple[float, UUID] | None,
    limit: int,
) -> Sequence[ItemRow]:
    """Return items by falling priority, then id; one more than `limit` where there is a next page."""
    statement = _select(reader_id).where(WorkItem.project_id == project_id)
    if chosen.assignee_id is not None:
        statement = statement.where(WorkItem.assignee_id == chosen.assignee_id)
    if chosen.states is not None:
        statement = statement.where(WorkItem.state.in_(chosen.states))
    if chosen.text:
        statement = statement.where(Image.name.icontains(chosen.text, autoescape=True))
    if chosen.modality:
        statement = statement.where(Image.modality == chosen.modality)
    if after is not None:
        statement = statement.where(tuple_(-WorkItem.priority, WorkItem.id) > tuple_(-after[0], after[1]))
    return session.execute(statement.order_by(-WorkItem.priority, WorkItem.id).limit(limit + 1)).all()


def one(session: Session, item_id: UUID, *, reader_id: UUID) -> ItemRow | None:
    """Return one item with what a row shows of it."""
    return session.execute(_select(reader_id).where(WorkItem.id == item_id)).one_or_none()
