"""What images are called: after their source, never after a patient."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final

from maskloop.formats.ingest_sources import stem

MAX_NAME: Final = 120
GENERIC: Final = frozenset(("dicom", "dicoms", "dcm", "images", "image", "img", "data", "files", "upload", "."))


def series_base(
    names: Sequence[str], *, archive: str | None, modality: str, number: int | None, pseudonym: str | None
) -> str:
    """Return the name of a DICOM series.

    Parameters
    ----------
    names : sequence of str
        Names of its files, with folders, as they were sent.
    archive : str, optional
        The zip that all came in.
    modality : str
    number : int, optional
        Series Number.
    pseudonym : str, optional
        Given where a name holds a word of the patient: then no name of a file is used.
    """
    plain = " ".join(part for part in (modality, "series", "" if number is None else str(number)) if part)
    if pseudonym is not None:
        return f"{plain} {pseudonym[:8]}"
    if archive is not None:
        return clean(stem(archive)) or plain
    if len(names) == 1:
        return clean(stem(names[0])) or plain
    folders = _common_folder(names)
    specific = next((part for part in reversed(folders) if part.lower() not in GENERIC), "")
    return clean(specific) or plain


def _common_folder(names: Sequence[str]) -> tuple[str, ...]:
    paths = [PurePosixPath(name.replace("\\", "/")).parent.parts for name in names]
    shared: list[str] = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return tuple(shared)


def clean(name: str) -> str:
    """Return a name without control characters and slashes, of bounded length."""
    plain = "".join(letter if letter.isprintable() and letter not in "/\\" else " " for letter in name)
    return " ".join(plain.split())[:MAX_NAME].strip(" .")


class Names:
    """Hands out names that differ within one upload."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def take(self, base: str, *further: str) -> str:
        """Return `base`, with as many of the further words as it takes to differ, then a number."""
        name = clean(base) or "image"
        for word in further:
            if name not in self._taken:
                break
            if word:
                name = clean(f"{name} {word}")
        numbered, count = name, 2
        while numbered in self._taken:
            numbered, count = f"{name} {count}", count + 1
        self._taken.add(numbered)
        return numbered
