"""Zip archives, entry by entry as streams: no entry is written by its name, and expansion stops at a limit."""

import hashlib
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from maskloop.formats.errors import Refused
from maskloop.formats.limits import Limits, bytes_text
from maskloop.formats.sniff import HEAD_BYTES, Kind, sniff_head

BLOCK: Final = 2**18
ENCRYPTED: Final = 0x1
RATIO_FREE_BYTES: Final = 16 * 2**20  # small archives may expand as they like
ERRORS: Final = (
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,  # and what does not decode as UTF-8
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
NOT_NEEDED: Final = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class ArchiveEntry:
    """One file of an archive, written to `path` under a number of ours, or refused."""

    index: int
    name: str
    size: int
    path: Path | None
    digest: str
    refusal: Refused | None = None


@dataclass
class _Budget:
    """What the whole archive may still expand to."""

    left: int
    packed: int
    limits: Limits
    expanded: int = 0

    def take(self, size: int) -> None:
        self.expanded += size
        self.left -= size
        ratio = self.expanded / max(self.packed, 1)
        if self.left < 0:
            most = bytes_text(self.limits.max_expanded_bytes)
            raise Refused("archive-bomb", f"The archive unpacks to more than {most}")
        if self.expanded > RATIO_FREE_BYTES and ratio > self.limits.max_expansion_ratio:
            raise Refused(
                "archive-bomb",
                f"The archive unpacks to more than {self.limits.max_expansion_ratio} times its size: it was stopped",
            )


def is_not_needed(name: str) -> bool:
    """Return whether an entry is the litter of a file manager."""
    return any(part in NOT_NEEDED or part.startswith("._") for part in PurePosixPath(name).parts)


def read_archive(
    path: Path,
    target: Path,
    limits: Limits,
    *,
    only: frozenset[int] | None = None,
    report: Callable[[float], None] = lambda _: None,
) -> Iterator[ArchiveEntry]:
    """Yield the files of a zip, each written to a numbered file below `target`.

    Parameters
    ----------
    path : Path
        The zip.
    target : Path
        An existing folder for the numbered files; the caller removes it.
    limits : Limits
    only : frozenset of int, optional
        Entry numbers to read; the others are passed over.
    report : callable
        Told the share that is done.

    Yields
    ------
    ArchiveEntry
        With `refusal` where this entry alone is not taken (encrypted, nested archive, damaged).

    Raises
    ------
    Refused
        Before any entry when the archive as a whole is not taken: unsafe names, links, too many entries, a bomb by
        its own table. While expanding when it grows past the limits; what was written is then of no use.
    """
    try:
        archive = zipfile.ZipFile(path)
    except ERRORS as error:
        raise Refused("archive-damaged", "The zip file is damaged or cut") from error
    with archive:
        files = [entry for entry in archive.infolist() if not entry.is_dir()]
        _require_safe(archive.infolist(), path.stat().st_size, limits)
        budget = _Budget(limits.max_expanded_bytes, path.stat().st_size, limits)
        for index, info in enumerate(files):
            if only is None or index in only:
                yield _read_entry(archive, info, index, target, budget)
            report((index + 1) / len(files))


def _require_safe(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    if len(entries) > limits.max_files:
        raise Refused("archive-bomb", f"The archive holds {len(entries):,} entries; {limits.max_files:,} are taken")
    declared = sum(entry.file_size for entry in entries)
    if declared > limits.max_expanded_bytes or (
        declared > RATIO_FREE_BYTES and declared > packed * limits.max_expansion_ratio
    ):
        raise Refused(
            "archive-bomb",
            f"The archive of {bytes_text(packed)} claims to hold {bytes_text(declared)}: it was not opened",
        )
    for entry in entries:
        _require_safe_name(entry)


def _require_safe_name(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\0" in name or (len(name) > 1 and name[1] == ":"):
        raise Refused("archive-unsafe", "The archive holds names that lead out of it (../ or absolute): not read")
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused("archive-unsafe", "The archive holds links or devices: nothing was read")


def _read_entry(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, index: int, target: Path, budget: _Budget
) -> ArchiveEntry:
    name = "".join(letter for letter in info.filename if letter.isprintable())[:500]
    path = target / f"{index:06d}"
    try:
        if info.flag_bits & ENCRYPTED:
            raise Refused("archive-encrypted", "The entry is encrypted. Pack the files without a password")
        if info.compress_type not in METHODS:
            raise Refused("archive-method", "The entry is packed in a way that is not read. Pack the files as zip")
        size, digest = _expand(archive, info, path, budget)
    except Refused as refusal:
        path.unlink(missing_ok=True)
        if refusal.code == "archive-bomb":
            raise
        return ArchiveEntry(index, name, info.file_size, None, "", refusal)
    return ArchiveEntry(index, name, size, path, digest)


def _expand(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, budget: _Budget) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    try:
        with archive.open(info) as source, path.open("wb") as out:
            while block := source.read(BLOCK):
                if size == 0 and sniff_head(block[:HEAD_BYTES]) in (Kind.ZIP, Kind.ARCHIVE):
                    raise Refused("archive-nested", "An archive inside an archive is not opened. Send it by itself")
                budget.take(len(block))
                size += len(block)
                digest.update(block)
                out.write(block)
    except Refused:
        raise
    except ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk, not the archive
        raise Refused("archive-damaged", "The entry is damaged or cut") from error
    return size, digest.hexdigest()
