"""Reading an upload: the operation of the runner. Files in the scratch folder in, outcomes and images out."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from maskloop.formats.ingest_dicom import read_series
from maskloop.formats.ingest_names import Names
from maskloop.formats.ingest_pictures import read_picture_file
from maskloop.formats.ingest_scan import scan
from maskloop.formats.ingest_sources import collect
from maskloop.formats.ingest_types import ImageResult, IngestRequest, IngestResult, Item, StagedFile
from maskloop.formats.limits import Limits
from maskloop.formats.sniff import Kind

UNPACKED: Final = 0.15  # shares of the progress bar
SCANNED: Final = 0.3
Report = Callable[[float, str], None]


def read_upload(request: IngestRequest, scratch: Path, report: Report) -> IngestResult:
    """Return what became of every file of an upload.

    Parameters
    ----------
    request : IngestRequest
        Paths of staged files are relative to `scratch`.
    scratch : Path
        Pixel files, thumbnails, packed originals and headers are written to ``scratch/out``. The file ``reading``
        holds the digest of the file in hand: if this process dies, name it in `IngestRequest.crashed` next time.
    report : callable
        Told the share that is done and the step in words, without any name.

    Returns
    -------
    IngestResult
        Every file is in exactly one item. Of what was refused or held nothing is left in ``out``.
    """
    (scratch / "out").mkdir(exist_ok=True)
    sources = collect(request, scratch, lambda part, step: report(part * UNPACKED, step))
    dicom = [source for source in sources.readable if source.kind is Kind.DICOM]
    others = [source for source in sources.readable if source.kind is not Kind.DICOM]
    scanned = scan(
        dicom, request, scratch, lambda part: report(UNPACKED + part * (SCANNED - UNPACKED), "Reading headers")
    )
    names = Names()
    weight = len(dicom) / max(len(dicom) + len(others), 1)
    left = 1 - SCANNED
    series = read_series(
        scanned,
        scratch,
        names,
        allow_identified=request.allow_identified,
        report=lambda part: report(SCANNED + left * weight * part, "Decoding slices"),
    )
    items: list[Item] = [*sources.items, *series.items]
    images: list[ImageResult] = list(series.images)
    for number, source in enumerate(others):
        start = SCANNED + left * (weight + (1 - weight) * number / len(others))
        report(start, f"Reading picture {number + 1} of {len(others)}")
        item, made = read_picture_file(source, scratch, request.limits, first_number=len(images), report=lambda _: None)
        named = [_named(image, source.member.name, names) for image in made]
        items.append(replace(item, title=named[0].name) if len(named) == 1 else item)
        images += named
    shutil.rmtree(scratch / "entries", ignore_errors=True)
    report(1.0, "Read")
    items.sort(key=lambda item: (item.members[0].file, item.members[0].entry or 0))
    return IngestResult(tuple(items), tuple(images), tuple(series.series))


def _named(image: ImageResult, path: str, names: Names) -> ImageResult:
    folders = path.replace("\\", "/").split("/")[:-1]
    return replace(image, name=names.take(image.name, folders[-1] if folders else ""))


def request_from_json(args: dict[str, object]) -> IngestRequest:
    """Return the request of a JSON object: `files`, `project_key`; optional `allow_identified`, `crashed`, `limits`."""
    files = args["files"]
    crashed = args.get("crashed")
    limits = args.get("limits")
    if not isinstance(files, list):
        raise TypeError("files is a list")
    return IngestRequest(
        files=tuple(_staged(entry) for entry in files),
        project_key=str(args["project_key"]),
        allow_identified=args.get("allow_identified") is True,
        crashed=tuple(str(digest) for digest in crashed) if isinstance(crashed, list) else (),
        limits=Limits(**{str(name): int(value) for name, value in limits.items()})
        if isinstance(limits, dict)
        else Limits(),
    )


def _staged(entry: object) -> StagedFile:
    if not isinstance(entry, dict):
        raise TypeError("a staged file is an object")
    only = entry.get("only_entries")
    digest = entry.get("digest")
    return StagedFile(
        path=str(entry["path"]),
        name=str(entry["name"]),
        size=int(entry["size"]),
        digest=None if digest is None else str(digest),
        only_entries=None if only is None else tuple(int(index) for index in only),
    )


def read_upload_op(args: dict[str, object], scratch: Path, report: Report) -> dict[str, object]:
    """Do `read_upload` for the runner: a JSON object in (`request_from_json`), a JSON object out."""
    return read_upload(request_from_json(args), scratch, report).to_json()
