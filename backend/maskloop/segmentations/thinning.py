"""Thinning: most old whole tiles go, their patches stay, and with them any old state, undo and blame."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from maskloop.segmentations import queries

KEPT_EVERY = 16  # so that an old state is never more than 15 patches away from a whole tile

# A row keeps its bytes while it is live, the newest at or below a named revision, the 16th of its tile, or followed by
# a row without a patch (its state could not be made again from that one). A row without a patch is never thinned.
_THIN = text("""
    WITH steps AS (
        SELECT pos, seq, row_number() OVER tile AS place, lead(seq) OVER tile AS next_seq,
               lead(patch IS NULL) OVER tile AS is_before_whole
          FROM label_tile WHERE segmentation_no = :no WINDOW tile AS (PARTITION BY pos ORDER BY seq))
    UPDATE label_tile t SET bytes = NULL FROM steps s JOIN revision r ON r.segmentation_no = :no AND r.seq = s.seq
     WHERE t.segmentation_no = :no AND t.pos = s.pos AND t.seq = s.seq
       AND t.bytes IS NOT NULL AND t.patch IS NOT NULL AND r.created_at < :before
       AND s.next_seq IS NOT NULL AND NOT s.is_before_whole AND s.place % :every <> 0
       AND NOT EXISTS (SELECT 1 FROM unnest(CAST(:named AS int[])) n WHERE n >= s.seq AND n < s.next_seq)""")

# Named: has a name, was submitted, or is what a proposal was computed at or became.
_NAMED = text("""
    SELECT seq FROM revision WHERE segmentation_no = :no AND name IS NOT NULL
    UNION SELECT submitted_seq FROM segmentation WHERE no = :no AND submitted_seq IS NOT NULL
    UNION SELECT unnest(ARRAY[p.at_seq, p.accepted_seq]) FROM proposal p WHERE p.segmentation_id = :id
      AND p.state <> 'dropped'""")

# Drawn on since it was last thinned (its newest revision says so), and holding something old enough.
_THICK = text("""
    SELECT s.id FROM segmentation s JOIN revision newest ON newest.segmentation_no = s.no AND newest.seq = s.seq
     WHERE s.id > :after AND newest.created_at >= coalesce(s.thinned_before, '-infinity') AND EXISTS (
        SELECT 1 FROM revision r WHERE r.segmentation_no = s.no AND r.created_at < :before
           AND r.created_at >= coalesce(s.thinned_before, '-infinity'))
     ORDER BY s.id LIMIT :limit""")

_DONE = text("UPDATE segmentation SET thinned_before = greatest(thinned_before, :before) WHERE no = :no")


def thin(session: Session, segmentation_id: UUID, *, before: datetime) -> int:
    """Drop the whole tiles of revisions older than `before` that nothing needs; return how many. May run any time."""
    head = queries.read_head(session, segmentation_id)
    named = [row[0] for row in session.execute(_NAMED, {"no": head.no, "id": segmentation_id}) if row[0] is not None]
    asked = {"no": head.no, "before": before, "named": named, "every": KEPT_EVERY}
    statement = session.connection().execute(_THIN, asked)
    session.execute(_DONE, {"no": head.no, "before": before})
    return statement.rowcount


def segmentations_to_thin(
    session: Session, *, before: datetime, after: UUID | None = None, limit: int = 100
) -> list[UUID]:
    """Return segmentations that grew and aged since they were last thinned, in the order of their ids, behind `after`.

    `before`: how old a revision must be.
    """
    return list(session.scalars(_THICK, {"before": before, "after": after or UUID(int=0), "limit": limit}))
