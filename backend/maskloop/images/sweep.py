"""Quarantine after imports that will not come: their bytes go, and each file says so."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from maskloop.core import clock
from maskloop.core.db import session_scope
from maskloop.core.storage import Storage
from maskloop.core.sweep import AGE
from maskloop.images import uploads
from maskloop.images.tables import Upload, UploadFile, UploadItem
from maskloop.jobs.tables import Job

FORGOTTEN = timedelta(days=7)
NOT_IMPORTED = (
    "It was not imported: the import failed, was cancelled or never began, and its bytes were removed after a time. "
    "Send it again."
)


def empty_ended(storage: Storage, check: Callable[[], None]) -> int:
    """Drop the bytes of uploads whose import ended badly a day ago, or that nobody closed for a week."""
    emptied = 0
    for upload_id in _ended():
        check()
        with session_scope() as session:
            keys = _empty(session, upload_id)
        for key in keys:
            storage.delete(key)
        emptied += len(keys)
    return emptied


def remove_orphans(storage: Storage, check: Callable[[], None]) -> int:
    """Remove old objects in quarantine that no file names: a crash between bytes and row leaves such.

    Those of an upload that this database does not know are another database's, and stay.
    """
    removed = 0
    keys = [key for key, _ in storage.aged("q", before=clock.now() - AGE)]
    with session_scope() as session:
        rows = session.scalars(select(UploadFile.parts).where(UploadFile.parts != []))
        named = {str(part["key"]) for parts in rows for part in parts if isinstance(part, dict)}
        uploads_known = {str(upload_id) for upload_id in session.scalars(select(Upload.id))}
    for key in keys:
        check()
        if key not in named and key.split("/")[1] in uploads_known:  # made a day ago for one writer: nobody will
            storage.delete(key)
            removed += 1
    return removed


def _ended() -> list[UUID]:
    now = clock.now()
    newest = select(func.max(UploadFile.created_at)).where(UploadFile.upload_id == Upload.id).scalar_subquery()
    has_bytes = select(UploadFile.id).where(UploadFile.upload_id == Upload.id, UploadFile.parts != []).exists()
    failed = (Upload.state == "importing") & _ended_badly(now)
    forgotten = (Upload.state == "open") & (func.coalesce(newest, Upload.created_at) < now - FORGOTTEN)
    statement = select(Upload.id).outerjoin(Job, Job.id == Upload.job_id).where(has_bytes, failed | forgotten)
    with session_scope() as session:
        return list(session.scalars(statement))


def _ended_badly(now: datetime) -> ColumnElement[bool]:
    return Job.state.in_(["failed", "cancelled"]) & (Job.ended_at < now - AGE)


def _empty(session: Session, upload_id: UUID) -> list[str]:
    """Write what became of the files and return the keys of their bytes; nothing where somebody began anew."""
    now = clock.now()
    job_id = session.scalar(select(Upload.job_id).where(Upload.id == upload_id))
    if job_id is not None:  # the job before the upload, as everywhere
        ended = select(Job.id).where(Job.id == job_id, _ended_badly(now)).with_for_update()
        if session.scalar(ended) is None:
            return []
    upload = uploads.get(session, upload_id, lock=True)
    if upload.job_id != job_id or upload.state not in {"open", "importing"}:
        return []
    files = uploads.ready_files(session, upload_id, states=["receiving", "complete"])
    keys = uploads.part_keys(files)
    session.add_all(_outcome(file) for file in files)
    uploads.set_files_state(session, [file.id for file in files], "emptied")
    upload.state, upload.ended_at = "failed", now
    return keys


def _outcome(file: UploadFile) -> UploadItem:
    return UploadItem(
        upload_id=file.upload_id,
        file=file.name,
        members=[{"file_id": str(file.id), "entry": None, "name": file.name}],
        size=file.received,
        outcome="refused",
        code="not-imported",
        reason=NOT_IMPORTED,
        title="Not imported",
    )
