"""Which labellings an export takes, and what their files are called."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from maskloop.images.tables import Image
from maskloop.segmentations.tables import Segmentation

UNSAFE = re.compile(r"[^\w.+-]+")
SUFFIXES = (".nii.gz", ".nii", ".dcm", ".png", ".jpg", ".jpeg", ".ome.tif", ".ome.tiff", ".tif", ".tiff")
ADDED = re.compile(r"(_layer\d+)?(_\d{4,})?$")  # what files of one labelling carry behind its stem


@dataclass(frozen=True)
class Chosen:
    """One labelling at one seq, and the stem of its files."""

    image: Image
    segmentation: Segmentation
    seq: int
    stem: str


def choose(
    session: Session, project_id: UUID, *, image_ids: Sequence[UUID] | None, segmentation_ids: Sequence[UUID] | None
) -> list[Chosen]:
    """Return the labellings to write, with the seq that they have now. Ids of other projects match nothing."""
    statement = (
        select(Image, Segmentation)
        .join(Segmentation, Segmentation.image_id == Image.id)
        .where(Image.project_id == project_id, Segmentation.seq > 0)
        .order_by(Image.id, Segmentation.no)
    )
    if image_ids is not None:
        statement = statement.where(Image.id.in_(image_ids))
    if segmentation_ids is not None:
        statement = statement.where(Segmentation.id.in_(segmentation_ids))
    found = session.execute(statement).all()
    stems = Counter(stem_of(image.name).lower() for image, _ in found)
    return [
        Chosen(image, segmentation, segmentation.seq, _unique(image, segmentation, stems))
        for image, segmentation in found
    ]


def without_labels(
    session: Session,
    project_id: UUID,
    chosen: Sequence[Chosen],
    *,
    image_ids: Sequence[UUID] | None,
    segmentation_ids: Sequence[UUID] | None,
) -> list[tuple[UUID, UUID | None]]:
    """Return (image, segmentation) of what was asked for by id, is in the project, and has no labels to write."""
    written = {entry.segmentation.id for entry in chosen}
    if segmentation_ids is not None:
        statement = (
            select(Image.id, Segmentation.id)
            .join(Segmentation, Segmentation.image_id == Image.id)
            .where(Image.project_id == project_id, Segmentation.id.in_(segmentation_ids))
        )
        if image_ids is not None:
            statement = statement.where(Image.id.in_(image_ids))
        return [(image, own) for image, own in session.execute(statement.order_by(Image.id)) if own not in written]
    labelled = {entry.image.id for entry in chosen}
    known = select(Image.id).where(Image.project_id == project_id, Image.id.in_(image_ids or [])).order_by(Image.id)
    return [(image_id, None) for image_id in session.scalars(known) if image_id not in labelled]


def stem_of(name: str) -> str:
    """Return a file stem of an image's name: no suffix, no separators, never empty."""
    stem = name.rsplit("/", 1)[-1]
    lowered = stem.lower()
    for suffix in SUFFIXES:
        if lowered.endswith(suffix):
            stem = stem[: -len(suffix)]
            break
    return UNSAFE.sub("_", stem).strip("._")[:100] or "image"


def _unique(image: Image, segmentation: Segmentation, stems: Counter[str]) -> str:
    """Return the stem, with a short id where another labelling's files could be called alike."""
    stem = stem_of(image.name)
    family = ADDED.sub("", stem.lower())
    alike = stems[stem.lower()] > 1 or (family != stem.lower() and family in stems)
    return f"{stem}_{str(segmentation.id)[-8:]}" if alike else stem
