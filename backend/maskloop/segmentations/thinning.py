"""Thinning: old whole tiles go, their patches stay, and with them any old state, undo and blame."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from maskloop.segmentations import queries

# A row keeps its bytes while it is live, the newest at or below a named revision, or followed by a row without a patch
# (its state could not be made again from that one). A row without a patch is never thinned.
_THIN = text("""
    UPDATE label_tile t SET bytes = NULL FROM revision r
     WHERE t.segmentation_no = :no AND t.bytes IS NOT NULL AND t.patch IS NOT NULL
       AND r.segmentation_no = t.segmentation_no AND r.seq = t.seq AND r.created_at < :before
       AND EXISTS (SELECT 1 FROM label_head h
                    WHERE h.segmentation_no = t.segmentation_no AND h.pos = t.pos AND h.seq > t.seq)
       AND NOT EXISTS (
           SELECT 1 FROM unnest(CAST(:named AS int[])) n WHERE n >= t.seq AND NOT EXISTS (
               SELECT 1 FROM label_tile later WHERE later.segmentation_no = t.segmentation_no AND later.pos = t.pos
                  AND later.seq > t.seq AND later.seq <= n))
       AND (SELECT next.patch IS NOT NULL FROM label_tile next
             WHERE next.segmentation_no = t.segmentation_no AND next.pos = t.pos AND next.seq > t.seq
             ORDER BY next.seq LIMIT 1)""")

# Named: has a name, was submitted, or is what a proposal was computed at or became.
_NAMED = text("""
    SELECT seq FROM revision WHERE segmentation_no = :no AND name IS NOT NULL
    UNION SELECT submitted_seq FROM segmentation WHERE no = :no AND submitted_seq IS NOT NULL
    UNION SELECT unnest(ARRAY[p.at_seq, p.accepted_seq]) FROM proposal p WHERE p.segmentation_id = :id
      AND p.state <> 'dropped'""")

_THICK = text("""
    SELECT s.id FROM segmentation s WHERE s.id > :after AND EXISTS (
        SELECT 1 FROM revision r WHERE r.segmentation_no = s.no AND r.created_at < :before)
     ORDER BY s.id LIMIT :limit""")


def thin(session: Session, segmentation_id: UUID, *, before: datetime) -> int:
    """Drop the whole tiles of revisions older than `before` that nothing needs; return how many. May run any time."""
    head = queries.read_head(session, segmentation_id)
    named = [row[0] for row in session.execute(_NAMED, {"no": head.no, "id": segmentation_id}) if row[0] is not None]
    statement = session.connection().execute(_THIN, {"no": head.no, "before": before, "named": named})
    return statement.rowcount


def segmentations_to_thin(
    session: Session, *, before: datetime, after: UUID | None = None, limit: int = 100
) -> list[UUID]:
    """Return segmentations with revisions older than `before`, in the order of their ids, behind `after`."""
    return list(session.scalars(_THICK, {"before": before, "after": after or UUID(int=0), "limit": limit}))
