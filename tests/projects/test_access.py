"""What the generated matrix does not vary: blinded readers, jobs in no project, archived projects."""

import pytest
from sqlalchemy import select, update

from maskloop.audit.tables import AuditEvent
from maskloop.core import clock
from maskloop.core.db import session_scope
from maskloop.jobs.tables import Job
from maskloop.main import api_routes
from maskloop.projects import access
from maskloop.projects.tables import Project
from maskloop.users.scopes import SCOPES
from tests.factories import make_image, make_member, make_project, make_segmentation, make_user
from tests.signing import bearer


@pytest.fixture
def blinded(settings):
    """A blinded project with two annotators, a reviewer, and the reading of the first annotator."""
    with session_scope() as session:
        project = make_project(session, readers="blinded")
        people = {name: make_member(session, project, "annotator") for name in ("first", "second")}
        people["reviewer"] = make_member(session, project, "reviewer")
        reading = make_segmentation(session, make_image(session, project), reader_id=people["first"].id)
        return project, people, str(reading.id)


class _Request:
    """As much of a request as the check reads."""

    def __init__(self, user, **path):
        self.headers, self.cookies, self.path_params, self.client = bearer(user), {}, path, None
        self.scope, self.method = {}, "GET"


def _ask(user, action, **path) -> str:
    with session_scope() as session:
        try:
            access.check(session, _Request(user, **path), action)
        except access.NotFound:
            return "absent"
        except access.Forbidden as error:
            return error.code
    return "allowed"


@pytest.mark.parametrize(
    ("who", "read", "draw"),
    [
        ("first", "allowed", "allowed"),
        ("second", "absent", "absent"),
        ("reviewer", "allowed", "not-your-reading"),
    ],
)
def test_blinded_annotators_do_not_see_each_other(blinded, who, read, draw):
    _project, people, reading = blinded

    assert _ask(people[who], "segmentation.read", segmentation_id=reading) == read
    assert _ask(people[who], "segmentation.draw", segmentation_id=reading) == draw


def test_blinded_annotators_do_not_export(blinded):
    project, people, _reading = blinded

    assert _ask(people["first"], "export.write", project_id=str(project.id)) == "forbidden"
    assert _ask(people["reviewer"], "export.write", project_id=str(project.id)) == "allowed"


def test_a_job_in_no_project_is_its_creators(settings):
    with session_scope() as session:
        mine, other, admin = make_user(session), make_user(session), make_user(session, role="admin")
        job = Job(kind="add-model", queue="io", inputs={}, inputs_digest=b"", created_by=mine.id)
        session.add(job)
        session.flush()
        job_id = str(job.id)

    found = [_ask(user, "job.cancel", job_id=job_id) for user in (mine, other, admin)]

    assert found == ["allowed", "absent", "allowed"]


def test_an_archived_project_is_absent(settings):
    with session_scope() as session:
        project = make_project(session)
        manager = make_member(session, project, "manager")
    with session_scope() as session:
        session.execute(update(Project).where(Project.id == project.id).values(archived_at=clock.now()))

    assert _ask(manager, "project.read", project_id=str(project.id)) == "absent"


@pytest.mark.parametrize("given", ["", "not-a-uuid", "' OR 1=1 --", "0" * 32])
def test_an_id_that_is_none_is_absent(settings, given):
    with session_scope() as session:
        admin = make_user(session, role="admin")

    assert _ask(admin, "project.read", project_id=given) == "absent"


def test_every_scope_of_the_policy_can_be_given_to_a_token_and_back():
    assert {rule.scope for rule in access.POLICY.values()} - {None} == set(SCOPES)


def test_every_action_of_the_policy_is_known_by_its_roles():
    for action, rule in access.POLICY.items():
        assert rule.roles <= access.ALL, action
        assert not (rule.members and rule.roles), action
        assert "viewer" not in rule.roles or rule.scope.endswith(".read"), action


def test_each_audited_address_is_a_route():
    routes = {(method, route.path) for route in api_routes() for method in route.methods}

    assert access.AUDITED.keys() - routes == set()


def test_a_view_is_recorded_with_who_what_and_where_and_a_refused_one_is_not(client):
    with session_scope() as session:
        project = make_project(session)
        viewer, outsider = make_member(session, project, "viewer"), make_user(session)
        image = make_image(session, project)
    path = f"/api/v1/images/{image.id}"

    answers = [client.get(path, headers=bearer(user)).status_code for user in (viewer, outsider)]

    with session_scope() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "image.view")).one()
    assert answers == [200, 404]
    assert (event.actor_id, event.project_id) == (viewer.id, project.id)
    assert (event.object_kind, event.object_id) == ("image", str(image.id))
    assert str(event.address) == "127.0.0.1"
