"""The job that reads an upload: quarantine to scratch, a runner reads, the results are stored in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from maskloop.core import clock
from maskloop.core.db import Json, session_scope
from maskloop.core.objects import store_file
from maskloop.core.storage import Storage, get_storage
from maskloop.core.sweep import AGE, sweep_orphans, sweep_rows
from maskloop.formats.ingest_types import ImageResult, IngestRequest, IngestResult, StagedFile
from maskloop.images import absorb, sweep, uploads
from maskloop.images.absorb import Decision, StoredImage
from maskloop.images.imports import ImportUpload
from maskloop.images.tables import Upload, UploadFile
from maskloop.jobs.claimed import ClaimedJob
from maskloop.jobs.errors import RunnerFailed
from maskloop.jobs.handlers import handles
from maskloop.jobs.periodic import NoInputs
from maskloop.projects import service as projects

MAX_CRASHES = 8
CRASHES = frozenset({"runner-crashed", "runner-memory", "runner-timeout"})
RESULT = TypeAdapter(IngestResult)


@handles("import-upload", queue="io", inputs=ImportUpload)
def import_upload(job: ClaimedJob, inputs: ImportUpload) -> None:
    """Read the files of an upload and make its images; every file ends in exactly one outcome."""
    assert job.project_id is not None
    storage = get_storage()
    with session_scope() as session:
        files = list(_files(session, inputs))
        key = projects.get(session, job.project_id).key
    with job.scratch(expected_bytes=3 * sum(file.size for file in files)) as folder:
        staged = [_stage(job, storage, file, folder, inputs) for file in files]
        request = IngestRequest(tuple(staged), key.hex(), inputs.allow_identified)
        result = _read(job, request, folder)
        with session_scope() as session:
            decisions = absorb.decide(session, job.project_id, result)
        stored = {
            number: _store(job, storage, result, number, folder)
            for number, decision in decisions.items()
            if decision is Decision.NEW
        }
        keys = _absorb(job, inputs, files, result, stored)
    for key_in_quarantine in keys:
        storage.delete(key_in_quarantine)


@handles("sweep-objects", queue="io", inputs=NoInputs, max_attempts=1)
def sweep_objects(job: ClaimedJob, inputs: NoInputs) -> Json:  # noqa: ARG001 - as handlers are called
    """Remove what nothing needs: quarantine of imports that will not come, objects without a reference, torn writes."""
    storage = get_storage()
    emptied = sweep.empty_ended(storage, job.check)
    orphans = sweep_orphans(storage, job.check)
    if orphans is None:
        return {"emptied": emptied, "orphans": None, "not_swept": "too many objects are unknown to this database"}
    return {
        "emptied": emptied,
        "orphans": orphans + sweep.remove_orphans(storage, job.check),
        "removed": sweep_rows(storage, job.check),
        "unfinished": storage.remove_unfinished(before=clock.now() - AGE),
    }


def _files(session: Session, inputs: ImportUpload) -> Sequence[UploadFile]:
    ready = uploads.ready_files(session, inputs.upload_id, states=["complete"])
    if inputs.chosen is None:
        return ready
    wanted = {chosen.file_id for chosen in inputs.chosen}
    return [file for file in ready if file.id in wanted]


def _stage(job: ClaimedJob, storage: Storage, file: UploadFile, folder: Path, inputs: ImportUpload) -> StagedFile:
    """Join the parts of a file in the scratch folder, under a name that we make."""
    path = folder / "in" / str(file.id)
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as target:
        for part in uploads.parts_of(file):
            job.check()
            for piece in storage.chunks(part.key):
                target.write(piece)
    entries = next((chosen.entries for chosen in inputs.chosen or [] if chosen.file_id == file.id), None)
    only = tuple(entries) if entries is not None else None
    return StagedFile(f"in/{file.id}", file.name, path.stat().st_size, None, only)


def _read(job: ClaimedJob, request: IngestRequest, folder: Path) -> IngestResult:
    """Run the reader; a file that kills it is named, and the rest is read again without it."""
    crashed: list[str] = []
    while True:
        marker = folder / "reading"
        marker.unlink(missing_ok=True)
        args: Json = {**asdict(request), "crashed": list(crashed)}
        try:
            return RESULT.validate_python(job.run("read-upload", args, scratch=folder))
        except RunnerFailed as failure:
            digest = marker.read_text() if marker.exists() else ""
            if failure.code not in CRASHES or digest in {"", *crashed} or len(crashed) >= MAX_CRASHES:
                raise
            crashed.append(digest)


def _store(job: ClaimedJob, storage: Storage, result: IngestResult, number: int, folder: Path) -> StoredImage:
    """Put the pixel file and the originals of an image; outside any transaction."""
    job.check()
    image = result.images[number]
    original = _original_path(result, image)
    return StoredImage(
        pixels=store_file(storage, _inside(folder, image.pixels.path), project_id=job.project_id, kind="pixels"),
        original=store_file(storage, _inside(folder, original), project_id=job.project_id, kind="originals")
        if original is not None
        else None,
        thumbnail=_inside(folder, image.thumbnail).read_bytes(),
        dicom_json=_inside(folder, result.series[image.series].dicom_json).read_bytes()
        if image.series is not None
        else None,
    )


def _original_path(result: IngestResult, image: ImageResult) -> str | None:
    return result.series[image.series].originals if image.series is not None else image.original


def _absorb(
    job: ClaimedJob,
    inputs: ImportUpload,
    files: Sequence[UploadFile],
    result: IngestResult,
    stored: dict[int, StoredImage],
) -> list[str]:
    """Write every row in one fenced transaction; return the keys in quarantine that nothing needs any more."""
    assert job.project_id is not None
    answer: Json = {}
    with job.transaction(finish=answer) as session:
        projects.get(session, job.project_id, lock=True)
        upload = session.get_one(Upload, inputs.upload_id)
        sources = {index: file.source for index, file in enumerate(files)}
        answer |= absorb.absorb(session, upload, [file.id for file in files], result, stored, sources)
        upload.state = "done"
        upload.ended_at = clock.now()
        session.flush()
        done = uploads.releasable_files(session, upload.id, {file.id for file in files})
        keys = uploads.part_keys(done)
        uploads.set_files_state(session, [file.id for file in done], "emptied")
        held: list[UUID] = [file.id for file in files if file.id not in {entry.id for entry in done}]
        uploads.set_files_state(session, held, "held")
    return keys


def _inside(folder: Path, name: str) -> Path:
    """Return a path that the runner named, if it is a plain file of its own folder."""
    path = folder / name
    if path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise RunnerFailed("The reader named a file that is not its own.", code="runner-output")
    return path
