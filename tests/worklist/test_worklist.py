"""The worklist: who gets which image, in which order, and what an item may become."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from maskloop.api.pagination import encode_cursor
from maskloop.core.db import session_scope
from maskloop.images.tables import Image
from maskloop.projects.tables import Project
from maskloop.users.tables import User
from maskloop.worklist.service import add_item
from maskloop.worklist.tables import WorkItem
from tests.factories import make_image, make_member, make_project, make_segmentation
from tests.images.sending import ct_files, items, send
from tests.signing import sign_in

ITEMS = "/api/v1/work-items"


@dataclass
class Desk:
    """A project with two annotators; Ann is signed in."""

    client: TestClient
    project: Project
    ann: User
    ben: User

    def add(self, name: str, **changes) -> str:
        """Add an image with its item and return the item's id."""
        with session_scope() as session:
            image_changes = {key: changes.pop(key) for key in ("modality",) if key in changes}
            image = make_image(session, session.merge(self.project), name=name, **image_changes)
            add_item(session, image)
            session.flush()
            item = session.query(WorkItem).filter_by(image_id=image.id).one()
            for key, value in changes.items():
                setattr(item, key, value)
            return str(item.id)

    def leased_by_ben(self) -> dict:
        return {"state": "in_progress", "assignee_id": self.ben.id, "lease_until": datetime.now(UTC) + timedelta(1)}

    def next(self, **options):
        return self.client.post(f"/api/v1/projects/{self.project.id}/work-items/next", **options)

    def names(self, **query) -> list[str]:
        answer = self.client.get(f"/api/v1/projects/{self.project.id}/work-items", params=query)
        return [item["image"]["name"] for item in answer.json()["items"]]


def make_desk(client: TestClient, **project) -> Desk:
    with session_scope() as session:
        made = make_project(session, **project)
        desk = Desk(client, made, make_member(session, made), make_member(session, made))
    sign_in(client, desk.ann)
    return desk


@pytest.fixture
def desk(client: TestClient) -> Desk:
    return make_desk(client)


def test_an_imported_image_gets_its_item(desk: Desk, tmp_path) -> None:
    upload_id = send(desk.client, desk.project.id, ct_files(tmp_path / "abdomen"))

    (found,) = desk.client.get(f"/api/v1/projects/{desk.project.id}/work-items").json()["items"]

    (outcome,) = items(desk.client, upload_id)
    assert found["image"]["id"] == outcome["image_id"]
    assert (found["state"], found["stage"], found["assignee"], found["lease_until"]) == ("todo", "annotate", None, None)
    assert desk.client.get(found["image"]["thumbnail"]).headers["content-type"] == "image/webp"


def test_next_leases_the_best_free_item_to_the_caller(desk: Desk) -> None:
    desk.add("dull", priority=0.1)
    best = desk.add("best", priority=0.9)

    taken = desk.next().json()

    assert (taken["id"], taken["state"], taken["assignee"]["id"]) == (best, "in_progress", str(desk.ann.id))
    ends = datetime.fromisoformat(taken["lease_until"])
    assert timedelta(hours=1) < ends - datetime.now(UTC) <= timedelta(hours=2)


def test_next_skips_what_others_hold_and_takes_what_they_let_lapse(desk: Desk) -> None:
    desk.add("held", priority=0.9, **desk.leased_by_ben())
    lapsed = {**desk.leased_by_ben(), "lease_until": datetime.now(UTC) - timedelta(minutes=1)}
    forgotten = desk.add("forgotten", priority=0.5, **lapsed)

    taken = desk.next().json()

    assert (taken["id"], taken["assignee"]["id"]) == (forgotten, str(desk.ann.id))


def test_two_annotators_are_never_given_the_same_item(desk: Desk) -> None:
    for number in range(2):
        desk.add(f"image {number}")

    anns = desk.next().json()
    sign_in(desk.client, desk.ben)
    bens = desk.next().json()

    assert anns["id"] != bens["id"]
    assert bens["assignee"]["id"] == str(desk.ben.id)


def test_returned_items_come_first(desk: Desk) -> None:
    desk.add("urgent", priority=1.0)
    returned = desk.add("returned", priority=0.1, state="returned")

    taken = desk.next().json()

    assert (taken["id"], taken["state"]) == (returned, "returned")


def test_next_is_empty_when_nothing_waits(desk: Desk) -> None:
    desk.add("done", state="submitted")
    desk.add("held", **desk.leased_by_ben())

    answer = desk.next()

    assert (answer.status_code, answer.content) == (204, b"")


def test_opening_leases_a_free_item_and_leaves_another_persons_lease(desk: Desk) -> None:
    free, held = desk.add("free"), desk.add("held", **desk.leased_by_ben())

    opened, looked_at = (desk.client.post(f"{ITEMS}/{item}/open").json() for item in (free, held))

    assert (opened["state"], opened["assignee"]["id"]) == ("in_progress", str(desk.ann.id))
    assert looked_at["assignee"]["id"] == str(desk.ben.id)


def test_opening_a_submitted_item_changes_nothing(desk: Desk) -> None:
    done = desk.add("done", state="submitted")

    opened = desk.client.post(f"{ITEMS}/{done}/open").json()

    assert (opened["state"], opened["assignee"], opened["lease_until"]) == ("submitted", None, None)


def test_submitting_ends_the_lease_and_cannot_be_done_twice(desk: Desk) -> None:
    item = desk.add("one")
    desk.client.post(f"{ITEMS}/{item}/open")

    first, second = (desk.client.post(f"{ITEMS}/{item}/submit") for _ in range(2))

    assert (first.json()["state"], first.json()["lease_until"]) == ("submitted", None)
    assert first.json()["assignee"]["id"] == str(desk.ann.id)
    assert (second.status_code, second.json()["code"]) == (409, "not-open")


def test_skipping_keeps_the_reason_and_leaves_the_queue(desk: Desk) -> None:
    item = desk.add("blurred")

    skipped = desk.client.post(f"{ITEMS}/{item}/skip", json={"reason": "motion blur"})
    again = desk.client.post(f"{ITEMS}/{item}/skip", json={"reason": "motion blur"})

    assert (skipped.json()["state"], skipped.json()["reason"]) == ("skipped", "skipped: motion blur")
    assert (again.status_code, again.json()["code"]) == (409, "not-open")
    assert desk.next().status_code == 204


def test_a_skip_without_a_reason_is_refused(desk: Desk) -> None:
    answer = desk.client.post(f"{ITEMS}/{desk.add('one')}/skip", json={"reason": ""})

    assert answer.status_code == 422


def test_what_another_person_holds_cannot_be_skipped(desk: Desk) -> None:
    held = desk.add("held", **desk.leased_by_ben())

    skipped = desk.client.post(f"{ITEMS}/{held}/skip", json={"reason": "not mine"})

    assert (skipped.status_code, skipped.json()["code"]) == (409, "not-open")
    assert desk.client.get(f"{ITEMS}/{held}").json()["state"] == "in_progress"


def test_pages_follow_falling_priority_and_hold_each_item_once(desk: Desk) -> None:
    for number, priority in enumerate((0.5, 0.9, 0.5, 0.1, 0.5)):
        desk.add(f"{number}", priority=priority)
    url = f"/api/v1/projects/{desk.project.id}/work-items"

    seen, cursor = [], None
    for _ in range(3):
        page = desk.client.get(url, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["image"]["name"] for item in page["items"]]
        cursor = page["next_cursor"]

    assert seen == ["1", "0", "2", "4", "3"]
    assert cursor is None


def test_a_forged_cursor_is_refused(desk: Desk) -> None:
    url = f"/api/v1/projects/{desk.project.id}/work-items"

    answers = [desk.client.get(url, params={"cursor": encode_cursor(*key)}) for key in (("a", "b"), (0.5, "b"))]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "bad-cursor")] * 2


def test_filters_narrow_the_list(desk: Desk) -> None:
    desk.add("liver 100%", modality="CT")
    desk.add("chest", modality="DX", state="submitted")
    desk.add("knee", modality="MR", assignee_id=desk.ann.id, state="in_progress")

    assert desk.names(q="LIVER 100%") == ["liver 100%"]
    assert desk.names(q="%") == ["liver 100%"]
    assert desk.names(modality="DX") == ["chest"]
    assert desk.names(mine=True) == ["knee"]
    assert desk.names(state=["submitted", "in_progress"]) == ["chest", "knee"]
    assert desk.client.get(f"/api/v1/projects/{desk.project.id}/work-items?state=lost").status_code == 422


def test_blinded_readers_see_only_their_own_segmentation(client: TestClient) -> None:
    desk = make_desk(client, readers="blinded")
    item = desk.add("one")
    with session_scope() as session:
        image = session.get_one(Image, session.get_one(WorkItem, item).image_id)
        anns = make_segmentation(session, image, reader_id=desk.ann.id, seq=3)
        bens = make_segmentation(session, image, reader_id=desk.ben.id, seq=7)

    seen_by_ann = client.get(f"{ITEMS}/{item}").json()
    sign_in(client, desk.ben)
    seen_by_ben = client.get(f"{ITEMS}/{item}").json()

    assert (seen_by_ann["segmentation_id"], seen_by_ann["progress"]["revision"]) == (str(anns.id), 3)
    assert (seen_by_ben["segmentation_id"], seen_by_ben["progress"]["revision"]) == (str(bens.id), 7)
