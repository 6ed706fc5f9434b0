"""Segmentations over HTTP: shape, status and permission."""

import threading
import time
from uuid import UUID

import httpx
import pytest
import uvicorn

from maskloop.core.db import session_scope
from maskloop.core.ids import new_id
from maskloop.embedded.children import free_port
from maskloop.embedded.valkey import Valkey
from maskloop.imaging.label_tile import TilePosition
from maskloop.imaging.label_wire import decode_tiles, encode_stroke
from maskloop.jobs.work import run_one
from maskloop.main import create_app
from maskloop.projects.tables import Project
from maskloop.users import service as users
from maskloop.users.scopes import SCOPES
from tests.factories import make_image, make_label, make_member, make_project
from tests.segmentations.drawing import ORIGIN, patch

API = "/api/v1"
STROKE = "application/vnd.maskloop.stroke"


def bearer(session, user) -> dict[str, str]:
    _, secret = users.create_token(session, user_id=user.id, name="test", scopes=SCOPES)
    return {"Authorization": f"Bearer {secret}"}


class Site:
    """A committed project with an image and a label, and clients of its people."""

    def __init__(self, client) -> None:
        self.client = client
        with session_scope() as session:
            project = make_project(session)
            self.image = str(make_image(session, project).id)
            self.label = str(make_label(session, project).id)
            self.people = {role: make_member(session, project, role) for role in ("annotator", "reviewer", "viewer")}
            self.headers = {role: bearer(session, user) for role, user in self.people.items()}
        opened = self.post(f"/images/{self.image}/segmentations", json={})
        assert opened.status_code == 201
        self.id = opened.json()["id"]
        self.at = f"/segmentations/{self.id}"
        assert self.post(f"{self.at}/numbers", json={"label_id": self.label}).status_code == 201

    def get(self, path: str, who: str = "annotator", **more):
        return self.client.get(API + path, headers=self.headers[who], **more)

    def post(self, path: str, who: str = "annotator", key=None, headers=None, **more):
        keyed = {"Idempotency-Key": str(key)} if key else {}
        return self.client.post(API + path, headers={**self.headers[who], **keyed, **(headers or {})}, **more)

    def save(self, *runs, key=None, who="annotator", content=None, headers=None, **header):
        body = content or encode_stroke(
            {"tool": "brush", "active_ms": 9, **header}, {ORIGIN: patch(*runs)} if runs else {}
        )
        headers = {"Content-Type": STROKE, **(headers or {})}
        return self.post(f"{self.at}/revisions", who, key=key or new_id(), content=body, headers=headers)


@pytest.fixture
def site(client) -> Site:
    return Site(client)


def test_opening_twice_gives_the_same_segmentation(site):
    again = site.post(f"/images/{site.image}/segmentations", "reviewer", json={"purpose": "reading"})

    assert again.status_code == 200
    assert again.json()["id"] == site.id
    assert again.json()["grid"] == {"shape": [4, 300, 280]}
    assert again.json()["segments"][0] == {
        "number": 1,
        "last_number": 1,
        "label_id": site.label,
        "layer": 0,
        "name": None,
        "color": None,
        "state": None,
        "kind": "semantic",
        "deleted": False,
    }


def test_a_viewer_opens_what_is_there_and_makes_nothing(site):
    with session_scope() as session:
        untouched = str(make_image(session, session.get_one(Project, project_of(site))).id)

    assert site.post(f"/images/{site.image}/segmentations", "viewer", json={}).status_code == 200
    assert site.post(f"/images/{untouched}/segmentations", "viewer", json={}).status_code == 404
    assert site.save((0, 1, 0, 1), who="viewer").status_code == 403


def project_of(site) -> UUID:
    return UUID(site.get(site.at).json()["project_id"])


def test_a_save_answers_with_key_seq_and_parent_and_a_repeat_with_the_same(site):
    key = new_id()

    first, again = site.save((0, 3, 0, 1), key=key), site.save((0, 3, 0, 1), key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == {"key": str(key), "seq": 2, "parent": 1}


def test_stale_voxels_are_named_as_strings(site):
    with session_scope() as session:
        label = str(make_label(session, session.get_one(Project, project_of(site))).id)
    other = site.post(f"{site.at}/numbers", json={"label_id": label}).json()["first_number"]
    site.save((0, 3, 0, 1))

    refused = site.save((2, 3, 0, other), who="reviewer")

    assert refused.status_code == 412
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["code"], problem["seq"], problem["positions"]) == ("stale-voxels", 3, [str(ORIGIN)])


def test_a_number_that_is_gone_is_named(site):
    refused = site.save((0, 1, 0, 9))

    assert refused.status_code == 412
    assert (refused.json()["code"], refused.json()["numbers"]) == ("segment-gone", [9])


def test_wrong_bodies_are_refused_in_words(site):
    other_type = site.save((0, 1, 0, 1), headers={"Content-Type": "application/octet-stream"})
    damaged = site.save(content=b"\x01\x02{}\x01")
    large = site.save(content=bytes(17 << 20))
    reused = new_id()
    site.save((0, 1, 0, 1), key=reused)

    assert (other_type.status_code, other_type.json()["code"]) == (422, "unsupported-media-type")
    assert (damaged.status_code, damaged.json()["code"]) == (422, "bad-stroke")
    assert (large.status_code, large.json()["code"]) == (413, "too-large")
    assert site.save((0, 2, 0, 1), key=reused).json()["code"] == "key-reused"
    assert site.post(f"{site.at}/revisions", content=b"x", headers={"Content-Type": STROKE}).status_code == 422


def test_a_stroke_is_never_saved_as_another_users(site):
    drawn_by = {"Maskloop-User": str(site.people["reviewer"].id)}

    refused = site.save((0, 1, 0, 1), headers=drawn_by)

    assert (refused.status_code, refused.json()["code"]) == (403, "another-user")
    assert site.save((0, 1, 0, 1), who="reviewer", headers=drawn_by).status_code == 201


def test_tiles_are_read_newer_than_a_seq_and_at_a_seq(site):
    site.save((0, 3, 0, 1))
    site.save((3, 3, 0, 1))

    newer = site.get(f"{site.at}/tiles", "viewer", params={"since": 2})
    before = site.get(f"{site.at}/tiles", "viewer", params={"at": 2})

    assert newer.headers["content-type"] == "application/vnd.maskloop.tiles"
    assert decode_tiles(newer.content).voxels((4, 300, 280))[0][:7].tolist() == [1, 1, 1, 1, 1, 1, 0]
    assert decode_tiles(before.content).voxels((4, 300, 280))[0][:7].tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert site.get(f"{site.at}/tiles", params={"since": 3}).content == b"\x01\x03\x00"
    assert site.get(f"{site.at}/tiles", params={"at": 99}).status_code == 404
    assert site.get(f"{site.at}/tiles", params={"at": 1, "since": 1}).status_code == 422


def test_undo_and_redo_need_no_state_of_the_client(site):
    key = new_id()
    site.save((0, 3, 0, 1), key=key)

    offered = site.get(f"{site.at}/undo").json()
    undone = site.save(undoes=offered["undo"])
    redo = site.get(f"{site.at}/undo").json()

    assert offered == {"undo": str(key), "redo": None}
    assert undone.json().keys() == {"key", "seq", "parent"}
    assert redo == {"undo": None, "redo": undone.json()["key"]}


def test_history_is_paged_newest_first(site):
    for n in range(3):
        site.save((n, 1, 0, 1))

    first = site.get(f"{site.at}/revisions", params={"limit": 2}).json()
    second = site.get(f"{site.at}/revisions", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [line["seq"] for line in first["items"] + second["items"]] == [4, 3, 2, 1]
    assert second["next_cursor"] is None
    assert first["items"][0]["author"]["id"] == str(site.people["annotator"].id)


def test_blame_is_answered_per_slice(site):
    site.save((0, 3, 0, 1))

    found = site.get(f"{site.at}/blame", params={"k": 0}).json()

    assert [source["seq"] for source in found["sources"]] == [2]
    assert found["tiles"][0]["pos"] == str(ORIGIN)


def test_an_operation_answers_like_a_save_or_with_a_job(site):
    patches = {TilePosition(0, k, tj, 0).pack(): patch((0, 1, 0, 1)) for k in range(4) for tj in range(2)}
    site.save(content=encode_stroke({"tool": "sphere", "active_ms": 1}, patches))
    key = new_id()

    deleted = site.post(f"{site.at}/operations", key=key, json={"kind": "delete", "numbers": [1]})
    again = site.post(f"{site.at}/operations", key=key, json={"kind": "delete", "numbers": [1]})
    gone = site.post(f"{site.at}/operations", key=new_id(), json={"kind": "delete", "numbers": [1]})
    unknown = site.post(f"{site.at}/operations", key=new_id(), json={"kind": "explode"})

    assert (deleted.status_code, deleted.json()["seq"], again.json()) == (201, 3, deleted.json())
    assert (gone.status_code, gone.json()["code"]) == (412, "segment-gone")
    assert unknown.status_code == 422


def test_numbers_that_ran_out_name_the_job_that_frees_them(site):
    body = {"label_id": site.label, "count": 65_534}
    assert site.post(f"{site.at}/numbers", json=body).status_code == 201

    refused = site.post(f"{site.at}/numbers", json={"label_id": site.label})
    again = site.post(f"{site.at}/numbers", json={"label_id": site.label})

    assert (refused.status_code, refused.json()["code"]) == (422, "numbers-exhausted")
    assert refused.json()["job_id"] == again.json()["job_id"]
    assert str(run_one("io")) == refused.json()["job_id"]
    numbering = site.get(site.at).json()["numbering"]
    stale = site.post(f"{site.at}/numbers", json={"label_id": site.label})
    assert (stale.status_code, stale.json()["code"]) == (412, "renumbered")
    taken = site.post(f"{site.at}/numbers", json={"label_id": site.label, "numbering": numbering})
    assert taken.json()["first_number"] == 2
    assert site.get(f"{site.at}/tiles").headers["maskloop-numbering"] == str(numbering) == "3"
    assert site.get(f"{site.at}/tiles?at=2").headers["maskloop-numbering"] == "0"
    known = site.get(f"{site.at}/numbering?since=0").json()
    assert (known["numbering"], known["runs"]) == (numbering, [{"first": 1, "last": 1, "to": 1}])
    assert known["freed"] == [{"first": 2, "last": 65_535, "label_id": site.label, "layer": 0}]


def test_submitting_closes_until_it_is_reopened(site):
    site.save((0, 1, 0, 1))

    stale = site.post(f"{site.at}/submit", json={"seq": 1})
    submitted = site.post(f"{site.at}/submit", json={"seq": 2})
    closed = site.save((1, 1, 0, 1))
    reopened = site.post(f"{site.at}/reopen")

    assert (stale.status_code, stale.json()["code"]) == (412, "stale-revision")
    assert submitted.json()["state"] == "submitted"
    assert (closed.status_code, closed.json()["code"]) == (409, "closed")
    assert reopened.json()["state"] == "open"
    assert site.save((1, 1, 0, 1)).status_code == 201


def test_asking_for_a_proposal_is_a_job_and_nonsense_is_refused(site):
    def ask(**body):
        return site.post(f"{site.at}/proposals", key=new_id(), json=body)

    asked = ask(segmenter="otsu", parameters={"side": "bright"}, label_id=site.label)

    assert asked.status_code == 202
    assert asked.headers["location"] == f"{API}/jobs/{asked.json()['id']}"
    assert asked.json()["kind"] == "segment-image"
    assert ask(segmenter="no such thing").json()["code"] == "no-such-segmenter"
    assert ask(segmenter="otsu", parameters={"side": "up"}).status_code == 422
    assert ask(segmenter="otsu", label_id=str(new_id())).json()["code"] == "unknown-label"
    assert site.get(f"{site.at}/proposals", params={"state": "open"}).json()["items"] == []


@pytest.fixture
def live_site(settings, tmp_path_factory, monkeypatch):
    """The application in a real server with a real Valkey: streams do not pass through the test client."""
    valkey = Valkey(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    monkeypatch.setenv("MASKLOOP_REDIS_URL", valkey.url)
    forget_settings()
    server = uvicorn.Server(
        uvicorn.Config(create_app(), port=free_port(), log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with httpx.Client(base_url=f"http://127.0.0.1:{server.config.port}") as client:
        yield Site(client)
    server.should_exit = True
    thread.join(10)
    valkey.stop()
    forget_settings()


def forget_settings() -> None:
    from maskloop.core import redis
    from maskloop.core.settings import get_settings

    get_settings.cache_clear()
    redis.get_redis.cache_clear()


def test_others_hear_of_a_save_after_its_commit(live_site):
    site = live_site
    heard: list[str] = []
    opened, closed = threading.Event(), threading.Event()

    def listen() -> None:
        with site.client.stream("GET", f"{API}{site.at}/events", headers=site.headers["viewer"], timeout=20) as stream:
            for line in stream.iter_lines():
                opened.set()
                heard.append(line)
                if line.startswith("data:"):
                    break
        closed.set()

    threading.Thread(target=listen, daemon=True).start()
    assert opened.wait(10)
    time.sleep(0.6)  # until the reader has subscribed

    saved = site.save((0, 3, 0, 1)).json()

    assert closed.wait(10)
    assert heard[-2:] == ["event: revision", f'data: {{"seq":{saved["seq"]},"positions":["0"]}}']
