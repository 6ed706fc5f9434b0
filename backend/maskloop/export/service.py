"""Exports as others see them: begin one, describe it, read its files."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from maskloop.audit import service as audit
from maskloop.core.errors import NotFound
from maskloop.core.ids import new_id
from maskloop.core.storage import Storage
from maskloop.export.schemas import ExportIn, ExportOut
from maskloop.export.tables import Export, ExportFile
from maskloop.jobs import service as jobs
from maskloop.jobs.tables import Job


class WriteExport(BaseModel):
    """Inputs of the job `write-export`."""

    request: ExportIn


def begin(session: Session, project_id: UUID, wanted: ExportIn, *, user_id: UUID, key: UUID | None) -> Job:
    """Queue an export. The same key gives the same job."""
    job = jobs.enqueue(
        session,
        kind="write-export",
        inputs=WriteExport(request=wanted),
        project_id=project_id,
        created_by=user_id,
        key=key,
    )
    if session.scalar(select(func.count()).where(Export.job_id == job.id)) == 0:
        settings = wanted.model_dump(mode="json")
        row = Export(
            id=new_id(),
            project_id=project_id,
            job_id=job.id,
            created_by=user_id,
            format=wanted.format,
            settings=settings,
        )
        session.add(row)
        audit.record(
            session,
            actor_id=user_id,
            action="export.start",
            project_id=project_id,
            object_kind="export",
            object_id=row.id,
            detail={"format": wanted.format},
        )
    session.flush()
    return job


def get(session: Session, export_id: UUID) -> Export:
    """Return an export. Raises NotFound."""
    export = session.get(Export, export_id)
    if export is None:
        raise NotFound("There is no such export.")
    return export


def list_exports(session: Session, project_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Export]:
    """Return exports, newest first, one more than `limit` where there is a next page."""
    statement = select(Export).where(Export.project_id == project_id).order_by(Export.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(Export.id < before)
    return session.scalars(statement).all()


def describe(session: Session, export: Export) -> ExportOut:
    """Return an export with the state of its job."""
    state = session.scalar(select(Job.state).where(Job.id == export.job_id))
    files, size = session.execute(
        select(func.count(), func.coalesce(func.sum(ExportFile.size), 0)).where(ExportFile.export_id == export.id)
    ).one()
    names = ("id", "project_id", "job_id", "format", "settings", "manifest", "created_at", "ended_at")
    values = {name: getattr(export, name) for name in names}
    return ExportOut.model_validate({**values, "state": state or "failed", "files": files, "bytes": int(size)})


def files(session: Session, export_id: UUID) -> Sequence[ExportFile]:
    """Return the files of an export by name."""
    return session.scalars(select(ExportFile).where(ExportFile.export_id == export_id).order_by(ExportFile.name)).all()


def file(session: Session, export_id: UUID, name: str) -> ExportFile:
    """Return one file of an export. Raises NotFound."""
    found = session.get(ExportFile, (export_id, name))
    if found is None:
        raise NotFound("The export has no such file.")
    return found


def archive_members(storage: Storage, rows: Sequence[ExportFile]) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    """Yield (name, size, pieces) of every file for a streamed archive."""
    for row in rows:
        yield row.name, row.size, storage.chunks(row.object_key)
