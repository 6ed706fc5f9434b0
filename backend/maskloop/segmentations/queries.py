"""The statements of the label store, straight through psycopg: few, and each on an index.

All of them run in the transaction of the given session. The lateral join is deliberate: so the planner cannot read the
whole history of a tile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from maskloop.core.errors import NotFound
from maskloop.imaging.label_tile import Grid
from maskloop.segmentations.segment_table import SegmentRow, format_color, parse_color

SEGMENTS: LiteralString = """SELECT first_number, last_number, label_id, layer, name, colour, state, deleted_seq
    FROM segment g WHERE segmentation_no = %s"""
HOLDING: LiteralString = """ AND EXISTS (SELECT 1 FROM unnest(%s::int[]) n
    WHERE n BETWEEN g.first_number AND g.last_number)"""
Cursor = psycopg.Cursor[tuple[Any, ...]]


@dataclass(frozen=True)
class Head:
    """A segmentation as a transaction sees it; for a writer, under its row lock."""

    id: UUID
    no: int
    image_id: UUID
    project_id: UUID
    reader_id: UUID | None
    state: str
    seq: int
    next_number: int
    submitted_seq: int | None
    grid: Grid


@dataclass(frozen=True)
class KnownRevision:
    """What is needed of the revision that a key made before."""

    seq: int
    body_digest: bytes
    stats: dict[str, object]


@dataclass(frozen=True)
class TileRow:
    """A tile at a seq; `content` None: thinned."""

    pos: int
    seq: int
    content: bytes | None


@dataclass(frozen=True)
class Opened:
    """What a save finds under the row lock. `segments` and `tiles` are None where they were not asked for."""

    head: Head
    by_key: KnownRevision | None
    newest_digest: bytes | None
    segments: list[SegmentRow] | None
    tiles: dict[int, TileRow] | None


@dataclass(frozen=True)
class HistoryRow:
    """One step of a tile. `patch` None: it wrote the whole tile; `content` None: thinned."""

    pos: int
    seq: int
    patch: bytes | None
    content: bytes | None


@dataclass(frozen=True)
class RevisionRow:
    """A revision as it is appended, but for the digest."""

    seq: int
    key: UUID
    body_digest: bytes
    author_id: UUID | None
    model_version_id: UUID | None
    source: str
    tool: str | None
    undoes: int | None
    depth: int
    message: str | None
    active_ms: int
    created_at: datetime
    positions: Sequence[int]
    segments: list[dict[str, object]] | None
    stats: dict[str, object]


def connection(session: Session) -> psycopg.Connection[tuple[Any, ...]]:
    """Return the psycopg connection of the session's transaction."""
    return cast("psycopg.Connection[tuple[Any, ...]]", session.connection().connection.driver_connection)


LIVE: LiteralString = """SELECT h.pos, h.seq, t.bytes FROM label_head h CROSS JOIN LATERAL (
    SELECT bytes FROM label_tile t
    WHERE t.segmentation_no = h.segmentation_no AND t.pos = h.pos AND t.seq = h.seq LIMIT 1) t
    WHERE h.segmentation_no = %s"""


NO: LiteralString = "= (SELECT no FROM segmentation WHERE id = %s)"
SOME: LiteralString = " AND h.pos = ANY(%s::bigint[])"
LOCK: LiteralString = " FOR UPDATE OF s"
BY_KEY: LiteralString = """SELECT r.seq, r.body_digest, r.stats FROM segmentation s JOIN revision r
    ON r.segmentation_no = s.no WHERE s.id = %s AND r.key = %s"""
NEWEST: LiteralString = """SELECT r.digest FROM segmentation s JOIN revision r
    ON r.segmentation_no = s.no AND r.seq = s.seq WHERE s.id = %s"""
HEAD: LiteralString = """SELECT s.id, s.no, s.image_id, i.project_id, s.reader_id, s.state, s.seq, s.next_number,
    s.submitted_seq, i.shape FROM segmentation s JOIN image i ON i.id = s.image_id WHERE s.id = %s"""


def read_head(session: Session, segmentation_id: UUID, *, lock: bool = False) -> Head:
    """Return a segmentation; with `lock` nobody else writes to it until the transaction ends. Raises NotFound."""
    return _head(connection(session).execute(HEAD + LOCK if lock else HEAD, (segmentation_id,)))


def _head(rows: Cursor) -> Head:
    row = rows.fetchone()
    if row is None:
        raise NotFound("There is no such segmentation.")
    return Head(*(*row[:9], (row[9][0], row[9][1], row[9][2])))


def open_ledger(
    session: Session,
    segmentation_id: UUID,
    key: UUID,
    *,
    numbers: Iterable[int] | None = None,
    positions: Sequence[int] | None = None,
) -> Opened:
    """Take the row lock and read what a save needs: one round trip. Raises NotFound.

    Each statement runs when the one before it has ended, so all but the first see what stands under the lock.
    """
    run = connection(session)
    segments = tiles = None
    with run.pipeline():
        head = run.execute(HEAD + LOCK, (segmentation_id,))
        by_key = run.execute(BY_KEY, (segmentation_id, key))
        newest = run.execute(NEWEST, (segmentation_id,))
        if numbers is not None:
            segments = run.execute(SEGMENTS.replace("= %s", NO) + HOLDING, (segmentation_id, list(numbers)))
        if positions is not None:
            tiles = run.execute(LIVE.replace("= %s", NO) + SOME, (segmentation_id, list(positions)))
    known, last = by_key.fetchone(), newest.fetchone()
    return Opened(
        _head(head),
        KnownRevision(*(*known[:2], known[2] or {})) if known else None,
        last[0] if last else None,
        None if segments is None else _segments(segments),
        None if tiles is None else _live(tiles),
    )


def segment_rows(session: Session, no: int, numbers: Iterable[int] | None = None) -> list[SegmentRow]:
    """Return the segment rows, all or those that hold one of `numbers`."""
    if numbers is None:
        return _segments(connection(session).execute(SEGMENTS, (no,)))
    return _segments(connection(session).execute(SEGMENTS + HOLDING, (no, list(numbers))))


def _segments(rows: Cursor) -> list[SegmentRow]:
    return [SegmentRow(*(*row[:5], format_color(row[5]), *row[6:])) for row in rows.fetchall()]


def live_tiles(session: Session, no: int, positions: Sequence[int]) -> dict[int, TileRow]:
    """Return the live tiles at these positions; absent where nothing was ever drawn."""
    return _live(connection(session).execute(LIVE + SOME, (no, list(positions))))


def _live(rows: Cursor) -> dict[int, TileRow]:
    return {row[0]: TileRow(*row) for row in rows.fetchall()}


def tiles_since(session: Session, no: int, since: int) -> list[TileRow]:
    """Return the live tiles newer than a seq, in the order of their positions."""
    rows = connection(session).execute(LIVE + " AND h.seq > %s ORDER BY h.pos", (no, since)).fetchall()
    return [TileRow(*row) for row in rows]


def live_tiles_between(session: Session, no: int, first: int, last: int) -> list[TileRow]:
    """Return the live tiles from one position to another: one slice, or one layer."""
    rows = connection(session).execute(LIVE + " AND h.pos BETWEEN %s AND %s ORDER BY h.pos", (no, first, last))
    return [TileRow(*row) for row in rows.fetchall()]


def count_heads(session: Session, no: int, first: int, last: int) -> int:
    """Return how many tiles were ever drawn from one position to another."""
    statement: LiteralString = "SELECT count(*) FROM label_head WHERE segmentation_no = %s AND pos BETWEEN %s AND %s"
    row = connection(session).execute(statement, (no, first, last)).fetchone()
    return int(row[0]) if row else 0


def positions_since(session: Session, no: int, since: int) -> list[int]:
    """Return where something was drawn after a seq."""
    statement: LiteralString = "SELECT pos FROM label_head WHERE segmentation_no = %s AND seq > %s ORDER BY pos"
    return [row[0] for row in connection(session).execute(statement, (no, since)).fetchall()]


AT: LiteralString = """SELECT h.pos, t.seq, t.bytes FROM label_head h CROSS JOIN LATERAL (
    SELECT seq, bytes FROM label_tile t WHERE t.segmentation_no = h.segmentation_no AND t.pos = h.pos
    AND t.seq <= %s ORDER BY t.seq DESC LIMIT 1) t WHERE h.segmentation_no = %s"""


def tiles_at(
    session: Session,
    no: int,
    seq: int,
    *,
    first: int | None = None,
    last: int | None = None,
    only: Sequence[int] | None = None,
) -> list[TileRow]:
    """Return each tile as the newest revision at or below `seq` left it; `content` None where that row is thinned.

    All tiles, those between two positions, or those at some positions.
    """
    if only is not None:
        rows = connection(session).execute(AT + SOME, (seq, no, list(only)))
    elif first is not None:
        rows = connection(session).execute(AT + " AND h.pos BETWEEN %s AND %s ORDER BY h.pos", (seq, no, first, last))
    else:
        rows = connection(session).execute(AT + " ORDER BY h.pos", (seq, no))
    return [TileRow(*row) for row in rows.fetchall()]


def later_steps(session: Session, no: int, pos: int, seq: int) -> list[HistoryRow]:
    """Return the steps of a tile after `seq` up to and with the next one that has the whole tile, rising."""
    statement: LiteralString = """SELECT pos, seq, patch, bytes FROM label_tile
        WHERE segmentation_no = %s AND pos = %s AND seq > %s AND seq <= (SELECT min(n.seq) FROM label_tile n
        WHERE n.segmentation_no = %s AND n.pos = %s AND n.seq > %s AND n.bytes IS NOT NULL) ORDER BY seq"""
    rows = connection(session).execute(statement, (no, pos, seq, no, pos, seq)).fetchall()
    return [HistoryRow(*row) for row in rows]


def steps_of(session: Session, no: int, seq: int) -> list[HistoryRow]:
    """Return the tiles that one revision wrote."""
    statement: LiteralString = """SELECT t.pos, t.seq, t.patch, t.bytes FROM revision r
        CROSS JOIN LATERAL unnest(r.positions) p JOIN label_tile t
        ON t.segmentation_no = r.segmentation_no AND t.pos = p AND t.seq = r.seq
        WHERE r.segmentation_no = %s AND r.seq = %s ORDER BY t.pos"""
    return [HistoryRow(*row) for row in connection(session).execute(statement, (no, seq)).fetchall()]


def steps_between(session: Session, no: int, first: int, last: int) -> list[HistoryRow]:
    """Return every step of the tiles from one position to another, newest first, without their whole tiles."""
    statement: LiteralString = """SELECT pos, seq, patch, NULL::bytea FROM label_tile
        WHERE segmentation_no = %s AND pos BETWEEN %s AND %s ORDER BY pos, seq DESC"""
    return [HistoryRow(*row) for row in connection(session).execute(statement, (no, first, last)).fetchall()]


def append(
    session: Session, head: Head, row: RevisionRow, *, digest: bytes, next_number: int, tiles: Sequence[HistoryRow]
) -> None:
    """Insert a revision with its tiles, move their heads and the segmentation's seq: one statement."""
    statement: LiteralString = """WITH written AS (
          SELECT * FROM unnest(%(pos)s::bigint[], %(patch)s::bytea[], %(bytes)s::bytea[]) AS w (pos, patch, bytes)),
        r AS (INSERT INTO revision (segmentation_no, seq, key, body_digest, author_id, model_version_id, source, tool,
            undoes, depth, message, active_ms, created_at, positions, segments, stats, digest)
          VALUES (%(no)s, %(seq)s, %(key)s, %(body_digest)s, %(author_id)s, %(model_version_id)s, %(source)s, %(tool)s,
            %(undoes)s, %(depth)s, %(message)s, %(active_ms)s, %(created_at)s, %(positions)s, %(segments)s, %(stats)s,
            %(digest)s)),
        t AS (INSERT INTO label_tile (segmentation_no, pos, seq, patch, bytes)
          SELECT %(no)s, pos, %(seq)s, patch, bytes FROM written),
        h AS (INSERT INTO label_head (segmentation_no, pos, seq) SELECT %(no)s, pos, %(seq)s FROM written
          ON CONFLICT (segmentation_no, pos) DO UPDATE SET seq = excluded.seq)
        UPDATE segmentation SET seq = %(seq)s, next_number = %(next_number)s WHERE no = %(no)s"""
    connection(session).execute(
        statement,
        {
            **vars(row),
            "no": head.no,
            "positions": list(row.positions),
            "segments": Jsonb(row.segments) if row.segments else None,
            "stats": Jsonb(row.stats),
            "digest": digest,
            "next_number": next_number,
            "pos": [tile.pos for tile in tiles],
            "patch": [tile.patch for tile in tiles],
            "bytes": [tile.content for tile in tiles],
        },
    )


def put_segments(session: Session, no: int, rows: Iterable[SegmentRow]) -> None:
    """Insert segment rows, or replace what names them."""
    statement: LiteralString = """INSERT INTO segment
        (segmentation_no, first_number, last_number, label_id, layer, name, colour, state, deleted_seq)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (segmentation_no, first_number, last_number)
        DO UPDATE SET name = excluded.name, colour = excluded.colour, state = excluded.state,
        deleted_seq = excluded.deleted_seq"""
    values = [
        (no, row.first, row.last, row.label_id, row.layer, row.name, parse_color(row.color), row.state, row.deleted_seq)
        for row in rows
    ]
    with connection(session).cursor() as cursor:
        cursor.executemany(statement, values)


@dataclass(frozen=True)
class UndoTarget:
    """What an undo needs of the revision that it takes back."""

    seq: int
    author_id: UUID | None
    source: str
    depth: int
    segments: object
    undone: bool


def revision_to_undo(session: Session, no: int, key: UUID) -> UndoTarget | None:
    """Return the revision with this key."""
    statement: LiteralString = """SELECT r.seq, r.author_id, r.source, r.depth, r.segments,
        EXISTS (SELECT 1 FROM revision u WHERE u.segmentation_no = r.segmentation_no AND u.undoes = r.seq)
        FROM revision r WHERE r.segmentation_no = %s AND r.key = %s"""
    row = connection(session).execute(statement, (no, key)).fetchone()
    return UndoTarget(*row) if row else None


def undo_candidates(session: Session, no: int, user_id: UUID) -> tuple[UUID | None, UUID | None]:
    """Return the keys of a user's newest revision to undo and to redo."""
    statement: LiteralString = """WITH mine AS (SELECT r.seq, r.key, r.depth FROM revision r
          WHERE r.segmentation_no = %(no)s AND r.author_id = %(user)s AND r.source <> 'numbers'),
        free AS (SELECT m.* FROM mine m WHERE NOT EXISTS (SELECT 1 FROM revision u
          WHERE u.segmentation_no = %(no)s AND u.undoes = m.seq))
        SELECT (SELECT key FROM free WHERE depth %% 2 = 0 ORDER BY seq DESC LIMIT 1),
          (SELECT key FROM free WHERE depth %% 2 = 1
           AND seq > coalesce((SELECT max(seq) FROM mine WHERE depth = 0), 0) ORDER BY seq DESC LIMIT 1)"""
    row = connection(session).execute(statement, {"no": no, "user": user_id}).fetchone()
    return (row[0], row[1]) if row else (None, None)


def segments_of(session: Session, no: int, seq: int) -> object:
    """Return the field changes of one revision."""
    statement: LiteralString = "SELECT segments FROM revision WHERE segmentation_no = %s AND seq = %s"
    row = connection(session).execute(statement, (no, seq)).fetchone()
    return row[0] if row else None


def segment_changes_since(session: Session, no: int, seq: int) -> list[tuple[int, object]]:
    """Return (seq, field changes) of the revisions after `seq` that changed fields, newest first."""
    statement: LiteralString = """SELECT seq, segments FROM revision WHERE segmentation_no = %s AND seq > %s
        AND segments IS NOT NULL ORDER BY seq DESC"""
    return connection(session).execute(statement, (no, seq)).fetchall()


def close(session: Session, no: int, seq: int) -> None:
    """Mark a segmentation as submitted at `seq`, and name that revision."""
    run = connection(session).execute
    run("UPDATE segmentation SET state = 'submitted', submitted_seq = %s WHERE no = %s", (seq, no))
    statement: LiteralString = """UPDATE revision SET name = coalesce(name, 'submitted')
        WHERE segmentation_no = %s AND seq = %s"""
    run(statement, (no, seq))


def open_again(session: Session, no: int) -> None:
    """Mark a segmentation as open."""
    connection(session).execute("UPDATE segmentation SET state = 'open' WHERE no = %s", (no,))
