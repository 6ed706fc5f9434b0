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
SUFFIXES = (".nii.gz", ".nii", ".dcm", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".ome.tif")


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
    session: Session, project_id: UUID, image_ids: Sequence[UUID], chosen: Sequence[Chosen]
) -> list[UUID]:
    """Return the images of `image_ids` in the project that have no labels to write."""
    known = session.scalars(select(Image.id).where(Image.project_id == project_id, Image.id.in_(image_ids))).all()
    labelled = {entry.image.id for entry in chosen}
    return [image_id for image_id in known if image_id not in labelled]


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
    stem = stem_of(image.name)
    return f"{stem}_{str(segmentation.id)[-8:]}" if stems[stem.lower()] > 1 else stem
