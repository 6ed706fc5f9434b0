"""The object store: immutable blobs under keys that we make, on disk or in S3."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from maskloop.core.errors import AppError, StorageLow, Unavailable
from maskloop.core.settings import get_settings

CHUNK = 8 << 20
UNFINISHED = re.compile(r"#\d+$")  # how obstore names a file while it writes it
NO_SPACE = re.compile(r"os error (28|122)\b")  # ENOSPC and EDQUOT, as obstore tells them


@dataclass(frozen=True)
class Stored:
    """What was put: its key, size in bytes and SHA-256."""

    key: str
    size: int
    digest: bytes


class Storage:
    """Blobs by key. Opened lazily in each process: the client must never cross a fork."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store = _open(url)

    def put_file(self, key: str, path: Path) -> Stored:
        """Write the bytes of `path` under `key` if the key is absent; an equal object that is there is kept."""
        digest, size = digest_file(path)
        with path.open("rb") as source:
            self._put(key, source, size)
        self._confirm(key, size)
        return Stored(key, size, digest)

    def put_bytes(self, key: str, content: bytes) -> Stored:
        """Write `content` under `key` if the key is absent."""
        self._put(key, content, len(content))
        self._confirm(key, len(content))
        return Stored(key, len(content), hashlib.sha256(content).digest())

    def get(self, key: str) -> bytes:
        """Return a whole object. Raises FileNotFoundError."""
        return bytes(obstore.get(self.store, key).bytes())

    def get_range(self, key: str, *, start: int, length: int) -> bytes:
        """Return `length` bytes from `start`; shorter means that the object is damaged: raises Unavailable."""
        try:
            content = bytes(obstore.get_range(self.store, key, start=start, length=length))
        except FileNotFoundError:
            raise
        except BaseError as error:  # a range that begins behind the end is an error of no class of its own
            if (self.size(key) or 0) >= start + length:
                raise
            raise _shorter(key) from error
        if len(content) != length:
            raise _shorter(key)
        return content

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield an object in pieces of a few MiB."""
        found = obstore.get(self.store, key)  # raises here, before a caller has opened what it writes to
        return (bytes(piece) for piece in found.stream(min_chunk_size=CHUNK))

    def fetch(self, key: str, path: Path, *, digest: bytes | None = None) -> None:
        """Copy an object to `path`; where `digest` is given a mismatch raises Unavailable `object-damaged`."""
        found = hashlib.sha256()
        pieces = self.chunks(key)
        with path.open("wb") as target:
            for piece in pieces:
                found.update(piece)
                target.write(piece)
        if digest is not None and found.digest() != digest:
            path.unlink()
            raise Unavailable("A stored object does not match its checksum.", code="object-damaged", key=key)

    def size(self, key: str) -> int | None:
        """Return the size of an object, None where there is none."""
        try:
            return int(obstore.head(self.store, key)["size"])
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        """Remove an object; absent is fine."""
        try:
            obstore.delete(self.store, key)
        except FileNotFoundError:
            return

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield every key below `prefix`."""
        for batch in obstore.list(self.store, prefix=prefix or None):
            for entry in batch:
                yield entry["path"]

    def aged(self, prefix: str, *, before: datetime) -> Iterator[tuple[str, int]]:
        """Yield key and size of the objects below `prefix` that were put before a moment."""
        for batch in obstore.list(self.store, prefix=prefix):
            for entry in batch:
                if entry["last_modified"] < before:
                    yield entry["path"], int(entry["size"])

    def remove_unfinished(self, *, before: datetime) -> int:
        """Remove what writers that were killed left half written on a disk; no list shows it. Return how many."""
        if self._is_s3:
            return 0
        found = [path for path in Path(urlsplit(self.url).path).rglob("*#*") if UNFINISHED.search(path.name)]
        old = [path for path in found if path.stat().st_mtime < before.timestamp()]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _put(self, key: str, content: bytes | BinaryIO, size: int) -> None:
        try:
            obstore.put(self.store, key, content, mode="create", use_multipart=size > 64 << 20 and self._is_s3)
        except AlreadyExistsError:
            return
        except BaseError as error:
            raise _not_kept(error) from error

    def _confirm(self, key: str, size: int) -> None:
        if self.size(key) != size:
            raise Unavailable("The object store did not keep what was written.", code="object-damaged", key=key)

    @property
    def _is_s3(self) -> bool:
        return self.url.startswith("s3://")


def _not_kept(error: BaseError) -> AppError:
    if NO_SPACE.search(str(error)):
        return StorageLow("The server's store is full, so nothing was stored. It works again when space is freed.")
    return Unavailable("The object store did not take what was sent. Nothing was stored; try again.")


def _shorter(key: str) -> Unavailable:
    return Unavailable("A stored object is shorter than its record.", code="object-damaged", key=key)


def digest_file(path: Path) -> tuple[bytes, int]:
    """Return SHA-256 and size of a file."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as source:
        while piece := source.read(CHUNK):
            digest.update(piece)
            size += len(piece)
    return digest.digest(), size


def _open(url: str) -> ObjectStore:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalStore(parts.path, mkdir=True, automatic_cleanup=True)  # of folders that became empty
    if parts.scheme == "s3":
        return S3Store(parts.netloc, prefix=parts.path.strip("/") or None, client_options={"allow_http": True})
    raise ValueError(f"MASKLOOP_STORE_URL must begin with file:// or s3://, not {parts.scheme!r}")


@cache
def get_storage() -> Storage:
    """Return the store of this process, opened on first use."""
    return Storage(get_settings().store_url.get_secret_value())
