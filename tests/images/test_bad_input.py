"""Files from strangers through the real upload and job: each refused in plain words, and nothing of it is left."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from starlette.testclient import TestClient

from maskloop.main import create_app
from tests.conftest import fresh_settings
from tests.images.sending import ct_files, good_png, items, rows, send, signed_in, store_keys, zipped

REFUSED = {
    "notes.dcm": ("not-an-image", "DICOM"),
    "cut.dcm": ("pixels-missing", "cut"),
    "bomb.zip": ("archive-bomb", "claims to hold 67"),
    "escape.zip": ("archive-unsafe", "name"),
    "nan.nii": ("bad-geometry", "number"),
    "nothing.dcm": ("empty-file", "empty"),
    "huge.png": ("too-large", "100,000 \N{MULTIPLICATION SIGN} 100,000"),
}


@dataclass(frozen=True)
class Mixed:
    """One upload of bad files, good ones, and two series in one folder: what became of it."""

    found: list[dict]
    scratch: Path


def nifti_without_a_place() -> bytes:
    content = bytearray(nib.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4)).to_bytes())
    content[280:328] = np.full(12, np.nan, "<f4").tobytes()
    return bytes(content)


def png_claiming(columns: int, rows: int) -> bytes:
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + name + d + struct.pack(">I", zlib.crc32(name + d)) for name, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bad_files(folder: Path) -> dict[str, bytes]:
    whole = next(iter(ct_files(folder / "cut", 1, seed=9).values()))
    return {
        "notes.dcm": b"This is only text.\n" * 40,
        "cut.dcm": whole[: len(whole) - 200],
        "bomb.zip": zipped({"zeros": bytes(64 * 2**20)}),
        "escape.zip": zipped({"../../evil.dcm": whole}),
        "nan.nii": nifti_without_a_place(),
        "nothing.dcm": b"",
        "huge.png": png_claiming(100_000, 100_000),
    }


def everything(folder: Path) -> dict[str, bytes]:
    axial, coronal = ct_files(folder / "axial", seed=2), ct_files(folder / "coronal", 2, seed=3)
    one_folder = {f"mixed/{number}": content for number, content in enumerate([*axial.values(), *coronal.values()])}
    return {**bad_files(folder), **one_folder, "good.png": good_png()}


@pytest.fixture(scope="module")
def mixed(template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    folder = tmp_path_factory.mktemp("mixed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASKLOOP_SCRATCH_DIR", str(folder / "scratch"))
        with fresh_settings(template_database, folder, patch), TestClient(create_app(), **LOCAL) as client:
            upload_id = send(client, signed_in(client), everything(folder))
            yield Mixed(items(client, upload_id), folder / "scratch")


LOCAL = {
    "base_url": "http://localhost:8000",
    "headers": {"Sec-Fetch-Site": "same-origin"},
    "client": ("127.0.0.1", 50000),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_with_its_sentence(mixed: Mixed, name: str) -> None:
    (item,) = (item for item in mixed.found if item["file"].startswith(name))
    code, word = REFUSED[name]

    assert (item["outcome"], item["code"], item["image_id"]) == ("refused", code, None)
    assert word in item["reason"]
    assert not [bad for bad in ("Traceback", "Error", "/tmp", "/dev/shm", "0x") if bad in item["reason"]]


def test_good_files_pass_among_bad_ones_and_two_series_are_told_apart(mixed: Mixed) -> None:
    accepted = [item for item in mixed.found if item["outcome"] in {"accepted", "noted"}]

    assert sorted(item["files"] for item in accepted) == [1, 2, 3]
    assert len({item["image_id"] for item in accepted}) == 3
    assert {shape for (shape,) in rows("SELECT shape::text FROM image")} == {"{3,16,20}", "{2,16,20}", "{1,30,40}"}


def test_every_file_has_exactly_one_outcome(mixed: Mixed) -> None:
    names = [name for item in mixed.found for name in item["names"]]

    sent = {name for (name,) in rows("SELECT name FROM upload_file")}
    assert len(names) == len(set(names)) == len(sent) == 7 + 5 + 1


def test_nothing_of_a_refused_file_is_left(mixed: Mixed) -> None:
    wanted = {key for row in rows("SELECT pixel_key, original_key FROM image") for key in row if key}

    assert store_keys() == wanted
    assert {key for (key,) in rows("SELECT key FROM stored_object WHERE state = 'stored'")} == wanted
    assert rows("SELECT count(*) FROM stored_object") == [(len(wanted),)]
    assert rows("SELECT count(*) FROM image") == rows("SELECT count(*) FROM work_item") == [(3,)]
    assert rows("SELECT count(*) FROM dicom_instance") == [(5,)]
    assert rows("SELECT count(*) FROM series") == [(2,)]
    assert rows("SELECT DISTINCT state, parts::text FROM upload_file") == [("emptied", "[]")]
    assert [path.is_dir() for path in mixed.scratch.iterdir()] == [True]
    assert list(mixed.scratch.glob("*/*")) == []
