"""Uploads: files grow in quarantine, then an import job empties them. Names stay text and are never paths."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from maskloop.core.db import session_scope
from maskloop.core.errors import Conflict, Invalid, NotFound, StorageLow, TooLarge
from maskloop.core.ids import new_id
from maskloop.core.settings import Settings
from maskloop.core.storage import Storage
from maskloop.images.schemas import UploadOut, UploadTotals
from maskloop.images.tables import Upload, UploadFile, UploadItem
from maskloop.jobs.tables import Job

MAX_NAME = 1024
MAX_FILES = 200_000


class ItemMember(BaseModel):
    """One file, or one entry of an archive, that an item stands for."""

    file_id: UUID
    entry: int | None = None
    name: str


@dataclass(frozen=True)
class Part:
    """A piece of a file in quarantine."""

    key: str
    size: int


def create(session: Session, project_id: UUID, *, user_id: UUID, allow_identified: bool, source: str) -> Upload:
    """Begin an upload."""
    upload = Upload(project_id=project_id, created_by=user_id, allow_identified=allow_identified, source=source)
    session.add(upload)
    session.flush()
    return upload


def get(session: Session, upload_id: UUID, *, lock: bool = False) -> Upload:
    """Return an upload. Raises NotFound."""
    upload = session.get(Upload, upload_id, with_for_update=lock or None)
    if upload is None:
        raise NotFound("There is no such upload.")
    return upload


def create_file(session: Session, upload_id: UUID, *, name: str, size: int | None, settings: Settings) -> UploadFile:
    """Announce a file of `size` bytes, None where only its end will tell (`finish_unsized`).

    Raises Conflict on a closed upload, TooLarge, StorageLow, Invalid.
    """
    upload = get(session, upload_id, lock=True)
    if upload.state != "open":
        raise Conflict("This upload is closed. Begin another one.", code="upload-closed")
    limit = settings.upload_max_bytes
    if not name or len(name) > MAX_NAME or "\0" in name:
        raise Invalid(f"A file name has 1 to {MAX_NAME} characters.", code="bad-name")
    require_room(settings, size or 0)
    state = "complete" if size == 0 else "receiving"
    file = UploadFile(upload_id=upload_id, name=name, size=limit if size is None else size, state=state)
    session.add(file)
    session.flush()
    return file


def require_room(settings: Settings, size: int) -> None:
    """Refuse a file before its bytes come. Raises TooLarge, StorageLow."""
    limit = settings.upload_max_bytes
    if size > limit:
        raise TooLarge(f"A file may have {limit} bytes at most; this one has {size}.", limit=limit)
    require_space(settings, size)


def require_space(settings: Settings, size: int) -> None:
    """Refuse uploads early where the disk runs low, while saves still work. Raises StorageLow."""
    url = settings.store_url.get_secret_value()
    if not url.startswith("file://"):
        return
    folder = Path(url.removeprefix("file://"))
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free - size < settings.low_space_bytes:
        raise StorageLow("The server is low on space. Your labels still save; uploads wait.", free_bytes=free)


def get_file(session: Session, upload_id: UUID, file_id: UUID) -> UploadFile:
    """Return a file of an upload. Raises NotFound."""
    file = session.get(UploadFile, file_id)
    if file is None or file.upload_id != upload_id:
        raise NotFound("There is no such file in this upload.")
    return file


def append_part(storage: Storage, file_id: UUID, *, offset: int, content: bytes) -> int:
    """Store the next bytes of a file and return the new offset; call it outside a transaction.

    The bytes are put first under a key of their own, then the row takes them if it still stands at `offset`: of two
    senders one wins, and a crash in between leaves an object that no row names. Raises Conflict `offset-mismatch`.
    """
    with session_scope() as session:
        upload_id = session.scalars(select(UploadFile.upload_id).where(UploadFile.id == file_id)).one_or_none()
    if upload_id is None:
        raise NotFound("There is no such file in this upload.")
    key = f"q/{upload_id}/{file_id}/{new_id()}"
    storage.put_bytes(key, content)
    with session_scope() as session:
        file = session.get(UploadFile, file_id, with_for_update=True)
        if file is not None and file.received == offset and offset + len(content) <= file.size:
            file.parts = [*file.parts, {"key": key, "size": len(content)}]
            file.received = offset + len(content)
            file.state = "complete" if file.received == file.size else "receiving"
            return file.received
    storage.delete(key)
    raise Conflict("The file does not stand at that offset.", code="offset-mismatch")


def finish_unsized(session: Session, file_id: UUID) -> UploadFile:
    """Say that a file whose size was not known beforehand is complete."""
    file = session.get(UploadFile, file_id, with_for_update=True)
    if file is None:
        raise NotFound("There is no such file in this upload.")
    file.size = file.received
    file.state = "complete"
    return file


def remove_file(session: Session, upload_id: UUID, file_id: UUID) -> list[str]:
    """Forget a file; return the keys of its bytes for the caller to delete after the commit."""
    file = get_file(session, upload_id, file_id)
    if get(session, upload_id, lock=True).state != "open":
        raise Conflict("This upload is closed.", code="upload-closed")
    keys = part_keys([file])
    session.delete(file)
    return keys


def parts_of(file: UploadFile) -> list[Part]:
    """Return the pieces of a file in order."""
    return [Part(str(part["key"]), int(part["size"])) for part in file.parts if isinstance(part, dict)]


def part_keys(files: Sequence[UploadFile]) -> list[str]:
    """Return every key in quarantine of these files."""
    return [part.key for file in files for part in parts_of(file)]


def ready_files(session: Session, upload_id: UUID, *, states: Sequence[str]) -> Sequence[UploadFile]:
    """Return the files of an upload in these states, in the order they came."""
    statement = select(UploadFile).where(UploadFile.upload_id == upload_id, UploadFile.state.in_(states))
    return session.scalars(statement.order_by(UploadFile.id)).all()


def held_items(session: Session, upload_id: UUID, item_ids: Sequence[UUID] | None) -> Sequence[UploadItem]:
    """Return the held items that are meant. Raises NotFound if one of `item_ids` is not held here."""
    statement = select(UploadItem).where(UploadItem.upload_id == upload_id, UploadItem.outcome == "held")
    if item_ids is not None:
        statement = statement.where(UploadItem.id.in_(item_ids))
    items = session.scalars(statement).all()
    if item_ids is not None and len(items) != len(set(item_ids)):
        raise NotFound("One of these items is not held in this upload.")
    return items


def discard_held(session: Session, upload_id: UUID, item_ids: Sequence[UUID] | None) -> list[str]:
    """Drop the bytes of held items; return their keys for the caller to delete after the commit."""
    keys: list[str] = []
    for item in held_items(session, upload_id, item_ids):
        item.outcome, item.code, item.reason = "refused", "discarded", "Dropped by a person. Nothing of it was kept."
        session.flush()
        files = releasable_files(session, upload_id, {member.file_id for member in members_of(item)})
        keys += part_keys(files)
        set_files_state(session, [file.id for file in files], "emptied")
    return keys


def members_of(item: UploadItem) -> list[ItemMember]:
    """Return the files that an item stands for."""
    return [ItemMember.model_validate(member) for member in item.members]


def releasable_files(session: Session, upload_id: UUID, file_ids: set[UUID]) -> list[UploadFile]:
    """Return those of `file_ids` that no held item of the upload needs any more."""
    held = {member.file_id for item in held_items(session, upload_id, None) for member in members_of(item)}
    statement = select(UploadFile).where(UploadFile.id.in_(file_ids - held))
    return list(session.scalars(statement.order_by(UploadFile.id)).all())


def items_page(
    session: Session, upload_id: UUID, *, outcome: str | None, after: UUID | None, limit: int
) -> Sequence[UploadItem]:
    """Return outcomes in order, one more than `limit` where there is a next page."""
    statement = select(UploadItem).where(UploadItem.upload_id == upload_id).order_by(UploadItem.id).limit(limit + 1)
    if outcome is not None:
        statement = statement.where(UploadItem.outcome == outcome)
    if after is not None:
        statement = statement.where(UploadItem.id > after)
    return session.scalars(statement).all()


def describe(session: Session, upload: Upload) -> UploadOut:
    """Return an upload with its totals."""
    counts = session.execute(
        select(UploadItem.outcome, func.sum(UploadItem.files))
        .where(UploadItem.upload_id == upload.id)
        .group_by("outcome")
    ).all()
    files, size = session.execute(
        select(func.count(), func.coalesce(func.sum(UploadFile.received), 0)).where(UploadFile.upload_id == upload.id)
    ).one()
    pending = session.scalar(
        select(func.count()).where(UploadFile.upload_id == upload.id, UploadFile.state.in_(["receiving", "complete"]))
    )
    outcomes = {outcome: int(count) for outcome, count in counts}
    job_state = session.scalar(select(Job.state).where(Job.id == upload.job_id))
    state = "failed" if job_state in {"failed", "cancelled"} else upload.state
    totals = UploadTotals(files=files, bytes=int(size), pending=pending or 0, **outcomes)
    return UploadOut.model_validate(
        {
            **{name: getattr(upload, name) for name in ("id", "project_id", "job_id", "created_at")},
            "state": state,
            "allow_identified": upload.allow_identified,
            "totals": totals,
        }
    )


def forget_items(session: Session, upload_id: UUID, item_ids: Sequence[UUID]) -> None:
    """Remove outcomes that a new import of the same files replaces."""
    session.execute(delete(UploadItem).where(UploadItem.upload_id == upload_id, UploadItem.id.in_(item_ids)))


def set_files_state(session: Session, file_ids: Sequence[UUID], state: str) -> None:
    """Move files to a state; emptied files name no bytes any more."""
    values: dict[str, object] = {"state": state} | ({"parts": []} if state == "emptied" else {})
    session.execute(update(UploadFile).where(UploadFile.id.in_(file_ids)).values(values))
