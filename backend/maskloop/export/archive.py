"""A zip archive that is written while it is sent: members are stored, not compressed, and never held whole."""

import io
import zipfile
from collections.abc import Iterable, Iterator


class _Pipe(io.RawIOBase):
    """What zipfile writes to: it cannot seek back, and gives its bytes away."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._buffer += content
        return len(content)

    def take(self) -> bytes:
        """Return what has been written since the last call."""
        content = bytes(self._buffer)
        self._buffer.clear()
        return content


def stream_zip(members: Iterable[tuple[str, int, Iterator[bytes]]]) -> Iterator[bytes]:
    """Yield the bytes of a zip archive of (name, size, pieces)."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for name, size, pieces in members:
            entry = zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0))
            with archive.open(entry, "w", force_zip64=size > 1 << 31) as target:
                for piece in pieces:
                    target.write(piece)
                    yield pipe.take()
            yield pipe.take()
    yield pipe.take()
