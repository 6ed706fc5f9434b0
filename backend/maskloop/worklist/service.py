"""Who works on which image: an item is leased, worked on, submitted or skipped."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from maskloop.core.errors import Conflict, NotFound
from maskloop.images.tables import Image
from maskloop.worklist import queries
from maskloop.worklist.queries import ItemRow
from maskloop.worklist.schemas import Person, Progress, WorkImage, WorkItemOut
from maskloop.worklist.tables import WorkItem

LEASE = timedelta(hours=2)
OPEN_STATES = ("todo", "in_progress", "returned")


def add_item(session: Session, image: Image) -> None:
    """Make the work item of a new image."""
    session.add(WorkItem(project_id=image.project_id, image_id=image.id))


def take_next(session: Session, project_id: UUID, *, user_id: UUID) -> WorkItem | None:
    """Lease the best free item to a user: returned ones first, then by priority. None when nothing waits."""
    free = or_(WorkItem.lease_until.is_(None), WorkItem.lease_until < func.now(), WorkItem.assignee_id == user_id)
    item = session.scalars(
        select(WorkItem)
        .where(WorkItem.project_id == project_id, WorkItem.state.in_(OPEN_STATES), free)
        .order_by(WorkItem.state != "returned", -WorkItem.priority, WorkItem.id)
        .with_for_update(skip_locked=True)
        .limit(1)
    ).one_or_none()
    if item is not None:
        _lease(item, user_id)
        session.flush()
    return item


def open_item(session: Session, item_id: UUID, *, user_id: UUID) -> WorkItem:
    """Lease an item to a user, unless somebody else holds it. Several readers may still look at its image."""
    item = get(session, item_id)
    if item.state not in OPEN_STATES:
        return item
    if not _is_held(session, item) or item.assignee_id == user_id:
        _lease(item, user_id)
        session.flush()
    return item


def submit(session: Session, item_id: UUID) -> WorkItem:
    """Say that the labelling of an item is done, whoever holds it: its segmentation was closed by its own submit."""
    item = get(session, item_id)
    if item.state not in OPEN_STATES:
        raise Conflict("This item is not open.", code="not-open")
    item.state, item.lease_until = "submitted", None
    item.updated_at = func.now()
    session.flush()
    return item


def skip(session: Session, item_id: UUID, *, reason: str, user_id: UUID) -> WorkItem:
    """Set an item aside with a reason. Raises Conflict while somebody else holds it."""
    item = get(session, item_id)
    if item.state not in OPEN_STATES:
        raise Conflict("This item is not open.", code="not-open")
    if _is_held(session, item) and item.assignee_id != user_id:
        raise Conflict("Somebody else is working on this item.", code="not-open")
    item.state, item.reason, item.lease_until = "skipped", f"skipped: {reason}", None
    item.updated_at = func.now()
    session.flush()
    return item


def get(session: Session, item_id: UUID) -> WorkItem:
    """Return an item, locked. Raises NotFound."""
    item = session.get(WorkItem, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound("There is no such work item.")
    return item


def describe_one(session: Session, item_id: UUID, *, reader_id: UUID) -> WorkItemOut:
    """Return what a row of the list shows of one item."""
    row = queries.one(session, item_id, reader_id=reader_id)
    if row is None:
        raise NotFound("There is no such work item.")
    return describe(row)


def describe(row: ItemRow) -> WorkItemOut:
    """Return what a row of the list shows."""
    item, image, assignee, segmentation_id, seq, segments, proposal = row
    return WorkItemOut(
        id=item.id,
        image=_describe_image(image),
        stage=item.stage,
        state=item.state,
        priority=item.priority,
        reason=item.reason,
        assignee=Person(id=assignee.id, name=assignee.name) if assignee is not None else None,
        lease_until=item.lease_until,
        progress=Progress(segments=segments, revision=seq or 0, proposal=proposal),
        updated_at=item.updated_at,
        segmentation_id=segmentation_id,
    )


def _describe_image(image: Image) -> WorkImage:
    return WorkImage.model_validate(
        {
            **{name: getattr(image, name) for name in ("id", "name", "modality", "kind", "shape", "spacing")},
            "thumbnail": f"/api/v1/images/{image.id}/thumbnail",
            "description": "; ".join(image.notes[:1]) or (image.source or {}).get("text") or "",
        }
    )


def _is_held(session: Session, item: WorkItem) -> bool:
    return bool(session.scalar(select(WorkItem.lease_until > func.now()).where(WorkItem.id == item.id)))


def _lease(item: WorkItem, user_id: UUID) -> None:
    item.assignee_id = user_id
    item.state = "in_progress" if item.state == "todo" else item.state
    item.lease_until = func.now() + LEASE
    item.updated_at = func.now()
