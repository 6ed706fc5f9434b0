"""Projects, members and labels."""

import json
import re

import pytest
from pydicom.sr._concepts_dict import concepts

from maskloop.core.db import session_scope
from maskloop.projects import codes, labels, service
from maskloop.projects.schemas import LabelChange, NewLabel
from maskloop.projects.tables import LabelSchema
from tests.conftest import REPOSITORY
from tests.factories import make_image, make_member, make_project, make_segmentation, make_user
from tests.signing import bearer


@pytest.fixture
def manager(settings):
    with session_scope() as session:
        project = make_project(session, name="chest")
        user = make_member(session, project, "manager")
        session.expunge_all()
    return user, project


def test_the_palette_is_that_of_the_design():
    tokens = REPOSITORY.parent / "shared" / "design" / "tokens.css"
    if not tokens.exists():
        pytest.skip("the shared design folder is not beside this checkout")

    assert re.findall(r"--seg-\d+: (#[0-9a-f]{6})", tokens.read_text()) == list(labels.PALETTE)


def test_labels_get_the_next_colour_and_digit(session):
    project = make_project(session)

    made = [labels.create(session, project.id, NewLabel(name=f"label {n}"), by=None) for n in range(21)]

    assert [label.color for label in made[:20]] == list(labels.PALETTE)
    assert made[20].color == labels.PALETTE[0]
    assert [label.key for label in made[:11]] == [*"1234567890", None]


def test_each_change_of_labels_is_a_new_version_that_keeps_the_old_content(session):
    project = service.create(session, name="versions", manager_id=None)
    label = labels.create(session, project.id, NewLabel(name="liver"), by=None)
    user = make_user(session)
    labels.change(session, label, LabelChange(name="spleen"), by=user.id)

    contents = [session.get(LabelSchema, (project.id, version)).content for version in (1, 2, 3)]
    assert [[entry["name"] for entry in content] for content in contents] == [[], ["liver"], ["spleen"]]


def test_a_member_reads_and_a_manager_changes_a_label_with_its_etag(client, manager):
    user, project = manager
    path = f"/api/v1/projects/{project.id}/labels"
    code = {"scheme": "SCT", "value": "10200004", "meaning": "Liver"}
    made = client.post(path, json={"name": "liver", "kind": "instance", "code": code}, headers=bearer(user))
    one = f"{path}/{made.json()['id']}"

    missing = client.patch(one, json={"archived": True}, headers=bearer(user))
    right = client.patch(
        one, json={"archived": True, "code": None}, headers={**bearer(user), "If-Match": made.headers["etag"]}
    )
    stale = client.patch(one, json={"name": "x"}, headers={**bearer(user), "If-Match": made.headers["etag"]})

    assert made.status_code == 201
    assert made.json() | {"id": ""} == {
        "id": "", "name": "liver", "color": "#ea9e51", "key": "1", "kind": "instance", "code": code, "archived": False,
    }  # fmt: skip
    assert (missing.status_code, right.status_code, stale.status_code) == (428, 200, 412)
    assert (right.json()["archived"], right.json()["code"]) == (True, None)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "Liver"}, 409, "name-taken"),
        ({"name": "spleen", "key": "1"}, 409, "key-taken"),
        ({"name": "spleen", "color": "red"}, 422, "invalid"),
        ({"name": "spleen", "kind": "polygon"}, 422, "invalid"),
        ({"name": " "}, 422, "invalid"),
        ({"name": "x" * 65}, 422, "invalid"),
    ],
)
def test_a_bad_label_is_refused(client, manager, body, status, code):
    user, project = manager
    path = f"/api/v1/projects/{project.id}/labels"
    client.post(path, json={"name": "liver"}, headers=bearer(user))

    answer = client.post(path, json=body, headers=bearer(user))

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_project_is_made_by_an_administrator_who_becomes_its_manager(client, settings):
    with session_scope() as session:
        admin = make_user(session, role="admin")

    made = client.post("/api/v1/projects", json={"name": "abdomen"}, headers=bearer(admin))
    again = client.post("/api/v1/projects", json={"name": "abdomen"}, headers=bearer(admin))

    assert made.json()["role"] == "manager"
    assert made.json()["readers"] == "shared"
    assert made.json()["counts"] == {"images": 0, "work_items": 0, "labels": 0, "members": 1}
    assert again.json()["code"] == "name-taken"


def test_a_member_lists_only_their_projects_and_an_administrator_all(client, manager):
    user, project = manager
    with session_scope() as session:
        make_project(session)
        admin = make_user(session, role="admin")

    mine = client.get("/api/v1/projects", headers=bearer(user)).json()["items"]
    all_of_them = client.get("/api/v1/projects", headers=bearer(admin)).json()["items"]

    assert [(entry["id"], entry["role"]) for entry in mine] == [(str(project.id), "manager")]
    assert [entry["role"] for entry in all_of_them] == [None, None]


def test_renaming_to_a_taken_name_is_a_conflict_and_changes_nothing(client, manager):
    user, project = manager
    with session_scope() as session:
        make_project(session, name="taken")
    headers = {**bearer(user), "If-Match": '"1"'}

    answer = client.patch(f"/api/v1/projects/{project.id}", json={"name": "taken"}, headers=headers)

    assert answer.json()["code"] == "name-taken"
    assert client.get(f"/api/v1/projects/{project.id}", headers=headers).json()["name"] == "chest"


def test_how_readers_work_is_settled_by_the_first_segmentation(client, manager):
    user, project = manager
    path, headers = f"/api/v1/projects/{project.id}", {**bearer(user), "If-Match": "*"}
    before = client.patch(path, json={"readers": "blinded"}, headers=headers)
    with session_scope() as session:
        make_segmentation(session, make_image(session, project))

    after = client.patch(path, json={"readers": "shared"}, headers=headers)

    assert before.json()["readers"] == "blinded"
    assert after.json()["code"] == "project-has-work"


def test_members_come_and_go_but_the_last_manager_stays(client, manager):
    user, project = manager
    with session_scope() as session:
        other = make_user(session)
    path, header = f"/api/v1/projects/{project.id}/members", bearer(user)

    added = client.put(f"{path}/{other.id}", json={"role": "reviewer"}, headers=header)
    listed = client.get(path, headers=header).json()["items"]
    demoted = client.put(f"{path}/{user.id}", json={"role": "viewer"}, headers=header)
    removed = client.delete(f"{path}/{other.id}", headers=header)

    assert added.json()["role"] == "reviewer"
    assert {entry["user"]["id"]: entry["role"] for entry in listed} == {
        str(user.id): "manager",
        str(other.id): "reviewer",
    }
    assert demoted.json()["code"] == "last-manager"
    assert removed.status_code == 204
    assert client.get(path, headers=bearer(other)).status_code == 404


def test_a_manager_takes_people_in_by_login_without_seeing_all_users(client, manager):
    user, project = manager
    with session_scope() as session:
        other = make_user(session)
    path, header = f"/api/v1/projects/{project.id}/members", bearer(user)

    added = client.post(path, json={"login": f" {other.login.upper()} ", "role": "annotator"}, headers=header)
    again = client.post(path, json={"login": other.login, "role": "viewer"}, headers=header)
    nobody = client.post(path, json={"login": "nobody@example.org", "role": "viewer"}, headers=header)

    assert (added.status_code, added.json()["user"]["id"], added.json()["role"]) == (201, str(other.id), "annotator")
    assert (again.status_code, again.json()["code"]) == (409, "already-member")
    assert (nobody.status_code, nobody.json()["code"]) == (422, "unknown-login")
    assert client.get("/api/v1/users", headers=header).status_code == 403


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("liver", "10200004"),
        ("Kidney", "64033007"),
        ("nuclei", "84640000"),
        ("tumour", "108369006"),
        ("10200004", "10200004"),
        ("left lung", "44029006"),
        ("vert l1", "66794005"),
    ],
)
def test_the_code_search_finds(text, first):
    assert codes.search(text)[0].value == first


def test_nothing_is_found_for_nothing():
    assert codes.search(" ") == []
    assert codes.search("bicycle") == []


SIDES = {"44029006", "3341006", "18639004", "9846003"}  # left and right lung and kidney: SNOMED CT, not in PS3.16


def test_each_code_is_one_of_dicom_ps3_16():
    file = REPOSITORY / "backend" / "maskloop" / "projects" / "codes.json"
    known = {value for entry in concepts["SCT"].values() for value in entry}

    listed = [row["value"] for row in json.loads(file.read_text())]

    assert set(listed) - known == SIDES
    assert len(set(listed)) == len(listed)
