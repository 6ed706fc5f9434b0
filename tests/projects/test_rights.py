"""Every route x everyone x own, foreign and absent objects. The list of routes is the application's own.

A guard that lets the caller through ends the request here with the code `reached`: no handler runs, nothing changes.
"""

from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from maskloop.core import db
from maskloop.core.errors import Conflict
from maskloop.core.ids import new_id
from maskloop.main import API, api_routes, create_app
from maskloop.projects import access
from tests.conftest import fresh_settings
from tests.projects.world import OBJECTS, PLAIN, World, build_world

EVERY = [(method, route) for route in api_routes() for method in sorted(route.methods)]
ROUTES = [(method, route) for method, route in EVERY if access.action_of(route) is not None]
PEOPLE = ("manager", "annotator", "reviewer", "viewer", "outsider", "removed", "admin", "anonymous")
ABSENT = str(new_id())


def _name(case) -> str:
    return f"{case[0]} {case[1].path}"


@pytest.fixture(scope="module")
def world(template_database, tmp_path_factory) -> Iterator[World]:
    """The committed world of this module, in a database of its own."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        fresh_settings(template_database, tmp_path_factory.mktemp("rights"), monkeypatch),
    ):
        yield build_world()
        db.get_engine().dispose()


@pytest.fixture(scope="module")
def client(world) -> Iterator[TestClient]:
    """A client whose guards are the real ones, and end the request when they let it through."""
    app = create_app()

    def check(session, request, action):
        access.check(session, request, action)
        raise Conflict("The guard let this through.", code="reached")

    app.state.access = check
    with TestClient(app, base_url="http://localhost:8000", headers={"Sec-Fetch-Site": "same-origin"}) as client:
        yield client


def ask(client: TestClient, method: str, route, ids: dict[str, str], headers: dict[str, str]) -> str:
    """Return the status of a request, or `reached`."""
    unknown = set(route.param_convertors) - OBJECTS.keys() - PLAIN.keys() - {"upload_id"}
    assert not unknown, f"{route.path}: add {sorted(unknown)} to OBJECTS in tests/projects/world.py"
    path = API + route.path.format(**{**PLAIN, **ids})
    answer = client.request(method, path, headers=headers)
    if method == "HEAD":  # no body to read the code from
        return "reached" if answer.status_code == 409 else str(answer.status_code)
    reached = answer.status_code == 409 and answer.json()["code"] == "reached"
    return "reached" if reached else str(answer.status_code)


def expected(world: World, action: str, route, *, who: str, target: str) -> str:
    """Return what the policy says of this case."""
    rule = access.POLICY[action]
    if who == "anonymous":
        return "401"
    owned = set(route.param_convertors) & access.OWNER_OF.keys()
    if target == "absent" and owned:
        return "404"
    if "token_id" in owned:
        owner = "manager" if target == "own" else "outsider"
        return "reached" if who in {owner, "admin"} else "404"
    if who == "admin":
        return "reached"
    if not rule.concerns_project:
        return "reached" if rule.members else "403"
    role = world.roles.get(who, {}).get(target)
    if role is None:
        return "404"
    made_it = target == "own" and who == "annotator"
    return "reached" if role in rule.roles or (made_it and role in rule.creators) else "403"


@pytest.mark.parametrize("case", ROUTES, ids=_name)
@pytest.mark.parametrize("target", ["own", "foreign", "absent"])
def test_the_answer_is_what_the_policy_says(client, world, case, target):
    method, route = case
    action = access.action_of(route)
    ids = dict.fromkeys(access.OWNER_OF, ABSENT) if target == "absent" else world.targets[target].ids

    found = {who: ask(client, method, route, ids, world.header(who)) for who in PEOPLE}

    wanted = {who: expected(world, action, route, who=who, target=target) for who in PEOPLE}
    assert found == wanted


SCOPED = [case for case in ROUTES if access.POLICY[access.action_of(case[1])].scope]


@pytest.mark.parametrize("case", SCOPED, ids=_name)
def test_a_token_without_the_scope_is_refused(client, world, case):
    method, route = case
    scope = access.POLICY[access.action_of(route)].scope

    found = ask(client, method, route, world.targets["own"].ids, world.header("manager", without_scope=scope))

    assert found == "403"


NESTED = [case for case in ROUTES if len(set(case[1].param_convertors) & access.OWNER_OF.keys()) > 1]


@pytest.mark.parametrize("case", NESTED, ids=_name)
@pytest.mark.parametrize("who", ["manager", "admin"])
def test_nested_ids_must_belong_together(client, world, case, who):
    method, route = case
    names = [name for name in route.param_convertors if name in access.OWNER_OF]
    own = world.targets["own"].ids

    for name in names:
        for target in ("foreign", "sibling"):
            other = world.targets[target].ids[name]
            if other == own[name] or (target == "sibling" and "project_id" in names):
                continue  # two things of one project do belong to it
            assert ask(client, method, route, {**own, name: other}, world.header(who)) == "404"


def test_every_id_of_the_ownership_table_has_a_maker():
    assert access.OWNER_OF.keys() - OBJECTS.keys() == {"upload_id"}  # made with its file


def test_every_free_parameter_has_a_value():
    assert PLAIN.keys() == access.FREE


def test_no_route_is_public_but_the_listed_ones():
    public = {(method, route.path) for method, route in EVERY if access.action_of(route) is None}

    assert public == access.PUBLIC


def test_the_matrix_covers_all_that_the_application_serves():
    served = {path for path in create_app().openapi()["paths"] if path.startswith(API)}

    assert served == {API + route.path for _method, route in EVERY}


def test_a_route_without_an_action_stops_the_application():
    router = APIRouter()

    @router.get("/projects/{project_id}/secrets")
    def secrets(project_id: str) -> str:
        return project_id

    with pytest.raises(RuntimeError, match="exactly one action"):
        access.require_complete(router.routes)
