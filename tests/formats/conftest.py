"""Reading made-up uploads: the operation of the runner, called directly."""

import itertools
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from maskloop.formats.ingest import read_upload
from maskloop.formats.ingest_types import ImageResult, IngestRequest, IngestResult, Item, StagedFile
from maskloop.formats.limits import Limits
from maskloop.formats.pixel_file import PixelFileReader

PROJECT_KEY = "5e" * 32


@dataclass(frozen=True)
class Read:
    """What an upload gave, and where."""

    result: IngestResult
    scratch: Path

    @property
    def item(self) -> Item:
        """The only item."""
        (item,) = self.result.items
        return item

    @property
    def image(self) -> ImageResult:
        """The only image."""
        (image,) = self.result.images
        return image

    def stored(self, number: int = 0) -> NDArray[np.number]:
        """The stored voxels of an image."""
        with (self.scratch / self.result.images[number].pixels.path).open("rb") as stream:
            return PixelFileReader(stream).read_stored()

    def outcomes(self) -> dict[str, str]:
        """Outcome by name of the first file."""
        return {item.file: item.outcome for item in self.result.items}

    def left(self) -> list[str]:
        """The files in the out folder."""
        return sorted(path.name for path in (self.scratch / "out").rglob("*") if path.is_file())


Upload = Callable[..., Read]


@pytest.fixture
def upload(tmp_path: Path) -> Upload:
    """Return a function that reads files as one upload: `upload(paths)` or `upload([(path, sent name), ...])`."""
    numbers = itertools.count()

    def read(
        files: Sequence[Path | tuple[Path, str]],
        *,
        allow_identified: bool = False,
        limits: Limits | None = None,
        crashed: tuple[str, ...] = (),
        only_entries: tuple[int, ...] | None = None,
    ) -> Read:
        scratch = tmp_path / f"scratch-{next(numbers)}"
        scratch.mkdir()
        staged: list[StagedFile] = []
        for number, entry in enumerate(files):
            path, name = entry if isinstance(entry, tuple) else (entry, entry.name)
            shutil.copyfile(path, scratch / f"file-{number}")
            staged.append(StagedFile(f"file-{number}", name, path.stat().st_size, only_entries=only_entries))
        request = IngestRequest(
            tuple(staged), PROJECT_KEY, allow_identified=allow_identified, limits=limits or Limits(), crashed=crashed
        )
        return Read(read_upload(request, scratch, lambda _fraction, _step: None), scratch)

    return read
