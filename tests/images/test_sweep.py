"""The sweeper: what nothing needs goes after its time, and nothing else does. On the disk store."""

import os
import time
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from maskloop.core import sweep as core_sweep
from maskloop.core.db import session_scope
from maskloop.core.objects import StoredObject, claim
from maskloop.core.storage import Stored, get_storage
from maskloop.jobs import service as jobs
from maskloop.jobs.periodic import NoInputs
from maskloop.jobs.work import run_one
from maskloop.models.tables import Model, ModelVersion
from maskloop.models.tasks import AddModel, StoredFile
from tests.images.sending import ct_files, good_png, items, rows, send, signed_in, store_keys

DIGEST = b"d" * 32
NOT_SWEPT = {"emptied": 0, "orphans": None, "not_swept": "too many objects are unknown to this database"}


@pytest.fixture
def project_id(client: TestClient) -> UUID:
    return signed_in(client)


@pytest.fixture
def store_folder(settings, tmp_path):
    return tmp_path / "store"


def age_files(folder, *, days):
    then = time.time() - days * 86400
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


def write(statement, **values):
    with session_scope() as session:
        session.execute(text(statement), values)


def swept(folder, *, days=2):
    """Let days pass for every object, run the job and return what it says."""
    age_files(folder, days=days)
    write("UPDATE stored_object SET claimed_at = claimed_at - make_interval(days => :days)", days=days)
    with session_scope() as session:
        job_id = jobs.enqueue(session, kind="sweep-objects", inputs=NoInputs()).id
    while run_one("io") not in {job_id, None}:
        pass
    with session_scope() as session:
        job = jobs.get(session, job_id)
    assert job.state == "succeeded", job.problem
    return job.result


def put(key, *, row=True):
    """Put an object to which nothing refers."""
    stored = get_storage().put_bytes(key, b"content")
    if row:
        with session_scope() as session:
            session.add(StoredObject(key=key, size=stored.size, digest=stored.digest, state="stored"))
    return key


def uploaded(client, project_id, *, close=True):
    """Return an upload with one file in quarantine whose import has not run."""
    body = {"allow_identified": False, "source": "browser"}
    upload_id = client.post(f"/api/v1/projects/{project_id}/uploads", json=body).json()["id"]
    client.post(f"/api/v1/uploads/{upload_id}/raw", params={"name": "a.png"}, content=good_png())
    if close:
        client.post(f"/api/v1/uploads/{upload_id}/close")
    return upload_id


def fail_import(upload_id, *, hours_ago):
    write(
        "UPDATE job SET state = 'failed', ended_at = now() - make_interval(hours => :hours)"
        " WHERE id = (SELECT job_id FROM upload WHERE id = :id)",
        hours=hours_ago,
        id=upload_id,
    )


def test_what_images_refer_to_stays_however_old(client, project_id, store_folder, tmp_path):
    send(client, project_id, ct_files(tmp_path / "scan") | {"a.png": good_png()})
    before = store_keys()

    result = swept(store_folder, days=400)

    assert result == {"emptied": 0, "orphans": 0, "removed": 0, "unfinished": 0}
    assert store_keys() == before != set()


def test_what_a_network_refers_to_stays(client, store_folder):
    key = put("shared/models/kept")
    with session_scope() as session:
        model = Model(name="net", task="semantic")
        session.add(model)
        session.flush()
        listed = [{"key": key, "digest": "00"}]
        session.add(ModelVersion(model_id=model.id, version="1", manifest={}, hash="0", object_keys=listed))

    assert swept(store_folder)["removed"] == 0
    assert store_keys() == {key}


@pytest.mark.parametrize(("state", "removed"), [("queued", 0), ("running", 0), ("failed", 1), ("succeeded", 1)])
def test_what_a_job_is_to_read_stays_until_the_job_ends(client, store_folder, state, removed):
    key = put("shared/models/waits")
    inputs = AddModel(files=[StoredFile(key=key, size=7, digest="00")])
    with session_scope() as session:
        jobs.enqueue(session, kind="add-model", inputs=inputs)
    write("UPDATE job SET state = :state, lease_until = now() + interval '1 hour'", state=state)

    assert swept(store_folder)["removed"] == removed
    assert store_keys() == (set() if removed else {key})


def test_an_old_object_without_a_reference_goes_with_its_row_and_a_young_one_stays(client, project_id, store_folder):
    put(f"p/{project_id}/pixels/old")
    assert swept(store_folder)["removed"] == 1
    young = put(f"p/{project_id}/pixels/young")

    assert swept(store_folder, days=0)["removed"] == 0
    assert store_keys() == {young}
    assert rows("SELECT key FROM stored_object") == [(young,)]


def test_an_old_object_without_a_row_is_recorded_and_goes_a_day_later(client, project_id, store_folder, tmp_path):
    send(client, project_id, ct_files(tmp_path / "scan"))
    kept = store_keys()
    lost = put(f"p/{project_id}/pixels/lost", row=False)

    first = swept(store_folder)
    early = swept(store_folder, days=0)
    assert store_keys() == {*kept, lost}
    late = swept(store_folder, days=1)

    assert [(result["orphans"], result["removed"]) for result in (first, early, late)] == [(1, 0), (0, 0), (0, 1)]
    assert store_keys() == kept
    assert rows("SELECT key FROM stored_object WHERE key = '" + lost + "'") == []


def test_an_old_object_in_quarantine_that_no_file_names_goes(client, project_id, store_folder):
    upload_id = uploaded(client, project_id, close=False)
    kept = store_keys()
    put(f"q/{upload_id}/{uuid4()}/{uuid4()}", row=False)

    assert swept(store_folder)["orphans"] == 1
    assert store_keys() == kept


@pytest.mark.parametrize("days", [2, 400])
def test_an_empty_database_leaves_a_small_store_alone(client, project_id, store_folder, days):
    put(f"p/{uuid4()}/pixels/lost", row=False)
    put("shared/models/lost", row=False)
    before = store_keys()

    assert swept(store_folder, days=days) == NOT_SWEPT
    assert swept(store_folder, days=days) == NOT_SWEPT
    assert store_keys() == before
    assert rows("SELECT key FROM stored_object") == []


def test_an_empty_database_leaves_the_quarantine_of_another_alone(client, project_id, store_folder):
    key = put(f"q/{uuid4()}/{uuid4()}/{uuid4()}", row=False)

    assert swept(store_folder)["orphans"] == 0
    assert store_keys() == {key}


def test_more_orphans_than_known_objects_are_not_touched(client, project_id, store_folder, tmp_path):
    send(client, project_id, ct_files(tmp_path / "scan"))
    for number in range(len(store_keys()) + 1):
        put(f"p/{uuid4()}/pixels/{number}", row=False)
    before = store_keys()

    assert swept(store_folder) == NOT_SWEPT
    assert store_keys() == before


def test_recorded_orphans_are_not_known_objects(client, project_id, store_folder, tmp_path):
    send(client, project_id, ct_files(tmp_path / "scan"))
    many = len(store_keys())
    for number in range(many):
        put(f"p/{uuid4()}/pixels/{number}", row=False)
    assert swept(store_folder)["orphans"] == many
    put(f"p/{uuid4()}/pixels/one-more", row=False)
    before = store_keys()

    assert swept(store_folder) == NOT_SWEPT
    assert store_keys() == before


def test_a_writer_that_claims_an_orphan_makes_it_an_object(client, project_id, store_folder, tmp_path):
    send(client, project_id, ct_files(tmp_path / "scan"))
    lost = put(f"p/{project_id}/pixels/lost", row=False)
    swept(store_folder)
    with session_scope() as session:
        claim(session, Stored(lost, 7, DIGEST), project_id=project_id)

    with session_scope() as session:
        row = session.get_one(StoredObject, lost)

    assert (row.state, row.digest, row.size, row.project_id) == ("claimed", DIGEST, 7, project_id)


def test_a_writer_that_claims_a_marked_object_keeps_it(client, project_id, store_folder):
    key = put(f"p/{project_id}/pixels/again")
    write("UPDATE stored_object SET claimed_at = now() - interval '2 days'")
    (marked,) = core_sweep._mark("")
    with session_scope() as session:
        claim(session, Stored(key, 7, DIGEST), project_id=project_id)

    with session_scope() as session:
        removed = core_sweep._remove(session, get_storage(), marked)

    assert (marked, removed) == (key, False)
    assert store_keys() == {key}


def test_a_reference_made_after_the_mark_keeps_the_object(client, project_id, store_folder, tmp_path):
    send(client, project_id, ct_files(tmp_path / "scan"))
    key = put(f"p/{project_id}/pixels/late")
    write("UPDATE stored_object SET claimed_at = now() - interval '2 days' WHERE key = :key", key=key)
    (marked,) = core_sweep._mark("")
    write("UPDATE image SET pixel_key = :key", key=key)

    with session_scope() as session:
        removed = core_sweep._remove(session, get_storage(), marked)

    assert (marked, removed) == (key, False)
    assert key in store_keys()


def test_quarantine_of_a_failed_import_goes_after_a_day_and_each_file_says_so(client, project_id, store_folder):
    upload_id = uploaded(client, project_id)
    fail_import(upload_id, hours_ago=23)
    early = swept(store_folder, days=0)["emptied"]
    fail_import(upload_id, hours_ago=25)

    result = swept(store_folder, days=0)

    (item,) = items(client, upload_id)
    assert (early, result["emptied"]) == (0, 1)
    assert (item["file"], item["outcome"], item["code"]) == ("a.png", "refused", "not-imported")
    assert client.get(f"/api/v1/uploads/{upload_id}").json()["totals"]["pending"] == 0
    assert store_keys() == set()


def test_an_upload_that_nobody_closes_is_forgotten_after_a_week(client, project_id, store_folder):
    upload_id = uploaded(client, project_id, close=False)
    write("UPDATE upload SET created_at = now() - interval '9 days'")
    write("UPDATE upload_file SET created_at = now() - interval '6 days'")
    early = swept(store_folder)["emptied"]
    write("UPDATE upload_file SET created_at = now() - interval '8 days'")

    assert (early, swept(store_folder)["emptied"]) == (0, 1)
    assert client.get(f"/api/v1/uploads/{upload_id}").json()["state"] == "failed"
    assert store_keys() == set()


def test_quarantine_that_waits_for_its_import_or_for_a_person_stays(client, project_id, store_folder, tmp_path):
    send(client, project_id, ct_files(tmp_path / "scan", patient_name="Zyxwvutsrq^A"))
    held = store_keys()

    assert swept(store_folder, days=30)["orphans"] == 0
    assert store_keys() == held != set()


def test_what_a_killed_writer_left_half_written_goes(client, store_folder):
    half = store_folder / "p" / "1" / "pixels" / "key#1"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")

    assert swept(store_folder)["unfinished"] == 1
    assert not half.exists()
