"""Nothing of who may do what is kept between requests: what was taken away is gone for the very next one."""

import pytest
from sqlalchemy import delete, update

from maskloop.core import clock
from maskloop.core.db import session_scope
from maskloop.core.ids import new_id
from maskloop.imaging.label_wire import STROKE_TYPE, encode_stroke
from maskloop.projects.tables import Membership, Project
from maskloop.users.tables import ApiToken, BrowserSession, User
from tests.factories import make_image, make_member, make_project, make_segmentation
from tests.signing import bearer, sign_in

BODY = encode_stroke({"tool": "brush", "active_ms": 1}, {})


@pytest.fixture
def reading(settings):
    """An annotator and the path of a segmentation that they draw on."""
    with session_scope() as session:
        project = make_project(session)
        annotator = make_member(session, project, "annotator")
        segmentation = make_segmentation(session, make_image(session, project))
        return annotator, f"/api/v1/segmentations/{segmentation.id}"


def _statuses(client, path, headers) -> list[int]:
    """Save and read; enough times before a change that every statement is prepared on the server."""
    save = {**headers, "Content-Type": STROKE_TYPE, "Idempotency-Key": str(new_id())}
    saved = client.post(f"{path}/revisions", content=BODY, headers=save)
    return [saved.status_code, client.get(f"{path}/tiles", headers=headers).status_code]


TAKEN = [
    (lambda: update(ApiToken).values(revoked_at=clock.now()), [401, 401]),
    (lambda: update(ApiToken).values(expires_at=clock.now()), [401, 401]),
    (lambda: update(ApiToken).values(scopes=["segmentation.read"]), [403, 200]),
    (lambda: update(User).values(disabled_at=clock.now()), [401, 401]),
    (lambda: update(Membership).values(role="viewer"), [403, 200]),
    (lambda: delete(Membership), [404, 404]),
    (lambda: update(Project).values(archived_at=clock.now()), [404, 404]),
]
NAMES = ["token revoked", "token expired", "scope taken", "user off", "role lowered", "not a member", "archived"]


@pytest.mark.parametrize(("take", "after"), TAKEN, ids=NAMES)
def test_what_was_taken_is_gone_for_the_next_request_of_a_token(client, reading, take, after):
    annotator, path = reading
    headers = bearer(annotator)
    for _ in range(8):
        assert _statuses(client, path, headers) == [201, 200]

    with session_scope() as session:
        session.execute(take())

    assert _statuses(client, path, headers) == after


def test_an_ended_session_is_gone_for_the_next_request(client, reading):
    annotator, path = reading
    sign_in(client, annotator)
    for _ in range(8):
        assert _statuses(client, path, {}) == [201, 200]

    with session_scope() as session:
        session.execute(update(BrowserSession).values(ended_at=clock.now()))

    assert _statuses(client, path, {}) == [401, 401]
