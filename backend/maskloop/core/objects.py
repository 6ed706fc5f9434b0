"""The record of every object: claimed before its bytes are put, referred to only after they are confirmed."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from maskloop.core.db import Base, session_scope
from maskloop.core.storage import Storage, Stored, digest_file


class StoredObject(Base):
    """One blob of the object store. Keys live inside a project: nothing is shared across projects."""

    __tablename__ = "stored_object"
    __table_args__ = (Index("ix_stored_object_swept", "claimed_at", postgresql_where=text("state <> 'stored'")),)

    key: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id"), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes]
    state: Mapped[str] = mapped_column(server_default="claimed")  # claimed, stored, deleting
    claimed_at: Mapped[datetime] = mapped_column(server_default=func.now())


def store_file(storage: Storage, path: Path, *, project_id: UUID | None, kind: str) -> Stored:
    """Put a file as `p/{project}/{kind}/{digest}` and return it confirmed.

    Opens two short transactions of its own: the claim is committed before the bytes are put, so that a crash
    leaves a row that the sweeper finds, never a row that dangles. Call it outside a transaction.
    """
    digest, size = digest_file(path)
    owner = f"p/{project_id}" if project_id else "shared"
    stored = Stored(f"{owner}/{kind}/{digest.hex()}", size, digest)
    with session_scope() as session:
        claim(session, stored, project_id=project_id)
    storage.put_file(stored.key, path)
    with session_scope() as session:
        row = session.scalars(select(StoredObject).where(StoredObject.key == stored.key).with_for_update()).one()
        row.state = "stored"
    return stored


def claim(session: Session, stored: Stored, *, project_id: UUID | None) -> None:
    """Insert the row, or take the row that is there and make it young, so that the sweeper leaves it alone."""
    row = {"key": stored.key, "project_id": project_id, "size": stored.size, "digest": stored.digest}
    statement = insert(StoredObject).values({**row, "state": "claimed"})
    written = {name: statement.excluded[name] for name in ("project_id", "size", "digest", "state")}  # orphans lack two
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={**written, "claimed_at": func.now()}))


def hold(session: Session, keys: Sequence[str]) -> bool:
    """Lock objects and make them young, for a row that is to name them in jsonb; say whether all are there to stay.

    Until the caller's transaction ends the sweeper waits, then it sees the new reference.
    """
    kept = select(StoredObject).where(StoredObject.key.in_(keys), StoredObject.state != "deleting")
    found = session.scalars(kept.order_by(StoredObject.key).with_for_update()).all()
    session.execute(update(StoredObject).where(StoredObject.key.in_(keys)).values(claimed_at=func.now()))
    return len(found) == len(set(keys))
