"""The registry: networks come in through the API and the job, and nothing of a refused one is kept."""

import hashlib
import json
from uuid import UUID

import pytest
from onnx import ModelProto
from sqlalchemy import text
from starlette.testclient import TestClient

from maskloop.core.db import session_scope
from maskloop.core.errors import NotFound
from maskloop.core.storage import Stored, get_storage
from maskloop.jobs.work import run_one
from maskloop.models import routes, service
from maskloop.models.tables import Model, ModelVersion
from tests import tiny_models as tiny
from tests.factories import make_user
from tests.images.sending import rows, store_keys
from tests.signing import sign_in

ABOUT = tiny.manifest(tiny.softmax_head(0, 1))


@pytest.fixture
def admin(client: TestClient) -> TestClient:
    with session_scope() as session:
        user = make_user(session, role="admin")
    sign_in(client, user)
    return client


def other_weights() -> ModelProto:
    model = tiny.softmax_2d()
    model.producer_name = "another run of the same training"
    return model


def post(client: TestClient, *models: ModelProto, manifest: dict | None = None):
    files = [("files", ("m.onnx", model.SerializeToString(), "application/octet-stream")) for model in models]
    return client.post("/api/v1/models", files=files, data={"manifest": json.dumps(manifest or ABOUT)})


def added(client: TestClient, model: ModelProto, **changes) -> dict:
    """Send a network, run the job and return the job."""
    answer = post(client, model, manifest={**ABOUT, **changes})
    assert answer.status_code == 202, answer.text
    run_one("infer")
    return client.get(answer.headers["location"]).json()


def test_a_network_is_checked_tried_and_registered(admin: TestClient) -> None:
    model = tiny.softmax_2d()

    job = added(admin, model)

    assert job["state"] == "succeeded", job["problem"]
    found = {key: job["result"][key] for key in ("name", "version", "task", "stage")}
    assert found == {"name": "tiny", "version": "1", "task": "semantic", "stage": "candidate"}
    digest = hashlib.sha256(model.SerializeToString()).hexdigest()
    assert job["result"]["hash"] == digest
    assert store_keys() == {f"shared/models/{digest}"}
    assert rows("SELECT count(*) FROM stored_object WHERE state = 'stored'") == [(1,)]


def test_the_same_file_twice_is_the_same_version(admin: TestClient) -> None:
    first, second = (added(admin, tiny.softmax_2d()) for _ in range(2))

    assert (second["state"], second["result"]["id"]) == ("succeeded", first["result"]["id"])
    assert rows("SELECT count(*) FROM model_version") == [(1,)]


def test_other_weights_under_a_taken_version_are_a_conflict_and_are_not_kept(admin: TestClient) -> None:
    added(admin, tiny.softmax_2d())
    before = store_keys()

    job = added(admin, other_weights())

    assert (job["state"], job["problem"]["code"]) == ("failed", "version-exists")
    assert "Raise the version" in job["problem"]["detail"]
    assert store_keys() == before
    assert rows("SELECT count(*) FROM stored_object") == [(1,)]


def test_other_weights_under_a_new_version_stand_beside_the_old_ones(admin: TestClient) -> None:
    added(admin, tiny.softmax_2d())

    job = added(admin, other_weights(), version="2")

    assert job["state"] == "succeeded"
    assert rows("SELECT version FROM model_version ORDER BY id") == [("1",), ("2",)]


@pytest.mark.parametrize(
    "make", [tiny.with_external_data, tiny.with_external_in_branch], ids=["initializer", "two graphs deep"]
)
def test_weights_outside_the_file_are_refused_and_nothing_is_kept(admin: TestClient, make) -> None:
    job = added(admin, make())

    assert job["state"] == "failed"
    assert job["problem"]["detail"].startswith("The model keeps data outside its file")
    assert "etc/hostname" not in json.dumps(job)
    assert store_keys() == set()
    for table in ("stored_object", "model", "model_version"):
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_refusing_a_file_leaves_the_version_that_has_the_same_bytes(admin: TestClient) -> None:
    added(admin, tiny.softmax_2d())
    before = store_keys()

    job = added(admin, tiny.softmax_2d(), name="other", head=tiny.softmax_head(0, 1, 2))

    assert job["state"] == "failed"
    assert store_keys() == before
    assert len(get_storage().get(before.pop())) > 0


@pytest.mark.parametrize(
    "lose", ["DELETE FROM stored_object", "UPDATE stored_object SET state = 'deleting'"], ids=["gone", "going"]
)
def test_a_network_whose_file_the_store_loses_is_not_registered(admin: TestClient, lose: str) -> None:
    answer = post(admin, tiny.softmax_2d())
    with session_scope() as session:
        session.execute(text(lose))

    run_one("infer")

    job = admin.get(answer.headers["location"]).json()
    assert (job["state"], job["problem"]["code"]) == ("failed", "model-file-gone")
    assert rows("SELECT count(*) FROM model_version") == [(0,)]


def test_registering_makes_the_files_young_and_the_sweeper_waits_for_it(admin: TestClient) -> None:
    post(admin, tiny.softmax_2d())
    (row,) = rows("SELECT key, size, digest FROM stored_object")
    with session_scope() as session:
        session.execute(text("UPDATE stored_object SET claimed_at = claimed_at - interval '2 days'"))

    with session_scope() as session:
        service.register(session, ABOUT, [Stored(*row)], created_by=None)
        locked = rows("SELECT key FROM stored_object FOR UPDATE SKIP LOCKED")

    assert locked == []
    assert rows("SELECT now() - claimed_at < interval '1 hour' FROM stored_object") == [(True,)]


def test_bytes_that_are_no_network_are_refused_in_words(admin: TestClient) -> None:
    files = [("files", ("m.onnx", b"not a network at all", "application/octet-stream"))]
    location = admin.post("/api/v1/models", files=files, data={"manifest": json.dumps(ABOUT)}).headers["location"]
    run_one("infer")

    job = admin.get(location).json()

    assert job["state"] == "failed"
    assert job["problem"]["detail"].endswith(".")
    assert store_keys() == set()


def test_a_file_over_the_limit_takes_its_pair_with_it(admin: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MAX_MODEL_BYTES", 1000)
    files = [("files", (name, bytes(size), "application/octet-stream")) for name, size in (("a", 900), ("b", 1001))]

    answer = admin.post("/api/v1/models", files=files)

    assert answer.status_code == 413
    assert store_keys() == set()
    assert rows("SELECT count(*) FROM stored_object") == [(0,)]


def test_three_files_and_a_broken_manifest_are_refused_at_once(admin: TestClient) -> None:
    three = post(admin, *[tiny.softmax_2d()] * 3)
    files = [("files", ("m.onnx", b"x", "application/octet-stream"))]
    broken = admin.post("/api/v1/models", files=files, data={"manifest": "{"})

    assert (three.status_code, broken.status_code) == (422, 422)
    assert broken.json()["code"] == "manifest-invalid"
    assert store_keys() == set()


def version(session, number: str, stage: str = "candidate") -> UUID:
    model = session.query(Model).filter_by(name="tiny").one_or_none() or Model(name="tiny", task="semantic")
    session.add(model)
    session.flush()
    about = {**ABOUT, "version": number}
    row = ModelVersion(model_id=model.id, version=number, stage=stage, manifest=about, hash=number * 64, object_keys=[])
    session.add(row)
    session.flush()
    return row.id


def test_choose_prefers_production_then_the_newest_that_is_not_archived(session) -> None:
    version(session, "1")
    newer = version(session, "2")
    archived = version(session, "3", "archived")

    assert service.choose(session, "tiny").version_id == newer

    production = version(session, "0", "production")
    version(session, "4")

    assert service.choose(session, "tiny").version_id == production
    assert service.choose(session, "tiny", "3").version_id == archived


def test_choose_names_what_is_not_there(session) -> None:
    version(session, "1", "archived")

    for name, wanted in (("tiny", None), ("tiny", "9"), ("nothing", None)):
        with pytest.raises(NotFound) as error:
            service.choose(session, name, wanted)
        assert error.value.code == "no-such-segmenter"


def test_the_list_names_classical_methods_and_networks(admin: TestClient) -> None:
    with session_scope() as session:
        version(session, "1", "archived")

    found = admin.get("/api/v1/models").json()["items"]

    by_name = {item["name"]: item for item in found}
    assert {"otsu", "threshold", "watershed", "tiny"} <= set(by_name)
    assert (by_name["otsu"]["source"], by_name["otsu"]["stage"]) == ("classical", "production")
    assert (by_name["tiny"]["source"], by_name["tiny"]["stage"]) == ("model", "archived")
