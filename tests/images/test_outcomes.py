"""What an upload may end in besides images: duplicates, held names, discarded bytes, refusals on the way in."""

import gzip
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from maskloop.api.pagination import encode_cursor
from maskloop.core.settings import get_settings
from maskloop.jobs.work import run_one
from tests.images.sending import ct_files, good_png, items, rows, send, signed_in, store_keys, zipped

MARKER = "Zyxwvutsrq"


@pytest.fixture
def project_id(client: TestClient) -> UUID:
    return signed_in(client)


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
    assert run_one("io") is not None

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


def every_row() -> list[str]:
    """Return every row of every table as text; bytes are in hexadecimal."""
    tables = rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [line for (table,) in tables for (line,) in rows(f'SELECT t::text FROM "{table}" t')]
