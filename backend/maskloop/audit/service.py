"""Record what happened; seal the record into a hash chain; check the chain. No patient data in any field.

A save is not recorded here: its revision row is its audit record, chained within its segmentation.
"""

import hashlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from uuid import UUID

import orjson
from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from maskloop.audit.tables import AuditEvent
from maskloop.core.db import Json

SEAL_LOCK = 7_268_002  # advisory lock: two relays never seal at once
GENESIS = hashlib.sha256(b"maskloop audit chain 1").digest()


@dataclass(frozen=True)
class ChainReport:
    """What `verify_chain` found; `problems` is empty when the record is as it was sealed."""

    sealed: int
    unsealed: int
    problems: list[str] = field(default_factory=list)


def record(
    session: Session,
    *,
    actor_id: UUID | None,
    action: str,
    outcome: str = "ok",
    project_id: UUID | None = None,
    object_kind: str | None = None,
    object_id: UUID | str | None = None,
    address: str | None = None,
    detail: Json | None = None,
) -> None:
    """Add an event to the transaction of what it records, unsealed. `detail` holds our ids and words only."""
    session.add(
        AuditEvent(
            actor_id=actor_id,
            action=action,
            outcome=outcome,
            project_id=project_id,
            object_kind=object_kind,
            object_id=None if object_id is None else str(object_id),
            address=_address(address),
            detail=detail or {},
        )
    )


def seal(session: Session, *, limit: int = 1000) -> int:
    """Chain the events whose transactions are all over, in order; return how many. The relay calls it each second.

    Rows with an xid below the oldest running transaction's can get no new neighbour before them. Rows older than an
    hour are sealed whatever their xid: after a restore into a new cluster, old xids may lie in its future.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(SEAL_LOCK))):
        return 0
    number, digest = _last_seal(session)
    settled = AuditEvent.xid < text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    old = AuditEvent.at < text("now() - interval '1 hour'")
    statement = select(AuditEvent).where(AuditEvent.chain.is_(None), or_(settled, old)).order_by(AuditEvent.no)
    events = session.scalars(statement.limit(limit)).all()
    for number, event in enumerate(events, start=number + 1):  # noqa: B020 - goes on counting
        digest = link(digest, event)
        event.sealed_no, event.chain = number, digest
    session.flush()
    return len(events)


def verify_chain(session: Session) -> ChainReport:
    """Recompute the chain from its beginning and name every event that was changed, removed or put in."""
    problems: list[str] = []
    expected, digest = 1, GENESIS
    for event in _sealed(session):
        if event.sealed_no != expected:
            problems.append(f"audit events {expected} to {(event.sealed_no or 0) - 1} of the chain are missing")
        digest = link(digest, event)
        if digest != event.chain:
            problems.append(f"audit event {event.no} is not what was sealed as number {event.sealed_no}")
        digest, expected = event.chain or digest, (event.sealed_no or 0) + 1
    unsealed = session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.chain.is_(None))) or 0
    return ChainReport(sealed=expected - 1, unsealed=unsealed, problems=problems)


def link(previous: bytes, event: AuditEvent) -> bytes:
    """Return the digest that chains an event to the one before it."""
    content = {
        "no": event.no,
        "at": event.at.astimezone(UTC).isoformat(),
        "actor": event.actor_id,
        "action": event.action,
        "outcome": event.outcome,
        "project": event.project_id,
        "kind": event.object_kind,
        "id": event.object_id,
        "address": None if event.address is None else str(event.address),
        "detail": event.detail,
    }
    return hashlib.sha256(previous + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def _last_seal(session: Session) -> tuple[int, bytes]:
    statement = select(AuditEvent.sealed_no, AuditEvent.chain).where(AuditEvent.sealed_no.is_not(None))
    last = session.execute(statement.order_by(AuditEvent.sealed_no.desc()).limit(1)).one_or_none()
    return (last.sealed_no or 0, last.chain or GENESIS) if last else (0, GENESIS)


def _sealed(session: Session) -> Iterator[AuditEvent]:
    statement = select(AuditEvent).where(AuditEvent.sealed_no.is_not(None)).order_by(AuditEvent.sealed_no)
    yield from session.scalars(statement.execution_options(yield_per=1000))


def _address(address: str | None) -> str | None:
    """Return what the column takes, None for what is not an address (a test client, a Unix socket)."""
    try:
        return str(ipaddress.ip_address(address)) if address else None
    except ValueError:
        return None
