"""Numbers: the server gives them out in blocks, one row each, and never twice under one numbering (ADR 7)."""

from uuid import UUID

from sqlalchemy.orm import Session

from maskloop.core.errors import Invalid
from maskloop.imaging.label_tile import MAX_LAYER
from maskloop.projects.tables import Label
from maskloop.segmentations import queries
from maskloop.segmentations.errors import NumbersExhausted, Renumbered
from maskloop.segmentations.ledger import Author, Entry, Ledger, Saved, body_digest
from maskloop.segmentations.segment_table import FieldChange, SegmentRow, SegmentTable, changes_from

MAX_NUMBER = 65_535


def take_numbers(
    session: Session,
    segmentation_id: UUID,
    *,
    label_id: UUID,
    layer: int,
    count: int,
    key: UUID,
    author: Author,
    name: str | None = None,
    color: str | None = None,
    numbering: int | None = None,
) -> tuple[SegmentRow, Saved]:
    """Make one segment row for a block of new numbers, and a revision that says so.

    `numbering`: the one that the caller follows; another one is refused, for it would take the answer for old numbers.
    The caller commits. Raises NotFound, KeyReused, Closed, Invalid (label, layer), NumbersExhausted, and Renumbered
    (also for a repeat whose numbers have moved since).
    """
    ledger = Ledger(session, segmentation_id, key)
    digest = body_digest("numbers", label_id, layer, count, name, color)
    if first := ledger.first_answer(digest):
        return _given_before(ledger, first), first
    ledger.require_open()
    if numbering is not None:
        ledger.require_numbering(numbering)
    require_label(ledger, label_id)
    table = SegmentTable([])
    row = add_block(ledger, table, label_id=label_id, layer=layer, count=count, name=name, color=color)
    entry = Entry(
        key=key,
        body_digest=digest,
        author=author,
        source="numbers",
        changes=[creation(row)],
        next_number=row.last + 1,
    )
    return row, ledger.append(entry, table)


def add_block(
    ledger: Ledger,
    table: SegmentTable,
    *,
    label_id: UUID,
    layer: int,
    count: int,
    name: str | None = None,
    color: str | None = None,
    after: int = 0,
) -> SegmentRow:
    """Add a row of `count` new numbers to the table; `after`: the last number taken in this revision already."""
    if not 0 <= layer <= MAX_LAYER:
        raise Invalid(f"Layers go from 0 to {MAX_LAYER}, not {layer}.", code="bad-layer")
    first = max(ledger.head.next_number, after + 1)
    last = first + count - 1
    if count < 1 or last > MAX_NUMBER:
        left = MAX_NUMBER - first + 1
        raise NumbersExhausted(f"{count} numbers were asked for, {left} of {MAX_NUMBER} are left.", left=left)
    row = SegmentRow(first, last, label_id, layer, name, color)
    table.add(row)
    return row


def creation(row: SegmentRow, *, was: tuple[int, int] | None = None) -> FieldChange:
    """Return how a revision tells of a new block. `was`: it stands for this number before that renumbering."""
    made: dict[str, object] = {"label_id": str(row.label_id), "layer": row.layer, "name": row.name, "color": row.color}
    if was is not None:
        made["was"] = list(was)
    return FieldChange(row.first, "created", None, made, last=row.last)


def require_label(ledger: Ledger, label_id: UUID) -> Label:
    """Return a label that may be drawn: of the same project, not archived, not an answer about the image."""
    label = ledger.session.get(Label, label_id)
    if label is None or label.project_id != ledger.head.project_id:
        raise Invalid("The project has no such label.", code="unknown-label")
    if label.archived_at is not None:
        raise Invalid(f"The label {label.name} is archived.", code="label-archived")
    if label.kind == "answer":
        raise Invalid(f"The label {label.name} is about the whole image; it is not drawn.", code="label-not-drawn")
    return label


def _given_before(ledger: Ledger, first: Saved) -> SegmentRow:
    if ledger.head.numbering > first.seq:
        raise Renumbered(ledger.head.numbering)
    stored = changes_from(queries.segments_of(ledger.session, ledger.head.no, first.seq))
    block = next(change for change in stored if change.field == "created")
    row = ledger.segments([block.number]).exact(block.number, block.last or block.number)
    assert row is not None
    return row
