"""DICOM series of an upload to images, packed originals and allow-listed headers."""

import gzip
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from maskloop.formats.dicom_frames import Frame
from maskloop.formats.dicom_group import group_frames
from maskloop.formats.errors import Refused
from maskloop.formats.ingest_dicom_image import Frames, SeriesImage, build_image
from maskloop.formats.ingest_names import Names, series_base
from maskloop.formats.ingest_pictures import NO_MEMORY, describe, rows_of
from maskloop.formats.ingest_scan import Scan, Scanned
from maskloop.formats.ingest_sources import refused
from maskloop.formats.ingest_types import FrameRow, ImageResult, Instance, Item, RescaleValue, SeriesResult

HELD: Final = "The header names the patient. Confirm to import it: the names stay in the original files alone"
NOTHING: Final = "No picture of this file could be used"


@dataclass
class DicomResult:
    """What the DICOM part of an upload gave."""

    items: list[Item] = field(default_factory=list)
    images: list[ImageResult] = field(default_factory=list)
    series: list[SeriesResult] = field(default_factory=list)


def read_series(
    scan: Scan, scratch: Path, names: Names, *, allow_identified: bool, report: Callable[[float], None]
) -> DicomResult:
    """Return the images, the series, and one item per series; a file that fails has its own.

    Parameters
    ----------
    scan : Scan
    scratch : Path
        Files are written below ``out``.
    names : Names
    allow_identified : bool
        Else a series with a patient's name is held whole, and nothing of it is written.
    report : callable
    """
    found = DicomResult(items=list(scan.items))
    by_series: dict[str, list[int]] = {}
    for place, instance in enumerate(scan.instances):
        by_series.setdefault(instance.header.series_uid, []).append(place)
    done = 0
    for places in by_series.values():
        members = [scan.instances[place] for place in places]
        if any(member.identified for member in members) and not allow_identified:
            found.items.append(_held(members))
        else:
            _read_one(scan, places, scratch, names, found)
        done += len(places)
        report(done / len(scan.instances))
    return found


def _held(members: Sequence[Scanned]) -> Item:
    header = members[0].header
    return Item(
        outcome="held",
        title=f"{header.modality} series",
        what=f"DICOM, {header.modality}, {len(members):,} files" if len(members) > 1 else f"DICOM, {header.modality}",
        reason=HELD,
        members=tuple(member.source.member for member in members),
        size=sum(member.source.size for member in members),
        code="names-patient",
    )


def _read_one(scan: Scan, places: Sequence[int], scratch: Path, names: Names, found: DicomResult) -> None:
    frames = Frames(scan.instances, scratch)
    images: list[SeriesImage] = []
    wanted = [frame for place in places for frame in scan.instances[place].frames]
    for group in group_frames(wanted):
        try:
            image = build_image(group, scan.instances, frames, scratch, len(found.images) + len(images))
        except MemoryError:
            for frame in group.frames:
                if frame is not None:
                    frames.failed.setdefault(frame.instance, Refused("too-large", NO_MEMORY))
            continue
        if image is not None:
            images.append(image)
    frames.close()
    used = {frame.instance for image in images for frame in image.decoded.values()}
    kept = [place for place in places if place in used]
    for place in places:
        if place not in used:
            source = scan.instances[place].source
            refusal = frames.failed.get(place) or Refused("no-pixels", NOTHING)
            found.items.append(refused(refusal, (source.member,), source.size, "DICOM"))
    if images:
        _add_series(scan, kept, images, scratch, names, found)


def _add_series(
    scan: Scan, kept: list[int], images: list[SeriesImage], scratch: Path, names: Names, found: DicomResult
) -> None:
    kept.sort(key=lambda place: (scan.instances[place].header.number, place))
    members = [scan.instances[place] for place in kept]
    number = len(found.series)
    rows = {place: row for row, place in enumerate(kept)}
    found.series.append(_pack(members, scratch, number))
    base = _base_name(members)
    first = len(found.images)
    for image in images:
        series_number = members[0].series_number
        own_word = series_number is not None and len(found.images) == first  # further images of it need another
        word = f"series {series_number}" if own_word else ""
        name = names.take(base, image.group.label, word)
        found.images.append(_result(image, scan.instances, name, number, rows))
    made = found.images[first:]
    notes = tuple(dict.fromkeys(note for image in made for note in image.notes))
    facts = tuple(dict.fromkeys(fact for image in images for fact in image.group.stack.facts))
    found.items.append(
        Item(
            outcome="noted" if notes else "accepted",
            title=base if len(made) > 1 else made[0].name,
            what=_what(images, made),
            reason=". ".join((*notes, *facts)) or "Read whole, digest kept",
            members=tuple(member.source.member for member in members),
            size=sum(member.source.size for member in members),
            images=tuple(range(first, first + len(made))),
        )
    )


def _base_name(members: Sequence[Scanned]) -> str:
    archives = {member.source.archive for member in members}
    named = any(member.named_by_patient for member in members)
    return series_base(
        [member.source.member.name for member in members],
        archive=archives.pop() if len(archives) == 1 else None,
        modality=members[0].header.modality,
        number=members[0].series_number,
        pseudonym=members[0].patient_key if named else None,
    )


def _what(images: Sequence[SeriesImage], made: list[ImageResult]) -> str:
    total = len(images[0].group.frames)
    kind = f"DICOM, {made[0].modality}"
    if total > 1 and len(images) == 1:
        present = len(images[0].decoded)
        slices = f"{present:,} slices" if present == total else f"{present:,} of {total:,} slices"
        kind = f"DICOM series, {slices}, {made[0].modality}"
    return describe(kind, made)


def _pack(members: Sequence[Scanned], scratch: Path, number: int) -> SeriesResult:
    """Put the original bytes of all instances one after another, and their allowed headers into one gzip."""
    originals = f"out/originals-{number:05d}.bin"
    headers = f"out/series-{number:05d}.json.gz"
    instances: list[Instance] = []
    with (scratch / originals).open("wb") as out, gzip.open(scratch / headers, "wb", compresslevel=6) as lines:
        for index, member in enumerate(members):
            offset = out.tell()
            with member.source.path.open("rb") as source:
                shutil.copyfileobj(source, out, 2**20)
            header = member.header
            instances.append(
                Instance(
                    uid=header.sop_uid,
                    sop_class=header.sop_class,
                    transfer_syntax=member.transfer_syntax,
                    number=header.number,
                    frames=header.frames,
                    digest=member.source.digest,
                    offset=offset,
                    length=out.tell() - offset,
                )
            )
            lines.write((b"[" if index == 0 else b",\n") + member.json_line)
            if member.source.archive is not None:
                member.source.path.unlink()
            if member.path != member.source.path:
                member.path.unlink()
        lines.write(b"]")
        size = out.tell()
    first = members[0]
    return SeriesResult(
        study_uid=first.header.study_uid,
        series_uid=first.header.series_uid,
        patient_key=first.patient_key,
        modality=first.header.modality,
        number=first.series_number,
        originals=originals,
        originals_bytes=size,
        dicom_json=headers,
        instances=tuple(instances),
    )


def _result(
    image: SeriesImage, instances: Sequence[Scanned], name: str, series: int, rows: dict[int, int]
) -> ImageResult:
    header = instances[image.first.instance].header
    stack, pixels = image.group.stack, header.format
    source: Literal["pixel", "detector"] = "detector" if stack.spacing_source == "detector" else "pixel"
    grey: Literal["MONOCHROME1", "MONOCHROME2"] = (
        "MONOCHROME1" if pixels.photometric == "MONOCHROME1" else "MONOCHROME2"
    )
    return ImageResult(
        name=name,
        modality=header.modality,
        kind="volume" if len(image.group.frames) > 1 else "planar",
        shape=(len(image.group.frames), pixels.rows, pixels.columns),
        channels=pixels.channels,
        dtype=pixels.dtype,
        affine=None if stack.affine is None else rows_of(stack.affine.tolist()),
        spacing=stack.spacing,
        spacing_source=None if stack.spacing is None else source,
        frame_of_reference=header.frame_of_reference or None,
        rescale=RescaleValue(image.rescale.slope, image.rescale.intercept),
        unit=header.unit,
        window=image.built.window,
        presets=image.built.presets,
        photometric="RGB" if pixels.channels == 3 else grey,
        partial=stack.partial or bool(image.missing),
        notes=image.notes,
        pixels=image.built.pixels,
        thumbnail=image.built.thumbnail,
        voxel_digest=image.built.voxel_digest,
        series=series,
        frames=tuple(_row(k, frame, instances, rows) for k, frame in sorted(image.decoded.items())),
        missing=image.missing,
    )


def _row(k: int, frame: Frame, instances: Sequence[Scanned], rows: dict[int, int]) -> FrameRow:
    uid = instances[frame.instance].header.sop_uid
    return FrameRow(k, rows[frame.instance], uid, frame.index + 1, frame.position)
