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
    numbering: int
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


SOME: LiteralString = " AND h.pos = ANY(%s::bigint[])"
LOCK: LiteralString = " FOR UPDATE OF s"
CONTEXT: LiteralString = """SELECT r.seq, r.body_digest, r.stats, n.digest, g.rows, t.pos, t.seq, t.bytes
    FROM (VALUES (1)) AS one
    LEFT JOIN revision r ON r.segmentation_no = %(no)s AND r.key = %(key)s
    LEFT JOIN revision n ON n.segmentation_no = %(no)s AND n.seq = %(seq)s
    CROSS JOIN LATERAL (SELECT json_agg(json_build_array(
        first_number, last_number, label_id, layer, name, colour, state, deleted_seq)) AS rows
        FROM segment s WHERE s.segmentation_no = %(no)s AND EXISTS (
        SELECT 1 FROM unnest(%(numbers)s::int[]) u WHERE u BETWEEN s.first_number AND s.last_number)) g
    CROSS JOIN LATERAL (SELECT array_agg(h.pos) AS pos, array_agg(h.seq) AS seq, array_agg(l.bytes) AS bytes
        FROM label_head h CROSS JOIN LATERAL (SELECT bytes FROM label_tile l
            WHERE l.segmentation_no = h.segmentation_no AND l.pos = h.pos AND l.seq = h.seq LIMIT 1) l
        WHERE h.segmentation_no = %(no)s AND h.pos = ANY(%(positions)s::bigint[])) t"""
HEAD: LiteralString = """SELECT s.id, s.no, s.image_id, i.project_id, s.reader_id, s.state, s.seq, s.next_number,
    s.numbering, s.submitted_seq, i.shape FROM segmentation s JOIN image i ON i.id = s.image_id WHERE s.id = %s"""


def read_head(session: Session, segmentation_id: UUID, *, lock: bool = False) -> Head:
    """Return a segmentation; with `lock` nobody else writes to it until the transaction ends. Raises NotFound."""
    return _head(connection(session).execute(HEAD + LOCK if lock else HEAD, (segmentation_id,)))


def _head(rows: Cursor) -> Head:
    row = rows.fetchone()
    if row is None:
        raise NotFound("There is no such segmentation.")
    return Head(*(*row[:10], (row[10][0], row[10][1], row[10][2])))


def open_ledger(
    session: Session,
    segmentation_id: UUID,
    key: UUID,
    *,
    numbers: Iterable[int] | None = None,
    positions: Sequence[int] | None = None,
) -> Opened:
    """Take the row lock, then read what a save needs in one more statement. Raises NotFound.

    Two statements, because the snapshot of the second is taken under the lock: the first one's may be older.
    """
    run = connection(session)
    head = _head(run.execute(HEAD + LOCK, (segmentation_id,)))
    asked = {
        "no": head.no,
        "seq": head.seq,
        "key": key,
        "numbers": list(numbers or ()),
        "positions": list(positions or ()),
    }
    row = run.execute(CONTEXT, asked, binary=True).fetchone()
    assert row is not None
    return Opened(
        head,
        None if row[0] is None else KnownRevision(row[0], row[1], row[2] or {}),
        row[3],
        None if numbers is None else [_segment([*item[:2], UUID(item[2]), *item[3:]]) for item in row[4] or ()],
        None
        if positions is None
        else {tile[0]: TileRow(*tile) for tile in zip(*(part or () for part in row[5:]), strict=True)},
    )


def segment_rows(session: Session, no: int, numbers: Iterable[int] | None = None) -> list[SegmentRow]:
    """Return the segment rows, all or those that hold one of `numbers`."""
    if numbers is None:
        return _segments(connection(session).execute(SEGMENTS, (no,)))
    return _segments(connection(session).execute(SEGMENTS + HOLDING, (no, list(numbers))))


def _segments(rows: Cursor) -> list[SegmentRow]:
    return [_segment(row) for row in rows.fetchall()]


def _segment(row: Sequence[Any]) -> SegmentRow:
    return SegmentRow(*(*row[:5], format_color(row[5]), *row[6:]))


def live_tiles(session: Session, no: int, positions: Sequence[int]) -> dict[int, TileRow]:
    """Return the live tiles at these positions; absent where nothing was ever drawn."""
    rows = connection(session).execute(LIVE + SOME, (no, list(positions)), binary=True)
    return {row[0]: TileRow(*row) for row in rows.fetchall()}


def tiles_since(session: Session, no: int, since: int) -> list[TileRow]:
    """Return the live tiles newer than a seq, in the order of their positions."""
    rows = connection(session).execute(LIVE + " AND h.seq > %s ORDER BY h.pos", (no, since), binary=True).fetchall()
    return [TileRow(*row) for row in rows]


def live_tiles_between(session: Session, no: int, first: int, last: int) -> list[TileRow]:
    """Return the live tiles from one position to another: one slice, or one layer."""
    rows = connection(session).execute(
        LIVE + " AND h.pos BETWEEN %s AND %s ORDER BY h.pos", (no, first, last), binary=True
    )
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
    run = connection(session)
    if only is not None:
        rows = run.execute(AT + SOME, (seq, no, list(only)), binary=True)
    elif first is not None:
        rows = run.execute(AT + " AND h.pos BETWEEN %s AND %s ORDER BY h.pos", (seq, no, first, last), binary=True)
    else:
        rows = run.execute(AT + " ORDER BY h.pos", (seq, no), binary=True)
    return [TileRow(*row) for row in rows.fetchall()]


def later_steps(session: Session, no: int, tiles: Sequence[TileRow]) -> list[HistoryRow]:
    """Return the steps of each tile after its seq up to and with the next one that has the whole tile, rising."""
    statement: LiteralString = """SELECT t.* FROM unnest(%s::bigint[], %s::int[]) AS w (pos, seq)
        CROSS JOIN LATERAL (SELECT n.seq FROM label_tile n WHERE n.segmentation_no = %s AND n.pos = w.pos
            AND n.seq > w.seq AND n.bytes IS NOT NULL ORDER BY n.seq LIMIT 1) AS whole
        CROSS JOIN LATERAL (SELECT s.pos, s.seq, s.patch, CASE WHEN s.seq = whole.seq THEN s.bytes END
            FROM label_tile s WHERE s.segmentation_no = %s AND s.pos = w.pos AND s.seq > w.seq AND s.seq <= whole.seq
            ORDER BY s.seq) AS t"""
    asked = ([tile.pos for tile in tiles], [tile.seq for tile in tiles], no, no)
    return [HistoryRow(*row) for row in connection(session).execute(statement, asked, binary=True).fetchall()]


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
    return [
        HistoryRow(*row) for row in connection(session).execute(statement, (no, first, last), binary=True).fetchall()
    ]


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


def renumberings(session: Session, no: int) -> frozenset[int]:
    """Return the seqs of the renumberings."""
    statement: LiteralString = "SELECT seq FROM revision WHERE segmentation_no = %s AND source = 'renumber'"
    return frozenset(row[0] for row in connection(session).execute(statement, (no,)).fetchall())


def begin_numbering(session: Session, no: int, seq: int, *, next_number: int, rows: Iterable[SegmentRow]) -> None:
    """Let `rows` be all the segments from the renumbering `seq` on."""
    run = connection(session).execute
    run("UPDATE segmentation SET numbering = %s, next_number = %s WHERE no = %s", (seq, next_number, no))
    run("DELETE FROM segment WHERE segmentation_no = %s", (no,))
    put_segments(session, no, rows)


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
          WHERE r.segmentation_no = %(no)s AND r.author_id = %(user)s AND r.source NOT IN ('numbers', 'renumber')),
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
