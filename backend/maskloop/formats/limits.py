"""Limits that come before any work on a file, and the sentences about sizes."""

from dataclasses import dataclass
from typing import Final

from maskloop.formats.errors import Refused

NARROW_SPACE: Final = "\N{NARROW NO-BREAK SPACE}"  # between a number and its unit
TIMES: Final = "\N{MULTIPLICATION SIGN}"
SUSPECT_BYTES: Final = 16 * 2**20
SUSPECT_RATIO: Final = 2000  # a compressed picture is hardly ever smaller than this share of its pixels


@dataclass(frozen=True)
class Limits:
    """What one upload may ask for. Counts are of things, sizes of bytes."""

    max_files: int = 100_000
    max_file_bytes: int = 64 * 2**30
    max_expanded_bytes: int = 64 * 2**30
    max_expansion_ratio: int = 200
    max_plane_bytes: int = 384 * 2**20  # decoded at once, so memory
    max_streamed_plane_pixels: int = 2**33  # decoded piece by piece
    max_voxels: int = 2**33
    max_frames: int = 20_000


def bytes_text(size: int) -> str:
    """Return a size for people: ``"39 kB"``."""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= step:
            value = size / step
            return f"{value:.1f}{NARROW_SPACE}{unit}" if value < 10 else f"{value:,.0f}{NARROW_SPACE}{unit}"
    return f"{size}{NARROW_SPACE}bytes"


def size_text(columns: int, rows: int) -> str:
    """Return a size in pixels for people: columns first."""
    return f"{columns:,} {TIMES} {rows:,}"


def require_size(columns: int, rows: int, *, bytes_per_pixel: int, limits: Limits) -> None:
    """Raise `Refused` when a plane that is decoded at once would not fit the limit."""
    if columns < 1 or rows < 1:
        raise Refused("empty-image", f"The header claims {size_text(columns, rows)} pixels: there is no picture")
    if columns * rows * bytes_per_pixel > limits.max_plane_bytes:
        raise Refused(
            "too-large",
            f"The header claims {size_text(columns, rows)} pixels; one picture may take "
            f"{bytes_text(limits.max_plane_bytes)} of memory",
        )


def require_present(columns: int, rows: int, *, needed: int, present: int) -> None:
    """Raise `Refused` when uncompressed pixels that the header claims are not in the file."""
    if present < needed:
        raise Refused(
            "pixels-missing",
            f"The header claims {size_text(columns, rows)} pixels, {bytes_text(needed)}, "
            f"but the file holds {bytes_text(max(present, 0))} of them: it is cut or its header is wrong",
        )


def require_plausible(columns: int, rows: int, *, decoded: int, present: int) -> None:
    """Raise `Refused` when compressed pixels could not come from so few bytes."""
    if decoded > SUSPECT_BYTES and decoded > present * SUSPECT_RATIO:
        raise Refused(
            "pixels-missing",
            f"The header claims {size_text(columns, rows)} pixels but the file holds {bytes_text(present)} of them",
        )
