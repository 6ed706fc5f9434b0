"""Files from strangers through the real upload and job: each refused in plain words, and nothing of it is left."""

import gzip
import io
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import nibabel as nib
import numpy as np
import pytest
from PIL import Image as Picture
from starlette.testclient import TestClient

from maskloop.api.pagination import encode_cursor
from maskloop.core.db import session_scope
from maskloop.core.settings import get_settings
from maskloop.main import create_app
from tests.conftest import fresh_settings
from tests.factories import make_member, make_project
from tests.images.sending import ct_files, items, rows, send, store_keys
from tests.signing import sign_in

MARKER = "Zyxwvutsrq"
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

    outcomes: dict[str, dict]
    found: list[dict]
    scratch: Path


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def nifti_without_a_place() -> bytes:
    content = bytearray(nib.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4)).to_bytes())
    content[280:328] = np.full(12, np.nan, "<f4").tobytes()
    return bytes(content)


def png_claiming(columns: int, rows: int) -> bytes:
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + name + d + struct.pack(">I", zlib.crc32(name + d)) for name, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def good_png(seed: int = 1) -> bytes:
    target = io.BytesIO()
    Picture.fromarray(np.random.default_rng(seed).integers(0, 255, (30, 40), np.uint8)).save(target, "PNG")
    return target.getvalue()


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
        patch.setattr(tempfile, "tempdir", str(folder))
        with fresh_settings(template_database, folder, patch), TestClient(create_app(), **LOCAL) as client:
            upload_id = send(client, signed_in(client), everything(folder))
            found = items(client, upload_id)
            yield Mixed({item["file"]: item for item in found}, found, folder / "scratch")


LOCAL = {
    "base_url": "http://localhost:8000",
    "headers": {"Sec-Fetch-Site": "same-origin"},
    "client": ("127.0.0.1", 50000),
}


def signed_in(client: TestClient) -> UUID:
    """Sign a manager in and return the project."""
    with session_scope() as session:
        project = make_project(session)
        manager = make_member(session, project, "manager")
    sign_in(client, manager)
    return project.id


@pytest.fixture
def project_id(client: TestClient) -> UUID:
    return signed_in(client)


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


def test_every_file_has_exactly_one_outcome(mixed: Mixed, tmp_path: Path) -> None:
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
    assert {state for (state,) in rows("SELECT state FROM upload_file WHERE parts = '[]'")} == {"emptied"}
    assert [path for path in mixed.scratch.rglob("*") if path.is_file() or "job" in path.name] == []


def test_an_upload_of_bad_files_alone_leaves_an_empty_store(client, project_id, tmp_path, monkeypatch) -> None:
    send(
        client, project_id, {"notes.dcm": b"only text\n" * 40, "nothing": b"", "escape.zip": zipped({"../evil": b"x"})}
    )

    assert store_keys() == set()
    for table in ("image", "study", "series", "dicom_instance", "stored_object", "work_item"):
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_the_same_series_twice_is_found_and_not_doubled(client, project_id, tmp_path) -> None:
    files = ct_files(tmp_path / "abdomen")
    (first,) = items(client, send(client, project_id, files))
    before = store_keys()

    (second,) = items(client, send(client, project_id, files))

    assert (first["outcome"], second["outcome"], second["code"]) == ("accepted", "duplicate", "duplicate-image")
    assert second["image_id"] == first["image_id"]
    assert store_keys() == before
    assert rows("SELECT count(*) FROM image") == [(1,)]


def test_the_same_picture_twice_in_one_upload_is_one_image(client, project_id) -> None:
    found = items(client, send(client, project_id, {"a.png": good_png(), "b.png": good_png(), "c.png": good_png(2)}))

    assert sorted(item["outcome"] for item in found) == ["accepted", "accepted", "duplicate"]
    assert rows("SELECT count(*) FROM image") == [(2,)]


def test_a_known_uid_with_other_pixels_replaces_nothing(client, project_id, tmp_path) -> None:
    name, content = next(iter(ct_files(tmp_path / "one", 1).items()))
    send(client, project_id, {name: content})
    before = store_keys()

    (item,) = items(client, send(client, project_id, {name: content[:-8] + bytes(8)}))

    assert (item["outcome"], item["code"]) == ("refused", "uid-taken")
    assert store_keys() == before
    assert rows("SELECT count(*) FROM image") == [(1,)]


def test_a_file_with_a_patients_name_is_held_until_somebody_confirms(client, project_id, tmp_path) -> None:
    upload_id = send(client, project_id, ct_files(tmp_path / "head", patient_name=f"{MARKER}^Anna"))

    (item,) = items(client, upload_id)

    assert (item["outcome"], item["files"], item["image_id"]) == ("held", 3, None)
    assert MARKER not in item["reason"]
    assert all(key.startswith("q/") for key in store_keys())
    assert rows("SELECT count(*) FROM image") == [(0,)]


def test_a_confirmed_name_reaches_no_row_no_log_and_no_key(client, project_id, tmp_path, capfd) -> None:
    hidden = {"PatientBirthDate": "19010203", "ReferringPhysicianName": MARKER, "StudyDescription": f"CT of {MARKER}"}
    files = ct_files(tmp_path / "head", patient_name=f"{MARKER}^Anna", patient_id=MARKER, extra=hidden)
    upload_id = send(client, project_id, files)

    confirmed = client.post(f"/api/v1/uploads/{upload_id}/confirm", json={})
    run_import()

    (item,) = items(client, upload_id)
    assert confirmed.status_code == 202
    assert (item["outcome"] in {"accepted", "noted"}, item["files"]) == (True, 3)
    assert not [line for line in every_row() if MARKER.lower() in line.lower() or MARKER.encode().hex() in line]
    assert not [blob for (blob,) in rows("SELECT dicom_json FROM series") if MARKER.encode() in gzip.decompress(blob)]
    assert MARKER not in " ".join(store_keys())
    captured = capfd.readouterr()
    assert MARKER not in captured.out + captured.err
    assert not [key for key in store_keys() if key.startswith("q/")]


def test_a_discarded_file_leaves_nothing(client, project_id, tmp_path) -> None:
    upload_id = send(client, project_id, ct_files(tmp_path / "head", patient_name=f"{MARKER}^Anna"))

    answer = client.post(f"/api/v1/uploads/{upload_id}/discard", json={})

    (item,) = items(client, upload_id)
    assert (answer.status_code, item["outcome"], item["code"]) == (204, "refused", "discarded")
    assert store_keys() == set()


def test_a_file_over_the_limit_is_refused_and_the_upload_goes_on(client, project_id, monkeypatch) -> None:
    monkeypatch.setenv("MASKLOOP_UPLOAD_MAX_BYTES", "5000")
    get_settings.cache_clear()
    upload_id = client.post(f"/api/v1/projects/{project_id}/uploads", json={"source": "cli"}).json()["id"]
    raw = f"/api/v1/uploads/{upload_id}/raw"

    refused = client.post(raw, params={"name": "big.png"}, content=bytes(5001))
    sent = client.post(raw, params={"name": "good.png"}, content=good_png())

    assert (refused.status_code, sent.status_code) == (413, 201)
    assert len(store_keys()) == 1
    assert client.post(f"/api/v1/uploads/{upload_id}/close").status_code == 202


@pytest.mark.parametrize("place", ["projects/{}/uploads", "projects/{}/images"])
def test_a_cursor_of_another_list_is_refused(client, project_id, place) -> None:
    answer = client.get(f"/api/v1/{place.format(project_id)}", params={"cursor": encode_cursor("not an id")})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


def run_import() -> None:
    from maskloop.jobs.work import run_one

    assert run_one("io") is not None


def every_row() -> list[str]:
    """Return every row of every table as text; bytes are in hexadecimal."""
    tables = rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [line for (table,) in tables for (line,) in rows(f'SELECT t::text FROM "{table}" t')]
