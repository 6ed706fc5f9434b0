"""Images: lists, descriptions, tile groups, thumbnails."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from maskloop.api.pagination import Cursor, Limit, Page, cut_rows, id_after
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.core.storage import get_storage
from maskloop.images import service
from maskloop.images.schemas import ImageOut, ImageSummary
from maskloop.projects.access import Allowed, Caller

router = APIRouter(tags=["images"])
Viewer = Annotated[Caller, Allowed["image.read"]]
IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


@router.get("/projects/{project_id}/images", responses=problem_responses(404))
def list_images(
    project_id: UUID,
    session: SessionDep,
    _: Viewer,
    q: Annotated[str | None, Query(max_length=200)] = None,
    modality: Annotated[str | None, Query(max_length=16)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ImageSummary]:
    """List the images of a project in the order they came."""
    found = service.list_images(session, project_id, after=id_after(cursor), limit=limit, query=q, modality=modality)
    return cut_rows(found, limit, key=lambda row: row.id, show=service.summarise)


@router.get("/images/{image_id}", responses=problem_responses(404))
def get_image(image_id: UUID, session: SessionDep, _: Viewer) -> ImageOut:
    """Return everything that a viewer needs to draw an image."""
    return service.describe(service.get(session, image_id))


@router.get(
    "/images/{image_id}/tiles/{level}/{group}",
    response_class=Response,
    responses={200: {"content": {"application/vnd.maskloop.pixels": {}}}, **problem_responses(404, 503)},
)
def get_tile_group(
    image_id: UUID,
    level: Annotated[int, Path(ge=0, le=32)],
    group: Annotated[int, Path(ge=0, le=1 << 24)],
    session: SessionDep,
    _: Viewer,
) -> Response:
    """Return one tile group: a range of the immutable pixel file."""
    content = service.read_tile_group(get_storage(), service.get(session, image_id), level=level, group=group)
    return Response(content, media_type="application/vnd.maskloop.pixels", headers=IMMUTABLE)


@router.get(
    "/images/{image_id}/thumbnail",
    response_class=Response,
    responses={200: {"content": {"image/webp": {}}}, **problem_responses(404)},
)
def get_thumbnail(image_id: UUID, session: SessionDep, _: Viewer) -> Response:
    """Return a small picture of the middle slice."""
    return Response(service.get(session, image_id).thumbnail, media_type="image/webp", headers=IMMUTABLE)
