"""The files of an upload, archives opened, doubles found, each with its kind by content."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from maskloop.formats.archive import ArchiveEntry, is_not_needed, read_archive
from maskloop.formats.errors import Refused
from maskloop.formats.ingest_types import IngestRequest, Item, Member, StagedFile
from maskloop.formats.limits import Limits, bytes_text
from maskloop.formats.sniff import Kind, sentence_for, sniff

DOUBLE: Final = "The same file is in this upload already"
READ: Final = (Kind.DICOM, Kind.NIFTI, Kind.PNG, Kind.JPEG, Kind.TIFF)
ENDINGS: Final = (
    *(".nii.gz", ".ome.tiff", ".ome.tif", ".nii", ".dcm", ".dicom"),
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".zip"),
)


@dataclass(frozen=True)
class Source:
    """A file to read: where it lies, whose it is, what it is. `archive` is the name of the zip it came in."""

    path: Path
    member: Member
    size: int
    digest: str
    kind: Kind
    archive: str | None = None


@dataclass
class Sources:
    """What is there to read, and what has been settled already."""

    readable: list[Source] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)


def collect(request: IngestRequest, scratch: Path, report: Callable[[float, str], None]) -> Sources:
    """Return the readable files of an upload; what is refused, doubled or not needed is an item already."""
    found = Sources()
    seen: set[str] = set()
    folder = scratch / "entries"
    folder.mkdir(exist_ok=True)
    for number, staged in enumerate(request.files):
        report(number / max(len(request.files), 1), f"Reading {number + 1} of {len(request.files)} files")
        path = scratch / staged.path
        try:
            _require_size(staged, path, request.limits)
            for source in _open(staged, number, path, folder, request, found, seen):
                _sort(source, seen, request, found)
        except Refused as refusal:
            found.items.append(refused(refusal, (Member(number, None, staged.name),), staged.size, "File"))
    return found


def refused(refusal: Refused, members: tuple[Member, ...], size: int, what: str, *, title: str = "") -> Item:
    """Return the item of what is not taken."""
    reason = f"{refusal.detail}. {refusal.hint}" if refusal.hint else refusal.detail
    return Item("refused", title or members[0].name, what, reason, members, size, code=refusal.code)


def _require_size(staged: StagedFile, path: Path, limits: Limits) -> None:
    size = path.stat().st_size
    if size == 0:
        code, sentence = sentence_for(Kind.EMPTY)
        raise Refused(code, sentence)
    if size > limits.max_file_bytes:
        raise Refused("too-large", f"The file has {bytes_text(size)}; {bytes_text(limits.max_file_bytes)} are taken")
    if staged.digest is not None and len(staged.digest) != 64:
        raise ValueError("a digest is SHA-256 in hexadecimal")


def _open(
    staged: StagedFile, number: int, path: Path, folder: Path, request: IngestRequest, found: Sources, seen: set[str]
) -> Iterator[Source]:
    kind = sniff(path)
    digest = staged.digest or file_digest(path)
    if kind is Kind.ZIP and staged.only_entries is None and digest in seen:
        member = Member(number, None, staged.name)
        found.items.append(Item("duplicate", staged.name, "zip", DOUBLE, (member,), staged.size, code="duplicate-file"))
        return
    if kind is Kind.ZIP:
        seen.add(digest)
    else:
        yield Source(path, Member(number, None, staged.name), staged.size, digest, kind)
        return
    target = folder / f"{number:06d}"
    target.mkdir()
    only = None if staged.only_entries is None else frozenset(staged.only_entries)
    entries: list[ArchiveEntry] = []
    try:
        entries.extend(read_archive(path, target, request.limits, only=only))
    except Refused:
        for left in target.iterdir():
            left.unlink()
        raise
    if not entries:
        raise Refused("archive-empty", "The archive holds no files")
    for entry in entries:
        member = Member(number, entry.index, f"{staged.name}/{entry.name}")
        if entry.refusal is not None:
            found.items.append(refused(entry.refusal, (member,), entry.size, "Archive entry"))
        elif is_not_needed(entry.name) and entry.path is not None:
            entry.path.unlink()
            litter = Item("noted", entry.name, "Archive entry", "Not needed", (member,), entry.size, "not-needed")
            found.items.append(litter)
        elif entry.path is not None:
            head = sniff(entry.path)
            yield Source(entry.path, member, entry.size, entry.digest, head, archive=staged.name)


def _sort(source: Source, seen: set[str], request: IngestRequest, found: Sources) -> None:
    members = (source.member,)
    what = source.kind.value if source.kind in READ else "File"
    if source.kind not in READ:
        code, sentence = sentence_for(source.kind)
        found.items.append(refused(Refused(code, sentence), members, source.size, what))
    elif source.digest in request.crashed:
        crash = Refused("decoder-crashed", "Reading this file ended its reader. It is damaged or hostile")
        found.items.append(refused(crash, members, source.size, what))
    elif source.digest in seen:
        found.items.append(
            Item("duplicate", source.member.name, what, DOUBLE, members, source.size, code="duplicate-file")
        )
    else:
        seen.add(source.digest)
        found.readable.append(source)
        return
    if source.archive is not None:
        source.path.unlink(missing_ok=True)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def mark_reading(scratch: Path, digest: str) -> None:
    """Leave word of the file that is about to be decoded, for whoever finds that this process has died."""
    handle = os.open(scratch / "reading", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, digest.encode(), 0)
    finally:
        os.close(handle)


def stem(name: str) -> str:
    """Return a file's name without folders and without its ending (.nii.gz counts as one)."""
    last = PurePosixPath(name.replace("\\", "/")).name
    low = last.lower()
    for ending in ENDINGS:
        if low.endswith(ending) and len(last) > len(ending):
            return last[: -len(ending)]
    return last
