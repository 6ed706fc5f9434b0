"""Images: what is stored of them and how their tiles are read. The API process never decodes a pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from maskloop.core.errors import NotFound
from maskloop.core.objects import StoredObject
from maskloop.core.storage import Storage
from maskloop.images.schemas import ImageOut, ImageSummary
from maskloop.images.tables import Image

SUMMARY = {"id", "name", "modality", "kind", "shape", "channels", "spacing", "partial", "notes", "created_at"}


@dataclass(frozen=True)
class PixelObject:
    """Where an image's pixel file is and what it must hash to."""

    key: str
    digest: bytes


def get(session: Session, image_id: UUID) -> Image:
    """Return an image. Raises NotFound."""
    image = session.get(Image, image_id)
    if image is None:
        raise NotFound("There is no such image.")
    return image


def list_images(
    session: Session, project_id: UUID, *, after: UUID | None, limit: int, query: str | None, modality: str | None
) -> Sequence[Image]:
    """Return images of a project in the order of their ids, one more than `limit` where there is a next page."""
    statement = select(Image).where(Image.project_id == project_id).order_by(Image.id).limit(limit + 1)
    if after is not None:
        statement = statement.where(Image.id > after)
    if query:
        statement = statement.where(Image.name.icontains(query, autoescape=True))
    if modality:
        statement = statement.where(Image.modality == modality)
    return session.scalars(statement).all()


def pixel_object(session: Session, image_id: UUID) -> PixelObject:
    """Return where the pixel file of an image is, for a worker to fetch. Raises NotFound."""
    image = get(session, image_id)
    digest = session.scalars(select(StoredObject.digest).where(StoredObject.key == image.pixel_key)).one()
    return PixelObject(image.pixel_key, digest)


def read_tile_group(storage: Storage, image: Image, *, level: int, group: int) -> bytes:
    """Return the records of one tile group as they lie in the pixel file. Raises NotFound outside its levels."""
    levels = image.pixel_layout["levels"]
    assert isinstance(levels, list)
    groups = levels[level]["groups"] if 0 <= level < len(levels) else []
    if not 0 <= group < len(groups):
        raise NotFound("The image has no such tile group.")
    start, length = groups[group]
    return storage.get_range(image.pixel_key, start=start, length=length)


def describe(image: Image) -> ImageOut:
    """Return everything that a viewer needs."""
    affine = np.reshape(image.affine, (4, 4)) if image.affine is not None else None
    layout = image.pixel_layout
    levels = layout["levels"]
    assert isinstance(levels, list)
    return ImageOut.model_validate(
        {
            **summarise(image).model_dump(),
            "project_id": image.project_id,
            "dtype": image.dtype,
            "affine": affine.tolist() if affine is not None else None,
            "spacing_source": image.spacing_source,
            "frame_of_reference": image.frame_of_reference,
            "rescale": image.rescale,
            "unit": image.unit,
            "source": image.source,
            **image.display,
            "pixels": {
                "codec": layout["codec"],
                "tile": layout["tile"],
                "levels": [
                    {"level": number, "shape": level["shape"], "groups": len(level["groups"])}
                    for number, level in enumerate(levels)
                ],
                "bytes": sum(length for level in levels for _, length in level["groups"]),
            },
        }
    )


def summarise(image: Image) -> ImageSummary:
    """Return what a list shows of an image."""
    return ImageSummary.model_validate({name: getattr(image, name) for name in SUMMARY})
