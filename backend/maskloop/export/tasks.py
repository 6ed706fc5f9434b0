"""The job that writes labels to files: labelmaps go to a runner, which writes, reads back and compares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from maskloop.core.db import Json, session_scope
from maskloop.core.objects import store_file
from maskloop.core.storage import Stored, get_storage
from maskloop.export import selection
from maskloop.export.schemas import ExportFailure, ExportItem, Manifest
from maskloop.export.selection import Chosen
from maskloop.export.service import WriteExport
from maskloop.export.tables import Export, ExportFile
from maskloop.images import service as images
from maskloop.jobs.claimed import ClaimedJob
from maskloop.jobs.handlers import handles
from maskloop.projects.tables import Label
from maskloop.segmentations import queries as label_queries
from maskloop.segmentations import tiles
from maskloop.segmentations.renumbered import rows_at

BATCH_VOXELS = 128 << 20  # labelmaps of one runner call: 256 MiB of uint16
NO_LABELS = "This image has no labels to write."


@dataclass
class Written:
    """What has been written so far."""

    items: list[ExportItem] = field(default_factory=list)
    failed: list[ExportFailure] = field(default_factory=list)
    files: list[tuple[str, Stored]] = field(default_factory=list)


@dataclass(frozen=True)
class Layer:
    """One labelmap to write: one layer of one labelling."""

    chosen: Chosen
    layer: int
    stem: str


@handles("write-export", queue="io", inputs=WriteExport)
def write_export(job: ClaimedJob, inputs: WriteExport) -> None:
    """Write every chosen labelling. One that cannot be written is named in the manifest; the others are there."""
    assert job.project_id is not None
    wanted = inputs.request
    written = Written()
    with session_scope() as session:
        ids = {"image_ids": wanted.image_ids, "segmentation_ids": wanted.segmentation_ids}
        chosen = selection.choose(session, job.project_id, **ids)
        bare = selection.without_labels(session, job.project_id, chosen, **ids)
        layers = [layer for entry in chosen for layer in _layers(session, entry)]
    written.failed = [
        ExportFailure(image=image_id, segmentation=segmentation_id, code="no-labels", reason=NO_LABELS)
        for image_id, segmentation_id in bare
    ]
    done = 0
    for batch in _batches(layers):
        job.progress(done / max(len(layers), 1), f"Writing {done + 1} of {len(layers)}")
        _write_batch(job, inputs, batch, written)
        done += len(batch)
    manifest = Manifest(
        format=wanted.format, variant=wanted.variant, items=written.items, failed=written.failed
    ).model_dump(mode="json")
    _finish(job, manifest, written)


def _write_batch(job: ClaimedJob, inputs: WriteExport, batch: Sequence[Layer], written: Written) -> None:
    voxels = sum(int(np.prod(layer.chosen.image.shape)) for layer in batch)
    with job.scratch(expected_bytes=voxels * 4) as folder:
        items = [_stage(layer, number, folder, inputs) for number, layer in enumerate(batch)]
        args: Json = {"format": inputs.request.format, "variant": inputs.request.variant, "items": items}
        answer = job.run("write-export", args, scratch=folder)
        for entry in _entries(answer, "failed"):
            layer = batch[int(str(entry["item"]))]
            written.failed.append(
                ExportFailure(
                    image=layer.chosen.image.id,
                    segmentation=layer.chosen.segmentation.id,
                    code=str(entry["code"]),
                    reason=str(entry["sentence"]),
                )
            )
        for entry in _entries(answer, "files"):
            job.check()
            _keep(job, folder, entry, batch[int(str(entry["item"]))], items, written)


def _stage(layer: Layer, number: int, folder: Path, inputs: WriteExport) -> Json:
    """Put the labelmap (and the pixel file where it is drawn on) into the folder; return the item of the request."""
    image = layer.chosen.image
    with session_scope() as session:
        labels = tiles.read_labelmap(session, layer.chosen.segmentation.id, seq=layer.chosen.seq, layer=layer.layer)
        segments = _segments(session, layer)
        pixels = images.pixel_object(session, image.id)
    np.save(folder / f"{number}.npy", labels, allow_pickle=False)
    item: Json = {
        "stem": layer.stem,
        "labels": f"{number}.npy",
        "affine": np.reshape(image.affine, (4, 4)).tolist() if image.affine is not None else None,
        "kind": image.kind,
        "segments": segments,
        "image": None,
    }
    if inputs.request.variant == "overlay" and inputs.request.format == "png":
        get_storage().fetch(pixels.key, folder / f"{number}.mlpx", digest=pixels.digest)
        item |= {"image": f"{number}.mlpx", "rescale": image.rescale, "display": image.display}
    return item


def _keep(job: ClaimedJob, folder: Path, entry: Json, layer: Layer, items: Sequence[Json], written: Written) -> None:
    name = str(entry["name"])
    stored = store_file(get_storage(), folder / "out" / name, project_id=job.project_id, kind="exports")
    receipt = entry.get("receipt")
    segments = items[int(str(entry["item"]))]["segments"]
    written.files.append((name, stored))
    written.items.append(
        ExportItem.model_validate(
            {
                "file": name,
                "image": layer.chosen.image.id,
                "segmentation": layer.chosen.segmentation.id,
                "seq": layer.chosen.seq,
                "digest": stored.digest.hex(),
                "size": stored.size,
                "receipt": receipt,
                "segments": segments,
            }
        )
    )


def _finish(job: ClaimedJob, manifest: Json, written: Written) -> None:
    with job.scratch() as folder:
        path = folder / "manifest.json"
        path.write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        stored = store_file(get_storage(), path, project_id=job.project_id, kind="exports")
    result: Json = {}
    with job.transaction(finish=result) as session:
        export = session.scalars(select(Export).where(Export.job_id == job.id).with_for_update()).one()
        export.manifest = manifest
        export.ended_at = func.now()
        for name, file in [*written.files, ("manifest.json", stored)]:
            session.add(
                ExportFile(export_id=export.id, name=name, size=file.size, digest=file.digest, object_key=file.key)
            )
        result |= {"export_id": str(export.id), "files": len(written.files), "failed": len(written.failed)}


def _layers(session: Session, chosen: Chosen) -> list[Layer]:
    found = tiles.layers_of(session, chosen.segmentation.id) or [0]
    return [Layer(chosen, layer, chosen.stem if layer == 0 else f"{chosen.stem}_layer{layer}") for layer in found]


def _segments(session: Session, layer: Layer) -> list[object]:
    """Return the live segments of a layer in the numbers of the exported seq: number, name, colour, label."""
    chosen = layer.chosen
    head = label_queries.read_head(session, chosen.segmentation.id)
    labels = {label.id: label for label in session.scalars(select(Label).where(Label.project_id == head.project_id))}
    rows = [row for row in rows_at(session, head, chosen.seq) if row.layer == layer.layer and row.is_live]
    return [
        {
            "number": row.first,
            "last_number": row.last,
            "name": row.name or labels[row.label_id].name,
            "color": row.color or labels[row.label_id].color,
            "label": labels[row.label_id].name,
            "code": labels[row.label_id].code,
        }
        for row in sorted(rows, key=lambda row: (row.first, row.last))
    ]


def _batches(layers: Sequence[Layer]) -> Iterator[list[Layer]]:
    batch: list[Layer] = []
    voxels = 0
    for layer in layers:
        size = int(np.prod(layer.chosen.image.shape))
        if batch and voxels + size > BATCH_VOXELS:
            yield batch
            batch, voxels = [], 0
        batch.append(layer)
        voxels += size
    if batch:
        yield batch


def _entries(answer: Json, name: str) -> list[Json]:
    entries = answer[name]
    assert isinstance(entries, list)
    return entries
