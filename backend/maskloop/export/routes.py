"""Exports over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse

from maskloop.api.idempotency import IdempotencyKey
from maskloop.api.pagination import Cursor, Limit, Page, cut_rows, id_after
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.core.storage import get_storage
from maskloop.export import service
from maskloop.export.archive import stream_zip
from maskloop.export.schemas import ExportIn, ExportOut
from maskloop.jobs.answers import answer_queued
from maskloop.jobs.schemas import JobOut
from maskloop.projects.access import Allowed, Caller

router = APIRouter(tags=["exports"])
ExportReader = Annotated[Caller, Allowed["export.read"]]
Exporter = Annotated[Caller, Allowed["export.write"]]
OCTETS = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.post("/projects/{project_id}/exports", status_code=202, responses=problem_responses(404, 422))
def create_export(
    project_id: UUID, body: ExportIn, key: IdempotencyKey, session: SessionDep, caller: Exporter, response: Response
) -> JobOut:
    """Write labels to files, as a job whose result names the export."""
    job = service.begin(session, project_id, body, user_id=caller.user_id, key=key)
    return answer_queued(response, session, job)


@router.get("/projects/{project_id}/exports", responses=problem_responses(404))
def list_exports(
    project_id: UUID, session: SessionDep, _: ExportReader, cursor: Cursor = None, limit: Limit = 50
) -> Page[ExportOut]:
    """List exports, newest first."""
    found = service.list_exports(session, project_id, before=id_after(cursor), limit=limit)
    return cut_rows(found, limit, key=lambda row: row.id, show=lambda export: service.describe(session, export))


@router.get("/exports/{export_id}", responses=problem_responses(404))
def get_export(export_id: UUID, session: SessionDep, _: ExportReader) -> ExportOut:
    """Return an export and its manifest."""
    return service.describe(session, service.get(session, export_id))


@router.get(
    "/exports/{export_id}/files/{name}",
    response_class=StreamingResponse,
    responses={200: {"content": OCTETS}, **problem_responses(404)},
)
def get_file(
    export_id: UUID, name: Annotated[str, Path(max_length=300)], session: SessionDep, _: ExportReader
) -> StreamingResponse:
    """Return one file of an export."""
    row = service.file(session, export_id, name)
    headers = {**_attachment(name), "Content-Length": str(row.size)}
    return StreamingResponse(
        get_storage().chunks(row.object_key), media_type="application/octet-stream", headers=headers
    )


@router.get(
    "/exports/{export_id}/archive",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_archive(export_id: UUID, session: SessionDep, _: ExportReader) -> StreamingResponse:
    """Return every file of an export as one zip, written while it is sent."""
    service.get(session, export_id)
    members = service.archive_members(get_storage(), service.files(session, export_id))
    name = f"maskloop-export-{str(export_id)[-8:]}.zip"
    return StreamingResponse(stream_zip(members), media_type="application/zip", headers=_attachment(name))


def _attachment(name: str) -> dict[str, str]:
    safe = "".join(character if character.isascii() and character.isprintable() else "_" for character in name)
    safe = safe.replace('"', "_").replace("\\", "_")
    return {"Content-Disposition": f'attachment; filename="{safe}"', "X-Content-Type-Options": "nosniff"}
