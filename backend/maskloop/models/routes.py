"""Models and segmenters over HTTP."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, File, Form, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from maskloop.api.idempotency import OptionalIdempotencyKey
from maskloop.api.pagination import Page
from maskloop.api.problems import problem_responses
from maskloop.api.session import SessionDep
from maskloop.core.db import Json, session_scope
from maskloop.core.errors import Invalid, TooLarge
from maskloop.core.objects import store_file
from maskloop.core.storage import get_storage
from maskloop.jobs import service as jobs
from maskloop.jobs.answers import answer_queued
from maskloop.jobs.schemas import JobOut
from maskloop.models import service
from maskloop.models.schemas import ModelVersionOut, SegmenterOut
from maskloop.models.tasks import AddModel, StoredFile, remove_files
from maskloop.projects.access import Allowed, Caller

router = APIRouter(tags=["models"])
MAX_MODEL_BYTES = 2 << 30
ModelReader = Annotated[Caller, Allowed["model.read"]]
ModelWriter = Annotated[Caller, Allowed["model.write"]]
SegmenterReader = Annotated[Caller, Allowed["segmenter.read"]]


@router.get("/projects/{project_id}/segmenters", responses=problem_responses(404))
def list_segmenters(project_id: UUID, session: SessionDep, _: SegmenterReader) -> Page[SegmenterOut]:  # noqa: ARG001
    """List everything that proposes masks, with its parameters."""
    return Page(items=service.list_segmenters(session))


@router.get("/models")
def list_models(session: SessionDep, _: ModelReader) -> Page[ModelVersionOut]:
    """List every registered network and classical method."""
    return Page(items=service.list_versions(session))


@router.post("/models", status_code=202, responses=problem_responses(413, 422))
async def add_model(
    response: Response,
    caller: ModelWriter,
    files: Annotated[list[UploadFile], File(description="one ONNX file, or encoder and decoder")],
    manifest: Annotated[str | None, Form(max_length=1 << 20)] = None,
    key: OptionalIdempotencyKey = None,
) -> JobOut:
    """Register a network: a job checks the file, tries it once and answers with its name and version."""
    if not 1 <= len(files) <= 2:
        raise Invalid("Send one ONNX file, or two: encoder and decoder.")
    parsed = _parse(manifest)
    stored = await run_in_threadpool(_store_all, files)

    def enqueue() -> JobOut:
        with session_scope() as session:
            inputs = AddModel(files=stored, manifest=parsed)
            job = jobs.enqueue(session, kind="add-model", inputs=inputs, created_by=caller.user_id, key=key)
            return answer_queued(response, session, job)

    return await run_in_threadpool(enqueue)


def _parse(manifest: str | None) -> Json | None:
    if not manifest:
        return None
    try:
        parsed = orjson.loads(manifest)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The manifest is not JSON: {error}.", code="manifest-invalid") from error
    if not isinstance(parsed, dict):
        raise Invalid("The manifest must be a JSON object.", code="manifest-invalid")
    return parsed


def _store_all(files: Sequence[UploadFile]) -> list[StoredFile]:
    stored: list[StoredFile] = []
    try:
        for file in files:
            stored.append(_store(file))  # noqa: PERF401 - what is stored already is needed when the next one fails
    except TooLarge:
        remove_files(stored)
        raise
    return stored


def _store(file: UploadFile) -> StoredFile:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        size = 0
        with path.open("wb") as target:
            while piece := file.file.read(1 << 20):
                size += len(piece)
                if size > MAX_MODEL_BYTES:
                    raise TooLarge(f"A model file may have {MAX_MODEL_BYTES} bytes at most.", limit=MAX_MODEL_BYTES)
                target.write(piece)
        found = store_file(get_storage(), path, project_id=None, kind="models")
    return StoredFile(key=found.key, size=found.size, digest=found.digest.hex())
