"""From what a runner read to rows: nothing that is there is replaced, what is known is found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from maskloop.audit import service as audit
from maskloop.core.db import Json
from maskloop.core.ids import new_id
from maskloop.core.storage import Stored
from maskloop.formats.ingest_types import ImageResult, IngestResult, Instance, Item, SeriesResult
from maskloop.images.events import announce_image
from maskloop.images.replace import replaceable, supersede
from maskloop.images.tables import DicomInstance, Image, ImageFrame, Series, Study, Upload, UploadItem

UID_TAKEN = (
    "The project already holds an instance with this UID and other content. Nothing was replaced. "
    "Ask where the file comes from: two different files must not share a UID."
)
KNOWN = "This image is already in the project."


class Decision(Enum):
    """What becomes of an image that was read."""

    NEW = "new"
    KNOWN = "known"
    UID_TAKEN = "uid-taken"


@dataclass(frozen=True)
class StoredImage:
    """The objects of an image, confirmed in the store."""

    pixels: Stored
    original: Stored | None
    thumbnail: bytes
    dicom_json: bytes | None


def decide(session: Session, project_id: UUID, result: IngestResult) -> dict[int, Decision]:
    """Return what becomes of each image."""
    return {number: _decide(session, project_id, result, image)[0] for number, image in enumerate(result.images)}


def absorb(
    session: Session,
    upload: Upload,
    file_ids: Sequence[UUID],
    result: IngestResult,
    stored: Mapping[int, StoredImage],
    sources: Mapping[int, Json | None],
) -> Json:
    """Write images and outcomes; return the counts of files by outcome. The caller holds the project's lock."""
    made: dict[int, tuple[Decision, UUID | None]] = {}
    for number, image in enumerate(result.images):
        decision, known_id = _decide(session, upload.project_id, result, image)
        if decision is Decision.NEW and number in stored:
            known_id = _make_image(session, upload, result, image, stored[number], _source(result, number, sources))
        made[number] = (decision, known_id)
    counts: Counter[str] = Counter()
    for item in result.items:
        row = _make_item(upload, file_ids, item, made)
        session.add(row)
        counts[row.outcome] += row.files
    audit.record(
        session,
        actor_id=upload.created_by,
        action="import.end",
        project_id=upload.project_id,
        object_kind="upload",
        object_id=upload.id,
        detail=dict(counts),
    )
    return {"upload_id": str(upload.id), **counts}


def _decide(
    session: Session, project_id: UUID, result: IngestResult, image: ImageResult
) -> tuple[Decision, UUID | None]:
    """Return the decision, and the id of the image that is there already."""
    same = select(Image.id, Image.affine, Image.original_key).where(
        Image.project_id == project_id, Image.voxel_digest == bytes.fromhex(image.voxel_digest)
    )
    affine = _flat(image)
    for row in session.execute(same.order_by(Image.id)):
        if row.affine == affine:
            return Decision.KNOWN, row.id
    if image.series is not None and _uid_taken(session, project_id, result.series[image.series]):
        return Decision.UID_TAKEN, None
    return Decision.NEW, None


def _uid_taken(session: Session, project_id: UUID, series: SeriesResult) -> bool:
    """Say whether an instance of the series is in the project with other bytes."""
    digests = {instance.uid: bytes.fromhex(instance.digest) for instance in series.instances}
    known = session.execute(
        select(DicomInstance.uid, DicomInstance.digest).where(
            DicomInstance.project_id == project_id, DicomInstance.uid.in_(digests)
        )
    )
    return any(digests[uid] != digest for uid, digest in known)


def _make_image(
    session: Session, upload: Upload, result: IngestResult, image: ImageResult, stored: StoredImage, source: Json | None
) -> UUID:
    series_id: UUID | None = None
    instance_ids: dict[str, UUID] = {}
    notes = list(image.notes)
    if image.series is not None:
        series = result.series[image.series]
        series_id = _series_id(session, upload.project_id, series, stored.dicom_json)
        instance_ids = _instance_ids(session, upload.project_id, series_id, series.instances, stored)
        frames = {instance_ids[frame.sop_uid] for frame in image.frames}
        for old in replaceable(session, series_id, frames):
            supersede(session, old)
            notes.append("Replaces an earlier, unlabelled image of the same series that had fewer slices.")
    row = Image(
        id=new_id(),
        project_id=upload.project_id,
        series_id=series_id,
        name=_free_name(session, upload.project_id, image.name),
        modality=image.modality,
        kind=image.kind,
        shape=list(image.shape),
        channels=image.channels,
        dtype=image.dtype,
        affine=_flat(image),
        spacing=list(image.spacing) if image.spacing is not None else None,
        spacing_source=image.spacing_source,
        frame_of_reference=image.frame_of_reference,
        rescale={"slope": list(image.rescale.slope), "intercept": list(image.rescale.intercept)},
        unit=image.unit,
        display=_display(image),
        partial=image.partial,
        notes=notes,
        source=source,
        voxel_digest=bytes.fromhex(image.voxel_digest),
        pixel_key=stored.pixels.key,
        pixel_layout=_layout(image),
        original_key=stored.original.key if stored.original is not None else None,
        thumbnail=stored.thumbnail,
    )
    session.add(row)
    session.flush()
    session.add_all(
        ImageFrame(
            image_id=row.id,
            k=frame.k,
            instance_id=instance_ids[frame.sop_uid],
            frame=frame.frame,
            position=list(frame.position) if frame.position is not None else None,
        )
        for frame in image.frames
    )
    announce_image(session, row)
    session.flush()
    return row.id


def _series_id(session: Session, project_id: UUID, series: SeriesResult, dicom_json: bytes | None) -> UUID:
    study = {"id": new_id(), "project_id": project_id, "uid": series.study_uid, "patient_key": series.patient_key}
    session.execute(insert(Study).values(study).on_conflict_do_nothing(index_elements=["project_id", "uid"]))
    study_id = session.scalars(select(Study.id).where(Study.project_id == project_id, Study.uid == series.study_uid))
    row = {
        "id": new_id(),
        "project_id": project_id,
        "study_id": study_id.one(),
        "uid": series.series_uid,
        "modality": series.modality,
        "number": series.number,
        "dicom_json": dicom_json,
    }
    statement = (
        insert(Series)
        .values(row)
        .on_conflict_do_update(index_elements=["project_id", "uid"], set_={"dicom_json": dicom_json})
    )
    return session.scalars(statement.returning(Series.id)).one()


def _instance_ids(
    session: Session, project_id: UUID, series_id: UUID, instances: Sequence[Instance], stored: StoredImage
) -> dict[str, UUID]:
    """Return the ids of instances by UID; new ones are written, known ones stay as they are."""
    assert stored.original is not None
    rows = [
        {
            "id": new_id(),
            "project_id": project_id,
            "series_id": series_id,
            "uid": instance.uid,
            "sop_class": instance.sop_class,
            "transfer_syntax": instance.transfer_syntax,
            "number": instance.number,
            "frames": instance.frames,
            "digest": bytes.fromhex(instance.digest),
            "object_key": stored.original.key,
            "object_offset": instance.offset,
            "object_length": instance.length,
        }
        for instance in instances
    ]
    session.execute(insert(DicomInstance).on_conflict_do_nothing(index_elements=["project_id", "uid"]), rows)
    uids = [instance.uid for instance in instances]
    found = session.execute(
        select(DicomInstance.uid, DicomInstance.id).where(
            DicomInstance.project_id == project_id, DicomInstance.uid.in_(uids)
        )
    )
    return {row.uid: row.id for row in found}


def _make_item(
    upload: Upload, file_ids: Sequence[UUID], item: Item, made: Mapping[int, tuple[Decision, UUID | None]]
) -> UploadItem:
    decisions = {made[number][0] for number in item.images}
    outcome, code, reason = str(item.outcome), item.code, item.reason
    if Decision.UID_TAKEN in decisions:
        outcome, code, reason = "refused", "uid-taken", UID_TAKEN
    elif decisions == {Decision.KNOWN}:
        outcome, code, reason = "duplicate", "duplicate-image", KNOWN
    members: list[object] = [
        {"file_id": str(file_ids[member.file]), "entry": member.entry, "name": member.name} for member in item.members
    ]
    image_ids: list[object] = [str(made[number][1]) for number in item.images if made[number][1] is not None]
    return UploadItem(
        id=new_id(),
        upload_id=upload.id,
        file=item.file,
        files=item.files,
        members=members,
        size=item.size,
        outcome=outcome,
        code=code,
        reason=reason,
        title=item.title,
        what=item.what,
        image_ids=image_ids,
    )


def _free_name(session: Session, project_id: UUID, name: str) -> str:
    taken = set(
        session.scalars(
            select(Image.name).where(Image.project_id == project_id, Image.name.startswith(name, autoescape=True))
        )
    )
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name} {number}", number + 1
    return candidate


def _source(result: IngestResult, number: int, sources: Mapping[int, Json | None]) -> Json | None:
    for item in result.items:
        if number in item.images:
            return sources.get(item.members[0].file)
    return None


def _flat(image: ImageResult) -> list[float] | None:
    return [float(value) for row in image.affine for value in row] if image.affine is not None else None


def _display(image: ImageResult) -> Json:
    window = {"center": image.window.center, "width": image.window.width} if image.window is not None else None
    presets = [{"name": preset.name, "center": preset.center, "width": preset.width} for preset in image.presets]
    return {"window": window, "presets": presets, "photometric": image.photometric}


def _layout(image: ImageResult) -> Json:
    levels = [
        {"shape": list(level.shape), "groups": [list(group) for group in level.groups]} for level in image.pixels.levels
    ]
    return {"codec": image.pixels.codec, "tile": image.pixels.tile, "levels": levels}
