"""A late slice makes a new image that replaces an unlabelled one; an image with labels never changes its grid."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from maskloop.images.tables import Image, ImageFrame

# By SQL, not by import: segmentations stand above images.
LABELLED = text("SELECT EXISTS (SELECT 1 FROM segmentation WHERE image_id = :image_id)")


def replaceable(session: Session, series_id: UUID, instance_ids: set[UUID]) -> Sequence[Image]:
    """Return unlabelled images of a series whose instances are all among `instance_ids`, which has more."""
    found = []
    for image in session.scalars(select(Image).where(Image.series_id == series_id).with_for_update()):
        frames = select(ImageFrame.instance_id).where(ImageFrame.image_id == image.id)
        mine = set(session.scalars(frames))
        if mine < instance_ids and not session.scalar(LABELLED, {"image_id": image.id}):
            found.append(image)
    return found


def supersede(session: Session, image: Image) -> None:
    """Remove an unlabelled image; its work items go with it, its objects are swept."""
    session.execute(delete(Image).where(Image.id == image.id))
