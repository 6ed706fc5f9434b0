"""The labels of a project. Each change makes a new version of its label schema. The caller commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from maskloop.audit import service as audit
from maskloop.core import clock
from maskloop.core.errors import Conflict, Invalid, NotFound
from maskloop.projects import service
from maskloop.projects.codes import Code
from maskloop.projects.schemas import LabelChange, NewLabel
from maskloop.projects.tables import Label, LabelSchema

MOST_LABELS = 500
# The segment colours of the design's tokens, in order of distinctness under normal, deutan and protan vision.
PALETTE = (
    "#ea9e51", "#cd3976", "#52f1f9", "#1177e7", "#0bafda", "#dce31d", "#da6438", "#6bc6a5", "#30fdab", "#2086a6",
    "#86cdff", "#548dda", "#fe6175", "#9dd781", "#299f9c", "#00951a", "#d6c831", "#f7a9cb", "#659c65", "#e584fb",
)  # fmt: skip
DIGITS = "1234567890"


def list_labels(session: Session, project_id: UUID) -> Sequence[Label]:
    """Return all labels of a project, archived ones too, in their order."""
    statement = select(Label).where(Label.project_id == project_id).order_by(Label.position, Label.id)
    return session.scalars(statement).all()


def get(session: Session, project_id: UUID, label_id: UUID) -> Label:
    """Return a label of a project. Raises NotFound."""
    label = session.get(Label, label_id)
    if label is None or label.project_id != project_id:
        raise NotFound("There is no such label.")
    return label


def create(session: Session, project_id: UUID, new: NewLabel, *, by: UUID | None) -> Label:
    """Return a new label at the end of the list. Raises Conflict (`name-taken`, `key-taken`) or Invalid."""
    service.get(session, project_id, lock=True)
    there = list_labels(session, project_id)
    if len(there) >= MOST_LABELS:
        raise Invalid(f"A project has at most {MOST_LABELS} labels.", code="too-many-labels")
    _require_free_name(there, new.name)
    key = new.key
    if "key" not in new.model_fields_set:
        taken = _keys(there)
        key = next((digit for digit in DIGITS if digit not in taken), None)
    _require_free_key(there, key)
    label = Label(
        project_id=project_id,
        name=new.name,
        color=new.color or _next_color(there),
        key=key,
        kind=new.kind,
        code=_code_row(new.code),
        position=max((label.position for label in there), default=-1) + 1,
    )
    session.add(label)
    session.flush()
    session.refresh(label)
    _new_version(session, project_id, by=by)
    _record(session, by, "label.create", label)
    return label


def change(session: Session, label: Label, wanted: LabelChange, *, by: UUID) -> Label:
    """Change the fields that `wanted` names. A label in use is archived, never deleted. Raises Conflict."""
    service.get(session, label.project_id, lock=True)
    others = [other for other in list_labels(session, label.project_id) if other.id != label.id]
    fields = wanted.model_fields_set
    if wanted.name is not None:
        _require_free_name(others, wanted.name)
        label.name = wanted.name
    if wanted.color is not None:
        label.color = wanted.color
    if wanted.archived is not None:
        label.archived_at = (label.archived_at or clock.now()) if wanted.archived else None
    if "key" in fields:
        label.key = wanted.key
    if "code" in fields:
        label.code = _code_row(wanted.code)
    if label.archived_at is None:
        _require_free_key(others, label.key)
    label.revision += 1
    session.flush()
    _new_version(session, label.project_id, by=by)
    _record(session, by, "label.change", label, fields=sorted(fields))
    return label


def _next_color(labels: Sequence[Label]) -> str:
    used = [label.color for label in labels]
    return min(PALETTE, key=used.count)


def _keys(labels: Sequence[Label]) -> set[str | None]:
    return {label.key for label in labels if label.archived_at is None}


def _require_free_name(others: Sequence[Label], name: str) -> None:
    if any(other.name.lower() == name.lower() for other in others):
        raise Conflict(f"There is a label {name!r} already, perhaps an archived one.", code="name-taken")


def _require_free_key(others: Sequence[Label], key: str | None) -> None:
    if key is not None and key in _keys(others):
        raise Conflict(f"The key {key} belongs to another label.", code="key-taken")


def _code_row(code: Code | None) -> dict[str, object] | None:
    return None if code is None else {"scheme": code.scheme, "value": code.value, "meaning": code.meaning}


def _new_version(session: Session, project_id: UUID, *, by: UUID | None) -> None:
    """Keep the labels as they are now under the next version. The caller holds the project's row lock."""
    newest = session.scalar(select(func.max(LabelSchema.version)).where(LabelSchema.project_id == project_id)) or 0
    content: list[object] = [
        {
            "id": str(label.id),
            "name": label.name,
            "color": label.color,
            "key": label.key,
            "kind": label.kind,
            "code": label.code,
            "archived": label.archived_at is not None,
        }
        for label in list_labels(session, project_id)
    ]
    session.add(LabelSchema(project_id=project_id, version=newest + 1, content=content, created_by=by))
    session.flush()


def _record(session: Session, by: UUID | None, action: str, label: Label, **detail: object) -> None:
    audit.record(
        session,
        actor_id=by,
        action=action,
        project_id=label.project_id,
        object_kind="label",
        object_id=label.id,
        detail=dict(detail),
    )
