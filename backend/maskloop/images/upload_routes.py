"""Uploads beside tus: begin, send raw, close, outcomes, held items, report."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from maskloop.api.pagination import Cursor, Limit, Page, cut_rows, id_after
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.core.db import session_scope
from maskloop.core.errors import TooLarge
from maskloop.core.settings import get_settings
from maskloop.core.storage import get_storage
from maskloop.images import imports, uploads
from maskloop.images.schemas import ItemChoice, Outcome, UploadFileOut, UploadIn, UploadItemOut, UploadOut
from maskloop.images.tables import Upload, UploadItem
from maskloop.images.tus import in_parts
from maskloop.jobs.answers import answer_queued
from maskloop.jobs.schemas import JobOut
from maskloop.projects.access import Allowed, AllowedStream, Caller

router = APIRouter(tags=["uploads"])
ImportReader = Annotated[Caller, Allowed["import.read"]]
Importer = Annotated[Caller, Allowed["import.write"]]
StreamImporter = Annotated[Caller, AllowedStream["import.write"]]
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@router.post("/projects/{project_id}/uploads", status_code=201, responses=problem_responses(404, 422))
def create_upload(project_id: UUID, body: UploadIn, session: SessionDep, caller: Importer) -> UploadOut:
    """Begin an upload; its files follow by tus or raw."""
    upload = uploads.create(
        session, project_id, user_id=caller.user_id, allow_identified=body.allow_identified, source=body.source
    )
    return uploads.describe(session, upload)


@router.get("/projects/{project_id}/uploads", responses=problem_responses(404))
def list_uploads(
    project_id: UUID,
    session: SessionDep,
    _: ImportReader,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[UploadOut]:
    """List the uploads of a project, newest first."""
    before = id_after(cursor)
    statement = select(Upload).where(Upload.project_id == project_id).order_by(Upload.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(Upload.id < before)
    found = session.scalars(statement).all()
    return cut_rows(found, limit, key=lambda row: row.id, show=lambda upload: uploads.describe(session, upload))


@router.get("/uploads/{upload_id}", responses=problem_responses(404))
def get_upload(upload_id: UUID, session: SessionDep, _: ImportReader) -> UploadOut:
    """Return an upload and its totals."""
    return uploads.describe(session, uploads.get(session, upload_id))


@router.post("/uploads/{upload_id}/raw", status_code=201, responses=problem_responses(404, 409, 413, 422, 507))
async def send_raw(
    upload_id: UUID,
    request: Request,
    _: StreamImporter,
    name: Annotated[str, Query(min_length=1, max_length=uploads.MAX_NAME)],
) -> UploadFileOut:
    """Send one file in one request; the body is its bytes."""
    settings = get_settings()

    def announce() -> UUID:
        announced = request.headers.get("content-length", "")
        uploads.require_room(settings, int(announced) if announced.isdecimal() else 0)
        with session_scope() as session:
            return uploads.create_file(session, upload_id, name=name, size=None, settings=settings).id

    file_id = await run_in_threadpool(announce)
    reached = 0
    try:
        async for part in in_parts(request):
            if reached + len(part) > settings.upload_max_bytes:
                raise TooLarge(
                    f"A file may have {settings.upload_max_bytes} bytes at most.", limit=settings.upload_max_bytes
                )
            reached = await run_in_threadpool(uploads.append_part, get_storage(), file_id, offset=reached, content=part)
    except Exception:  # whatever ended it: a raw file has no way to go on, so nothing of it stays
        await run_in_threadpool(_give_up_raw, upload_id, file_id)
        raise
    return await run_in_threadpool(_finish_raw, file_id)


@router.post("/uploads/{upload_id}/close", status_code=202, responses=problem_responses(404, 409))
def close_upload(upload_id: UUID, session: SessionDep, caller: Importer, response: Response) -> JobOut:
    """Say that all files are here; a job reads them."""
    job = imports.close(session, upload_id, user_id=caller.user_id)
    return answer_queued(response, session, job)


@router.get("/uploads/{upload_id}/items", responses=problem_responses(404))
def list_items(
    upload_id: UUID,
    session: SessionDep,
    _: ImportReader,
    outcome: Outcome | None = None,
    cursor: Cursor = None,
    limit: Limit = 200,
    expand: Literal["names"] | None = None,
) -> Page[UploadItemOut]:
    """List what happened to each file or series."""
    found = uploads.items_page(session, upload_id, outcome=outcome, after=id_after(cursor), limit=limit)
    return cut_rows(
        found, limit, key=lambda row: row.id, show=lambda item: describe_item(item, names=expand == "names")
    )


@router.post("/uploads/{upload_id}/confirm", status_code=202, responses=problem_responses(404, 409, 422))
def confirm_held(
    upload_id: UUID,
    body: ItemChoice,
    session: SessionDep,
    caller: Importer,
    response: Response,
) -> JobOut:
    """Import what was held because it carries names; the names are not stored."""
    job = imports.confirm(session, upload_id, body.item_ids, user_id=caller.user_id)
    return answer_queued(response, session, job)


@router.post("/uploads/{upload_id}/discard", status_code=204, responses=problem_responses(404, 422))
def discard_held(upload_id: UUID, body: ItemChoice, _: Importer) -> Response:
    """Drop the bytes of what was held."""
    with session_scope() as session:
        keys = uploads.discard_held(session, upload_id, body.item_ids)
    for key in keys:
        get_storage().delete(key)
    return Response(status_code=204)


@router.get("/uploads/{upload_id}/report.csv", response_class=Response, responses=problem_responses(404))
def report(upload_id: UUID, session: SessionDep, _: ImportReader) -> Response:
    """Return every outcome as CSV; cells that a spreadsheet would run are quoted."""
    found = uploads.items_page(session, upload_id, outcome=None, after=None, limit=1_000_000)
    headers = {"Content-Disposition": 'attachment; filename="import-report.csv"'}
    return Response(_as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)


def describe_item(item: UploadItem, *, names: bool = False) -> UploadItemOut:
    """Return the outcome of one file or series."""
    fields = ("id", "file", "title", "what", "outcome", "code", "reason", "files", "size", "image_ids")
    values = {name: getattr(item, name) for name in fields}
    shown = [member.name for member in uploads.members_of(item)]
    first = item.image_ids[0] if item.image_ids else None
    return UploadItemOut.model_validate({**values, "image_id": first, "names": shown if names else None})


def _as_csv(items: Sequence[UploadItem]) -> str:
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["file", "outcome", "reason", "image", "files", "bytes"])
    for item in items:
        image = str(item.image_ids[0]) if item.image_ids else ""
        cells = [item.file, item.outcome, item.reason or "", image, str(item.files), str(item.size)]
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in cells])
    return target.getvalue()


def _give_up_raw(upload_id: UUID, file_id: UUID) -> None:
    with session_scope() as session:
        keys = uploads.remove_file(session, upload_id, file_id)
    for key in keys:
        get_storage().delete(key)


def _finish_raw(file_id: UUID) -> UploadFileOut:
    with session_scope() as session:
        file = uploads.finish_unsized(session, file_id)
        return UploadFileOut(id=file.id, name=file.name, size=file.size, received=file.received)
