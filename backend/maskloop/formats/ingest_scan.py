"""The DICOM files of an upload: each header read once, what is no image refused, what is needed later kept."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from maskloop.formats import dicom_values as values
from maskloop.formats.deidentify import (
    allowed_json,
    carries_identity,
    identity_tokens,
    mentions,
    patient_parts,
    pseudonym,
)
from maskloop.formats.dicom_file import OpenDicom, inflate, is_deflated, open_dicom
from maskloop.formats.dicom_frames import Frame, read_frames
from maskloop.formats.dicom_header import DicomHeader, read_header
from maskloop.formats.dicom_kinds import DIRECTORY
from maskloop.formats.errors import Refused
from maskloop.formats.ingest_sources import Source, mark_reading, refused
from maskloop.formats.ingest_types import IngestRequest, Item

UID_ROOT: Final = "2.25."  # UIDs made from a hash, PS3.5 B.2


@dataclass(frozen=True)
class Scanned:
    """One instance whose header was read and taken."""

    source: Source
    path: Path
    header: DicomHeader
    frames: tuple[Frame, ...]
    identified: bool
    named_by_patient: bool  # the file's own name holds a word of the patient
    patient_key: str
    series_number: int | None
    json_line: bytes
    transfer_syntax: str  # of the file as it came


@dataclass
class Scan:
    """All instances, and the items of what was not taken."""

    instances: list[Scanned] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)


def scan(sources: Sequence[Source], request: IngestRequest, scratch: Path, report: Callable[[float], None]) -> Scan:
    """Read every header once.

    Returns
    -------
    Scan
        `Frame.instance` is the place in `Scan.instances`.
    """
    found = Scan()
    uids: dict[str, str] = {}
    patients: dict[str, str] = {}
    for number, source in enumerate(sources):
        report(number / max(len(sources), 1))
        try:
            taken = _scan_one(source, request, scratch, len(found.instances))
            if taken is None:
                found.items.append(_directory(source))
                continue
            _require_consistent(taken, uids, patients)
        except Refused as refusal:
            found.items.append(refused(refusal, (source.member,), source.size, "DICOM"))
        else:
            found.instances.append(taken)
    return found


def _directory(source: Source) -> Item:
    reason = "An index of the folder (DICOMDIR): not needed"
    return Item("noted", source.member.name, "DICOM index", reason, (source.member,), source.size, code="index-file")


def _scan_one(source: Source, request: IngestRequest, scratch: Path, place: int) -> Scanned | None:
    mark_reading(scratch, source.digest)
    path = source.path
    deflated = is_deflated(path)
    if deflated:
        path = scratch / "entries" / f"inflated-{source.digest}"
        inflate(source.path, path)
    try:
        with open_dicom(path) as opened:
            try:
                return None if _is_directory(opened.dataset) else _read(source, path, opened, request, place)
            except (Refused, MemoryError):
                raise
            except Exception as error:
                raise Refused("dicom-unreadable", "The DICOM header is damaged and cannot be read") from error
    except BaseException:
        if deflated:
            path.unlink(missing_ok=True)
        raise


def _is_directory(dataset: Dataset) -> bool:
    named = values.text(dataset.file_meta, "MediaStorageSOPClassUID") if hasattr(dataset, "file_meta") else ""
    return named == DIRECTORY or "DirectoryRecordSequence" in dataset


def _read(source: Source, path: Path, opened: OpenDicom, request: IngestRequest, place: int) -> Scanned:
    dataset = opened.dataset
    header = read_header(opened, request.limits)
    patient = pseudonym(bytes.fromhex(request.project_key), "patient", *patient_parts(dataset))
    header = _with_uids(header, source.digest, patient)
    tokens = identity_tokens(dataset)
    line = json.dumps(allowed_json(dataset, tokens), allow_nan=False, separators=(",", ":")).encode()
    return Scanned(
        source=source,
        path=path,
        header=header,
        frames=tuple(read_frames(dataset, header, place)),
        identified=carries_identity(dataset),
        named_by_patient=mentions(source.member.name, tokens),
        patient_key=patient,
        series_number=values.whole(dataset, "SeriesNumber", low=-(2**31), high=2**31 - 1),
        json_line=line,
        transfer_syntax=header.transfer_syntax if path == source.path else str(DeflatedExplicitVRLittleEndian),
    )


def _with_uids(header: DicomHeader, digest: str, patient: str) -> DicomHeader:
    """Give an instance, series or study without UID one that the same file always gets."""
    study = header.study_uid or _made_uid("study", patient)
    return replace(
        header,
        sop_uid=header.sop_uid or _made_uid("instance", digest),
        series_uid=header.series_uid or _made_uid("series", patient + header.series_key),
        study_uid=study,
    )


def _made_uid(kind: str, text: str) -> str:
    return UID_ROOT + str(int.from_bytes(hashlib.sha256(f"{kind}\0{text}".encode()).digest()[:16], "big"))


def _require_consistent(taken: Scanned, uids: dict[str, str], patients: dict[str, str]) -> None:
    header = taken.header
    if uids.setdefault(header.sop_uid, taken.source.digest) != taken.source.digest:
        raise Refused(
            "object-id-conflict", "Another file of this upload has the same SOP Instance UID and other content"
        )
    if patients.setdefault(header.series_uid, taken.patient_key) != taken.patient_key:
        uids.pop(header.sop_uid)
        raise Refused("mixed-patients", "The series holds files of another patient. Those of the first were taken")
