"""The tus 1.0 resumable upload protocol, core and creation (https://tus.io/protocols/resumable-upload)."""

import base64
import binascii
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.core.db import session_scope
from maskloop.core.errors import Conflict, Invalid
from maskloop.core.settings import get_settings
from maskloop.core.storage import get_storage
from maskloop.images import uploads
from maskloop.projects.access import Allowed, AllowedStream, Caller

router = APIRouter(tags=["uploads"])
ImportReader = Annotated[Caller, Allowed["import.read"]]
Importer = Annotated[Caller, Allowed["import.write"]]
StreamImporter = Annotated[Caller, AllowedStream["import.write"]]
VERSION = "1.0.0"
PART_BYTES = 16 << 20
HEADERS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}

TusResumable = Annotated[str, Header(alias="Tus-Resumable", pattern=r"^1\.0\.0$")]
UploadLength = Annotated[int, Header(alias="Upload-Length", ge=0)]
UploadMetadata = Annotated[str, Header(alias="Upload-Metadata", max_length=8192)]
UploadOffset = Annotated[int, Header(alias="Upload-Offset", ge=0)]


@router.options("/uploads/{upload_id}/files", status_code=204)
def tus_options(_: ImportReader) -> Response:
    """Say what of tus is spoken here."""
    limits = {"Tus-Version": VERSION, "Tus-Extension": "creation,termination"}
    size = {"Tus-Max-Size": str(get_settings().upload_max_bytes)}
    return Response(status_code=204, headers={**HEADERS, **limits, **size})


@router.post("/uploads/{upload_id}/files", status_code=201, responses=problem_responses(404, 409, 413, 422, 507))
def create_tus_file(
    upload_id: UUID,
    session: SessionDep,
    _: Importer,
    __: TusResumable,
    length: UploadLength,
    metadata: UploadMetadata,
) -> Response:
    """Announce a file (creation): its bytes follow by PATCH to the Location of the answer."""
    name = filename_of(metadata)
    file = uploads.create_file(session, upload_id, name=name, size=length, settings=get_settings())
    location = f"/api/v1/uploads/{upload_id}/files/{file.id}"
    return Response(status_code=201, headers={**HEADERS, "Location": location, "Upload-Offset": "0"})


@router.head("/uploads/{upload_id}/files/{file_id}", responses=problem_responses(404))
def tus_offset(upload_id: UUID, file_id: UUID, session: SessionDep, _: ImportReader) -> Response:
    """Say how many bytes of a file have arrived."""
    file = uploads.get_file(session, upload_id, file_id)
    offsets = {"Upload-Offset": str(file.received), "Upload-Length": str(file.size)}
    return Response(status_code=200, headers={**HEADERS, **offsets})


@router.patch(
    "/uploads/{upload_id}/files/{file_id}", status_code=204, responses=problem_responses(404, 409, 413, 415, 422, 507)
)
async def tus_append(
    upload_id: UUID,
    file_id: UUID,
    request: Request,
    _: StreamImporter,
    __: TusResumable,
    offset: UploadOffset,
) -> Response:
    """Append bytes at an offset. What arrived before a break is kept, so that the sender goes on from there."""
    if request.headers.get("content-type") != "application/offset+octet-stream":
        raise Invalid("Send application/offset+octet-stream.", code="unsupported-media-type")
    await run_in_threadpool(_require_receiving, upload_id, file_id, offset)
    reached = offset
    async for part in in_parts(request):
        reached = await run_in_threadpool(uploads.append_part, get_storage(), file_id, offset=reached, content=part)
    return Response(status_code=204, headers={**HEADERS, "Upload-Offset": str(reached)})


@router.delete("/uploads/{upload_id}/files/{file_id}", status_code=204, responses=problem_responses(404, 409))
def tus_terminate(upload_id: UUID, file_id: UUID, _: Importer) -> Response:
    """Give up a file (termination): its bytes are removed."""
    with session_scope() as session:
        keys = uploads.remove_file(session, upload_id, file_id)
    for key in keys:
        get_storage().delete(key)
    return Response(status_code=204, headers=HEADERS)


async def in_parts(request: Request, size: int = PART_BYTES) -> AsyncIterator[bytes]:
    """Yield a body in pieces of `size` bytes; a sender that goes away ends it, with what had come."""
    buffer = bytearray()
    try:
        async for chunk in request.stream():
            buffer += chunk
            while len(buffer) >= size:
                yield bytes(buffer[:size])
                del buffer[:size]
    except ClientDisconnect:
        if buffer:
            yield bytes(buffer)
        raise
    if buffer:
        yield bytes(buffer)


def filename_of(metadata: str) -> str:
    """Return the `filename` of Upload-Metadata. Raises Invalid."""
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise Invalid("The filename of Upload-Metadata is not base64 of UTF-8.", code="bad-name") from error
    raise Invalid("Upload-Metadata names no filename.", code="bad-name")


def _require_receiving(upload_id: UUID, file_id: UUID, offset: int) -> None:
    with session_scope() as session:
        file = uploads.get_file(session, upload_id, file_id)
        if uploads.get(session, upload_id).state != "open":
            raise Conflict("This upload is closed.", code="upload-closed")
        if file.received != offset:
            raise Conflict(f"The file stands at {file.received}.", code="offset-mismatch", offset=file.received)
        uploads.require_space(get_settings(), file.size - offset)
