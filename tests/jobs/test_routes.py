"""The job API: shape, status, permission, and the live news."""

import json
import threading
from uuid import uuid4

import pytest

from maskloop.core.db import session_scope
from maskloop.core.ids import new_id
from maskloop.jobs import streams
from maskloop.jobs.events import parse_entry_id
from maskloop.jobs.work import run_one
from tests.factories import make_member, make_project
from tests.jobs.steps import cancelled, enqueued, read
from tests.signing import sign_in

KEYS = {
    *("id", "kind", "queue", "state", "attempt", "progress", "result", "problem", "position", "project_id"),
    *("created_at", "started_at", "ended_at"),
}


@pytest.fixture
def people(job_kinds):
    """A project, its manager, an annotator and a viewer of it, and a stranger."""
    with session_scope() as session:
        project = make_project(session)
        found = {role: make_member(session, project, role) for role in ("manager", "annotator", "viewer")}
        found["stranger"] = make_member(session, make_project(session), "manager")
        return project, found


@pytest.fixture
def as_manager(client, people):
    sign_in(client, people[1]["manager"])
    return client


def events_of(client, job_id, **headers):
    """Read the stream to its end; a list of (event, data, id)."""
    answer = client.get(f"/api/v1/jobs/{job_id}/events", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"]), fields.get("id")))
    return found


def test_a_queued_job_shows_its_place(as_manager, people):
    job_id = enqueued("probe-answer", project_id=people[0].id)

    answer = as_manager.get(f"/api/v1/jobs/{job_id}")

    assert answer.status_code == 200
    assert set(answer.json()) == KEYS
    assert (answer.json()["state"], answer.json()["position"]) == ("queued", 1)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("POST", "/retry")])
def test_a_foreign_and_an_absent_job_look_the_same(client, people, method, path):
    job_id = enqueued("probe-answer", project_id=people[0].id)
    sign_in(client, people[1]["stranger"])

    foreign = client.request(method, f"/api/v1/jobs/{job_id}{path}")
    absent = client.request(method, f"/api/v1/jobs/{new_id()}{path}")

    assert (foreign.status_code, absent.status_code) == (404, 404)
    assert foreign.json()["detail"] == absent.json()["detail"]


def test_who_may_cancel(client, people):
    project, roles = people
    job_id = enqueued("probe-answer", project_id=project.id, created_by=roles["annotator"].id, key=uuid4())
    statuses = []
    for role in ("viewer", "annotator", "manager"):
        sign_in(client, roles[role])
        statuses.append(client.post(f"/api/v1/jobs/{job_id}/cancel").status_code)

    assert statuses == [403, 200, 200]
    assert read(job_id).state == "cancelled"


def test_retry_answers_202_with_the_address(as_manager, people):
    job_id = enqueued("probe-answer", project_id=people[0].id)
    cancelled(job_id)

    answer = as_manager.post(f"/api/v1/jobs/{job_id}/retry")
    again = as_manager.post(f"/api/v1/jobs/{job_id}/retry")

    assert (answer.status_code, answer.headers["location"]) == (202, f"/api/v1/jobs/{job_id}")
    assert (again.status_code, again.json()["code"]) == (409, "job-not-ended")


def test_the_list_is_paged_and_filtered(as_manager, people):
    ids = [str(enqueued("probe-answer", project_id=people[0].id)) for _ in range(3)]
    run_one("io")

    first = as_manager.get("/api/v1/jobs", params={"limit": 2}).json()
    second = as_manager.get("/api/v1/jobs", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    queued = as_manager.get("/api/v1/jobs", params={"state": "queued"}).json()

    assert [job["id"] for job in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None
    assert [job["id"] for job in queued["items"]] == [ids[2], ids[1]]


@pytest.mark.parametrize("with_redis", [True, False])
def test_the_news_of_a_job_end_with_its_state(request, as_manager, people, with_redis):
    if with_redis:
        request.getfixturevalue("valkey")
    job_id = enqueued("probe-wait-briefly", project_id=people[0].id)
    worker = threading.Thread(target=run_one, args=("io",))
    worker.start()

    found = events_of(as_manager, job_id)
    worker.join()

    states = [data["state"] for event, data, _ in found if event == "state"]
    assert states[-1] == "succeeded"
    assert found[-1][1]["result"] == {"waited": True}
    assert bool([data for event, data, _ in found if event == "progress"]) == with_redis


def test_news_go_on_after_the_last_event_that_was_seen(valkey, as_manager, people):
    job_id = enqueued("probe-answer", project_id=people[0].id)
    for step in ("one", "two", "three"):
        streams.publish(streams.job_stream(job_id), "progress", {"fraction": 0.5, "step": step})
    run_one("io")

    fresh = [found for found in events_of(as_manager, job_id) if found[0] == "progress"]
    first, _ = parse_entry_id(fresh[0][2])
    again = events_of(as_manager, job_id, **{"Last-Event-ID": "0-1"})
    none = events_of(as_manager, job_id, **{"Last-Event-ID": f"{first + 1}-0"})

    assert [data["step"] for _, data, _ in fresh] == ["three"]
    assert [data["step"] for event, data, _ in again if event == "progress"] == ["one", "two", "three"]
    assert [event for event, _, _ in none] == ["state"]


def test_many_watchers_share_one_reader(valkey, as_manager, people):
    job_id = enqueued("probe-wait-briefly", project_id=people[0].id)
    ends = []
    watchers = [
        threading.Thread(target=lambda: ends.append(events_of(as_manager, job_id)[-1][1]["state"])) for _ in range(5)
    ]
    for watcher in watchers:
        watcher.start()

    run_one("io")
    for watcher in watchers:
        watcher.join()

    assert ends == ["succeeded"] * 5


def test_a_running_job_shows_its_progress(valkey, as_manager, people):
    job_id = enqueued("probe-wait-briefly", project_id=people[0].id)
    worker = threading.Thread(target=run_one, args=("io",))
    worker.start()

    shown = []
    while worker.is_alive():
        shown.append(as_manager.get(f"/api/v1/jobs/{job_id}").json()["progress"])

    assert {"fraction": 0.5, "step": "Waiting"} in shown
