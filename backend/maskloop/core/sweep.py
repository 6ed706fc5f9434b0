"""Removal of objects that nothing refers to any more, and never of one that something does.

A row refers to an object by a foreign key, or by a jsonb column named `object_keys` that holds [{"key"}]. Both are
found in the database's catalogue, so that a new table need not be told to us. A job that waits or runs refers to
every key among its inputs.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import islice

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from maskloop.core import clock
from maskloop.core.db import session_scope
from maskloop.core.logging import get_logger
from maskloop.core.objects import StoredObject
from maskloop.core.storage import Storage

AGE = timedelta(hours=24)
BATCH = 500
STORE_PREFIXES = ("p", "shared")
FEW = 100  # orphans that go, where more objects are known, without asking what share they are
MOST_SHARE = 0.1
ORPHAN = b""  # the digest of an object that was found without a row: nobody has read its bytes

_REFERENCES = text("""
    SELECT format('NOT EXISTS (SELECT 1 FROM %s r WHERE r.%I = o.key)', c.conrelid::regclass, a.attname)
      FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
     WHERE c.contype = 'f' AND c.confrelid = 'stored_object'::regclass
     UNION ALL
    SELECT format('NOT EXISTS (SELECT 1 FROM %s r WHERE r.object_keys @> jsonb_build_array('
                  'jsonb_build_object(''key'', o.key)))', a.attrelid::regclass)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE a.attname = 'object_keys' AND a.atttypid = 'jsonb'::regtype AND c.relkind = 'r'""")
_NO_JOBS_INPUT = """o.key NOT IN (
    SELECT word #>> '{}' FROM (SELECT inputs FROM job WHERE state = 'queued' UNION ALL
                               SELECT inputs FROM job WHERE state = 'running') r,
           jsonb_path_query(r.inputs, 'strict $.** ? (@.type() == "string")') word)"""  # two selects: an index for each
_OLD_AND_UNUSED = "o.claimed_at < now() - CAST(:age AS interval) AND {unused}"
_NEXT = "SELECT o.key FROM stored_object o WHERE o.key > :after AND {old_and_unused} ORDER BY o.key LIMIT :most"
_STILL = "SELECT o.key FROM stored_object o WHERE o.key = :key AND {old_and_unused}"


def sweep_orphans(storage: Storage, check: Callable[[], None]) -> int | None:
    """Record old objects that have no row, so that they go after a further `AGE`; return how many.

    Returns None, says so in the log and touches nothing where no object is known or too many are not: then this is
    not the database of this store, or an old backup of it. The time until they go is for a person to see to that.
    """
    known, orphans, waiting = 0, list[tuple[str, int]](), 0
    for prefix in STORE_PREFIXES:
        for batch in _batches(storage.aged(prefix, before=clock.now() - AGE)):
            check()
            rows = select(StoredObject.key, StoredObject.digest).where(StoredObject.key.in_(dict(batch)))
            with session_scope() as session:
                found = dict(session.execute(rows).all())
            recorded = sum(digest == ORPHAN for digest in found.values())
            waiting += recorded
            known += len(found) - recorded
            orphans += [(key, size) for key, size in batch if key not in found]
    if len(orphans) + waiting > min(known, max(FEW, MOST_SHARE * known)):
        get_logger(__name__).error("not-swept", known=known, orphans=len(orphans), recorded=waiting)
        return None
    for part in _batches(orphans):
        values = [{"key": key, "size": size, "digest": ORPHAN, "state": "deleting"} for key, size in part]
        with session_scope() as session:
            session.execute(insert(StoredObject).values(values).on_conflict_do_nothing())
    if orphans:
        get_logger(__name__).warning("orphans-recorded", orphans=len(orphans), hours_left=AGE / timedelta(hours=1))
    return len(orphans)


def sweep_rows(storage: Storage, check: Callable[[], None]) -> int:
    """Remove old objects to which no row refers, with their rows; return how many.

    The row is marked and committed first. Then, under its lock, references are looked for again, and bytes and row go
    together: a writer that claims the key meanwhile waits and begins anew, or is seen and nothing is removed.
    """
    removed = 0
    after = ""
    while keys := _mark(after):
        after = keys[-1]
        for key in keys:
            check()
            with session_scope() as session:
                removed += _remove(session, storage, key)
    return removed


def _mark(after: str) -> list[str]:
    """Mark the next old objects without a reference, in the order of their keys."""
    with session_scope() as session:
        found = text(_with_references(session, _NEXT) + " FOR UPDATE SKIP LOCKED")
        keys = list(session.scalars(found, {"after": after, "age": AGE, "most": BATCH}))
        session.execute(update(StoredObject).where(StoredObject.key.in_(keys)).values(state="deleting"))
    return keys


def _remove(session: Session, storage: Storage, key: str) -> bool:
    locked = select(StoredObject.state).where(StoredObject.key == key).with_for_update()
    if session.scalar(locked) != "deleting":
        return False
    still = text(_with_references(session, _STILL))  # a statement of its own: it sees what was committed since
    if session.scalar(still, {"key": key, "age": AGE}) is None:
        return False
    session.execute(delete(StoredObject).where(StoredObject.key == key))
    session.flush()
    storage.delete(key)
    return True


def _with_references(session: Session, statement: str) -> str:
    """Return a statement that asks whether anything refers to the row `o`, as the catalogue of today says."""
    unused = " AND ".join([_NO_JOBS_INPUT, *session.scalars(_REFERENCES)])
    return statement.format(old_and_unused=_OLD_AND_UNUSED.format(unused=unused))


def _batches(items: Iterable[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
