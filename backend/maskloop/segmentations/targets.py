"""Which label each structure of a proposal goes to, before a person looks at it."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from maskloop.core.db import Json
from maskloop.core.errors import Invalid
from maskloop.inference.manifest import SegmentSpec
from maskloop.inference.segmenters import SegmenterSpec
from maskloop.projects.tables import Label
from maskloop.segmentations import queries
from maskloop.segmentations.proposals import ProposedSegment

UNNAMED = "#b497ff"  # the proposal's own colour, where no label gives one


def drawable_labels(session: Session, project_id: UUID) -> list[Label]:
    """Return the labels of a project that can be drawn, in their order."""
    statement = select(Label).where(Label.project_id == project_id, Label.archived_at.is_(None), Label.kind != "answer")
    return list(session.scalars(statement.order_by(Label.position, Label.id)))


def require_target(session: Session, project_id: UUID, label_id: UUID | None) -> None:
    """Raise Invalid unless a proposal has a label to go to: the one that is named, or any."""
    labels = drawable_labels(session, project_id)
    if label_id is not None and all(label.id != label_id for label in labels):
        raise Invalid("The project has no such label to draw.", code="unknown-label")
    if not labels:
        raise Invalid("The project has no label to draw yet. Make one first.", code="no-label")


def proposed_structures(
    session: Session,
    segmentation_id: UUID,
    spec: SegmenterSpec,
    answer: Json,
    *,
    labelmap: NDArray[np.uint16],
    label_id: UUID | None,
) -> list[ProposedSegment]:
    """Return the structures that a segmenter found, each with the label that fits.

    The label that was asked for, where there is one structure; else the label of the same code or name. A lone
    structure without either goes to the first label of its kind. One of several may stay without: who accepts says
    where it goes.
    """
    head = queries.read_head(session, segmentation_id)
    labels = drawable_labels(session, head.project_id)
    rows = answer["segments"]
    assert isinstance(rows, list)
    by_number = {segment.number: segment for segment in spec.segments}
    structures = []
    for row in rows:
        label = _label_for(labels, by_number.get(row["number"]), row["name"], spec, label_id=label_id)
        last = int(labelmap.max()) if spec.task == "instances" else row["number"]
        structures.append(
            ProposedSegment(
                local=row["number"],
                last_local=max(last, row["number"]),
                label_id=None if label is None else label.id,
                name=row["name"] if label is None else label.name,
                color=_color(label, by_number.get(row["number"])),
                voxels=row["voxels"],
                volume_ml=row["volume_ml"],
            )
        )
    return structures


def _label_for(
    labels: Sequence[Label], segment: SegmentSpec | None, name: str, spec: SegmenterSpec, *, label_id: UUID | None
) -> Label | None:
    is_lone = len(spec.segments) <= 1
    if is_lone and label_id is not None:
        return next((label for label in labels if label.id == label_id), None)
    code = segment.code if segment is not None else None
    for label in labels:
        if code is not None and label.code and label.code.get("value") == code.value:
            return label
    for label in labels:
        if label.name.casefold() == name.casefold():
            return label
    if not is_lone:
        return None
    kind = "instance" if spec.task == "instances" else "semantic"
    return next((label for label in labels if label.kind == kind), labels[0] if labels else None)


def _color(label: Label | None, segment: SegmentSpec | None) -> str:
    if label is not None:
        return label.color
    return (segment.color if segment is not None else None) or UNNAMED
