"""The registry: classical segmenters and registered networks behind one choice."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from maskloop.core.db import Json
from maskloop.core.errors import Conflict, NotFound
from maskloop.core.ids import new_id
from maskloop.core.objects import hold
from maskloop.core.storage import Stored
from maskloop.inference.manifest import Manifest, parse_manifest
from maskloop.inference.segmenters import CLASSICAL, SegmenterSpec, classical_spec, model_spec
from maskloop.models.schemas import ModelVersionOut, ParameterOut, SegmenterOut, SegmentOut
from maskloop.models.tables import Model, ModelVersion


@dataclass(frozen=True)
class ModelFile:
    """An ONNX file in the store."""

    key: str
    digest: bytes


@dataclass(frozen=True)
class SegmenterChoice:
    """A segmenter that was asked for, with what a worker needs to run it."""

    spec: SegmenterSpec
    version_id: UUID | None = None
    manifest: Json | None = None
    hash: str | None = None
    files: tuple[ModelFile, ...] = ()


def choose(session: Session, name: str, version: str | None = None) -> SegmenterChoice:
    """Return the classical segmenter or model version of this name. Raises NotFound `no-such-segmenter`.

    Without a version a model's production version is taken, else its newest that is not archived.
    """
    spec = classical_spec(name)
    if spec is not None:
        return SegmenterChoice(spec)
    statement = select(ModelVersion).join(Model).where(Model.name == name)
    if version is not None:
        statement = statement.where(ModelVersion.version == version)
    else:
        statement = statement.where(ModelVersion.stage != "archived")
    newest_first = statement.order_by(ModelVersion.stage != "production", ModelVersion.id.desc())
    row = session.scalars(newest_first.limit(1)).one_or_none()
    if row is None:
        wanted = f"{name}@{version}" if version else name
        raise NotFound(f"There is no segmenter {wanted!r}.", code="no-such-segmenter")
    return _choice(row)


def list_segmenters(session: Session) -> list[SegmenterOut]:
    """Return everything that may be run on an image: classical methods, then networks that need no prompt."""
    rows = session.scalars(
        select(ModelVersion).join(Model).where(ModelVersion.stage != "archived").order_by(Model.name, ModelVersion.id)
    ).all()
    found = [describe_segmenter(SegmenterChoice(spec), stage=None) for spec in CLASSICAL]
    return found + [describe_segmenter(_choice(row), stage=row.stage) for row in rows if _spec(row).task != "prompt"]


def list_versions(session: Session) -> list[ModelVersionOut]:
    """Return every segmenter by name and version, the classical ones too."""
    classical = [_describe_spec(spec, stage="production", digest=None) for spec in CLASSICAL]
    rows = session.scalars(select(ModelVersion).join(Model).order_by(Model.name, ModelVersion.id)).all()
    return classical + [describe_version(row) for row in rows]


def register(
    session: Session, manifest_json: Json, files: Sequence[Stored], *, created_by: UUID | None
) -> ModelVersion:
    """Add a checked network; the same files under the same name give the version that is there.

    Raises Conflict `version-exists` when the name and version are taken by other weights, `model-file-gone` when
    the store has lost a file since it was sent.
    """
    manifest = parse_manifest(orjson.dumps(manifest_json))
    model_id = _model_id(session, manifest)
    digest = combined_hash([file.digest for file in files])
    known = select(ModelVersion).where(ModelVersion.model_id == model_id)
    same = session.scalars(known.where(ModelVersion.hash == digest)).one_or_none()
    if same is not None:
        return same
    if session.scalars(known.where(ModelVersion.version == manifest.version)).one_or_none() is not None:
        detail = f"{manifest.name} {manifest.version} is already registered with other weights. Raise the version."
        raise Conflict(detail, code="version-exists")
    if not hold(session, [file.key for file in files]):
        detail = f"A file of {manifest.name} {manifest.version} is no longer in the store. Send the network again."
        raise Conflict(detail, code="model-file-gone")
    row = ModelVersion(
        model_id=model_id,
        version=manifest.version,
        manifest=manifest_json,
        hash=digest,
        object_keys=[{"key": file.key, "digest": file.digest.hex()} for file in files],
        created_by=created_by,
    )
    session.add(row)
    session.flush()
    return row


def combined_hash(digests: Sequence[bytes]) -> str:
    """Return the SHA-256 of one file, or of the digests of a pair."""
    return digests[0].hex() if len(digests) == 1 else hashlib.sha256(b"".join(digests)).hexdigest()


def describe_version(row: ModelVersion) -> ModelVersionOut:
    """Return a version as lists show it."""
    return _describe_spec(_spec(row), stage=row.stage, digest=row.hash)


def describe_segmenter(choice: SegmenterChoice, *, stage: str | None) -> SegmenterOut:
    """Return a segmenter with its parameters."""
    spec = choice.spec
    names = ("name", "title", "type", "default", "minimum", "maximum", "unit", "choices", "by_modality")
    parameters = [
        ParameterOut.model_validate({name: getattr(parameter, name) for name in names}) for parameter in spec.parameters
    ]
    return SegmenterOut(
        name=spec.name,
        title=spec.title,
        version=spec.version,
        task=spec.task,
        dims=list(spec.dims),
        source=spec.source,
        stage=stage,
        hash=choice.hash,
        licence=spec.licence,
        intended_use=spec.intended_use,
        modalities=list(spec.modalities),
        parameters=parameters,
        segments=[SegmentOut(number=segment.number, name=segment.name) for segment in spec.segments],
    )


def _choice(row: ModelVersion) -> SegmenterChoice:
    files = tuple(
        ModelFile(str(entry["key"]), bytes.fromhex(str(entry["digest"])))
        for entry in row.object_keys
        if isinstance(entry, dict)
    )
    return SegmenterChoice(_spec(row), row.id, row.manifest, row.hash, files)


def _spec(row: ModelVersion) -> SegmenterSpec:
    return model_spec(parse_manifest(orjson.dumps(row.manifest)))


def _describe_spec(spec: SegmenterSpec, *, stage: str, digest: str | None) -> ModelVersionOut:
    return ModelVersionOut(
        name=spec.name,
        version=spec.version,
        task=spec.task,
        stage=stage,
        title=spec.title,
        source=spec.source,
        hash=digest,
        licence=spec.licence,
        intended_use=spec.intended_use,
    )


def _model_id(session: Session, manifest: Manifest) -> UUID:
    row = {"id": new_id(), "name": manifest.name, "task": manifest.task}
    session.execute(insert(Model).values(row).on_conflict_do_nothing(index_elements=["name"]))
    return session.scalars(select(Model.id).where(Model.name == manifest.name).with_for_update()).one()
