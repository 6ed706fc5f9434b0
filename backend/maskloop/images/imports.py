"""From an upload to its import job."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.orm import Session

from maskloop.audit import service as audit
from maskloop.core.errors import Conflict
from maskloop.images import uploads
from maskloop.images.tables import Upload, UploadItem
from maskloop.jobs import service as jobs
from maskloop.jobs.tables import Job


class ChosenFile(BaseModel):
    """A file to read; of an archive perhaps only some entries, by number."""

    file_id: UUID
    entries: list[int] | None = None


class ImportUpload(BaseModel):
    """Inputs of the job `import-upload`."""

    upload_id: UUID
    allow_identified: bool
    chosen: list[ChosenFile] | None = None  # None: every complete file


def close(session: Session, upload_id: UUID, *, user_id: UUID) -> Job:
    """Close an upload and queue its import; closing twice gives the first job again."""
    upload = uploads.get(session, upload_id, lock=True)
    if upload.job_id is not None:
        return jobs.get(session, upload.job_id)
    if uploads.ready_files(session, upload_id, states=["receiving"]):
        raise Conflict("Some files have not arrived completely.", code="upload-incomplete")
    return _queue(session, upload, user_id=user_id, allow_identified=upload.allow_identified, chosen=None)


def confirm(session: Session, upload_id: UUID, item_ids: Sequence[UUID] | None, *, user_id: UUID) -> Job:
    """Queue the import of what was held because it carries names. Raises Conflict where nothing is held."""
    upload = uploads.get(session, upload_id, lock=True)
    items = uploads.held_items(session, upload_id, item_ids)
    chosen = _chosen(items)
    if not chosen:
        raise Conflict("Nothing of this upload is held.", code="nothing-held")
    uploads.forget_items(session, upload_id, [item.id for item in items])
    uploads.set_files_state(session, [file.file_id for file in chosen], "complete")
    return _queue(session, upload, user_id=user_id, allow_identified=True, chosen=chosen)


def _chosen(items: Sequence[UploadItem]) -> list[ChosenFile]:
    """Return the files of held items, each once, with the archive entries that are meant."""
    entries: dict[UUID, list[int]] = {}
    for item in items:
        for member in uploads.members_of(item):
            numbers = entries.setdefault(member.file_id, [])
            if member.entry is not None:
                numbers.append(member.entry)
    return [ChosenFile(file_id=file_id, entries=numbers or None) for file_id, numbers in sorted(entries.items())]


def _queue(
    session: Session, upload: Upload, *, user_id: UUID, allow_identified: bool, chosen: list[ChosenFile] | None
) -> Job:
    inputs = ImportUpload(upload_id=upload.id, allow_identified=allow_identified, chosen=chosen)
    job = jobs.enqueue(session, kind="import-upload", inputs=inputs, project_id=upload.project_id, created_by=user_id)
    upload.state, upload.job_id = "importing", job.id
    audit.record(
        session,
        actor_id=user_id,
        action="import.start",
        project_id=upload.project_id,
        object_kind="upload",
        object_id=str(upload.id),
        detail={"allow_identified": allow_identified},
    )
    return job
