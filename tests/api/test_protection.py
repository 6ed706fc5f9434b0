"""What stands before every route: origin of cookie writes, sizes and forms of bodies, headers of answers."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from maskloop.api.caller import SESSION_COOKIE
from maskloop.api.problems import install_problem_handlers
from maskloop.api.protection import JSON_LIMIT, Protection, body_limit
from maskloop.core.db import session_scope
from tests.factories import make_user
from tests.signing import bearer, sign_in


@pytest.fixture
def admin(settings):
    with session_scope() as session:
        return make_user(session, role="admin")


def _make_project(client, headers, name="chest"):
    return client.post("/api/v1/projects", json={"name": name}, headers=headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8000"}, 201),
        ({"Sec-Fetch-Site": "", "Origin": "http://localhost:8000"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8000"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:9000"}, 403),
    ],
)
def test_a_cookie_write_must_come_from_our_own_pages(client, admin, headers, status):
    sign_in(client, admin)

    assert _make_project(client, headers).status_code == status


def test_origin_alone_is_enough_and_neither_is_not(client, admin):
    sign_in(client, admin)
    del client.headers["Sec-Fetch-Site"]

    assert _make_project(client, {}).json()["code"] == "cross-origin"
    assert _make_project(client, {"Origin": "http://localhost:8000"}).status_code == 201


def test_signing_in_must_come_from_our_own_pages_too(client, admin):
    answer = client.post(
        "/api/v1/session", json={"login": admin.login, "password": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.json()["code"] == "cross-origin"


def test_a_token_needs_no_origin(client, admin):
    del client.headers["Sec-Fetch-Site"]

    assert _make_project(client, bearer(admin)).status_code == 201


def test_the_header_goes_before_the_cookie(client, admin):
    sign_in(client, admin)

    answer = _make_project(client, {"Authorization": "Bearer mlp_wrong"})

    assert answer.json()["code"] == "bad-token"


def test_a_token_works_as_a_basic_password(client, admin):
    token = bearer(admin)["Authorization"].removeprefix("Bearer ")

    assert client.get("/api/v1/projects", auth=("anything", token)).status_code == 200


def test_a_write_without_credentials_is_refused_before_its_body_is_read(client):
    def endless():
        yield b"x"
        raise AssertionError("the body was read")

    answer = client.post("/api/v1/projects", content=endless(), headers={"Content-Type": "application/json"})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [b'{"name": NaN}', b'{"name": Infinity}', b"[" * 100_000, b"{", b"\xff\xfe", b'{"name": 1e999999}'],
    ids=["nan", "infinity", "deep", "cut", "not utf-8", "huge number"],
)
def test_what_is_not_json_is_422(client, admin, body):
    headers = {**bearer(admin), "Content-Type": "application/json"}

    answer = client.post("/api/v1/projects", content=body, headers=headers)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_above_its_limit_is_413_with_and_without_a_length(client, admin):
    headers = {**bearer(admin), "Content-Type": "application/json"}
    large = b'{"name": "' + b"x" * JSON_LIMIT + b'"}'

    with_length = client.post("/api/v1/projects", content=large, headers=headers)
    streamed = client.post("/api/v1/projects", content=iter([large[:1000], large[1000:]]), headers=headers)

    assert (with_length.status_code, streamed.status_code) == (413, 413)
    assert streamed.json()["code"] == "too-large"


def test_a_large_form_of_a_member_is_refused_before_it_is_read(client, settings):
    with session_scope() as session:
        member = make_user(session)

    def endless():
        yield b"--x\r\n"
        raise AssertionError("the form was read")

    headers = {**bearer(member), "Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/api/v1/models", content=endless(), headers=headers).status_code == 403


def test_an_unknown_field_is_refused_by_name(client, admin):
    answer = client.post("/api/v1/projects", json={"name": "chest", "key": "x"}, headers=bearer(admin))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/body/key"


def test_every_answer_carries_the_security_headers(client):
    for path in ("/healthz", "/api/v1/about", "/api/v1/projects", "/api/v1/nowhere"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


def test_an_unexpected_error_tells_nothing_and_is_counted():
    seen = []
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/broken")
    def broken() -> None:
        raise ValueError("the patient's name")

    app.add_middleware(Protection, public=frozenset(), public_url=None, observe=lambda *given: seen.append(given[:3]))

    answer = TestClient(app, raise_server_exceptions=False).get("/broken")

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "patient" not in answer.text
    assert seen[0][:2] == ("GET", "/broken")


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/v1/uploads/x/files/y", None),
        ("/api/v1/uploads/x/raw", None),
        ("/api/v1/uploads/x/close", JSON_LIMIT),
        ("/api/v1/segmentations/x/revisions", 64 << 20),
        ("/api/v1/projects", JSON_LIMIT),
    ],
)
def test_only_uploads_count_for_themselves(path, limit):
    assert body_limit(path) == limit


def test_the_cookie_name_is_the_contract():
    assert SESSION_COOKIE == "maskloop_session"
