"""The audit record: sealed in order, and any change of it is found."""

import threading

import pytest
from sqlalchemy import delete, select, text, update

from maskloop.audit import service
from maskloop.audit.tables import AuditEvent
from maskloop.core.db import session_scope
from tests.factories import make_user
from tests.signing import bearer


def _record(count: int = 1, **changes) -> None:
    with session_scope() as session:
        for number in range(count):
            values = {"actor_id": None, "action": "made.up", "detail": {"number": number}, "address": "192.0.2.7"}
            service.record(session, **values | changes)


def _seal() -> int:
    with session_scope() as session:
        return service.seal(session)


def _report() -> service.ChainReport:
    with session_scope() as session:
        return service.verify_chain(session)


def test_committed_events_are_sealed_once_in_order(settings):
    _record(3)

    assert (_seal(), _seal()) == (3, 0)
    with session_scope() as session:
        numbers = session.scalars(select(AuditEvent.sealed_no).order_by(AuditEvent.no)).all()
    assert numbers == [1, 2, 3]
    assert _report() == service.ChainReport(sealed=3, unsealed=0, problems=[])


def test_an_event_behind_a_running_transaction_waits(settings):
    recorded, finish = threading.Event(), threading.Event()

    def slow() -> None:
        with session_scope() as session:
            service.record(session, actor_id=None, action="slow.one")
            session.flush()
            recorded.set()
            finish.wait(20)

    thread = threading.Thread(target=slow)
    thread.start()
    recorded.wait(20)
    _record()

    while_running = _seal()
    finish.set()
    thread.join()

    assert while_running == 0
    assert _seal() == 2
    with session_scope() as session:
        actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.sealed_no)).all()
    assert actions == ["slow.one", "made.up"]


def test_two_relays_never_seal_at_once(settings):
    _record(2)
    with session_scope() as first:
        assert service.seal(first) == 2
        assert _seal() == 0

    assert _report().problems == []


def test_old_rows_of_another_cluster_are_sealed(settings):
    _record()
    with session_scope() as session:
        session.execute(text("UPDATE audit_event SET xid = 9000000000, at = now() - interval '2 hours'"))

    assert _seal() == 1


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (update(AuditEvent).where(AuditEvent.sealed_no == 2).values(outcome="refused"), "is not what was sealed"),
        (update(AuditEvent).where(AuditEvent.sealed_no == 2).values(detail={"number": 7}), "is not what was sealed"),
        (delete(AuditEvent).where(AuditEvent.sealed_no == 2), "events 2 to 2 of the chain are missing"),
    ],
    ids=["changed", "changed detail", "removed"],
)
def test_what_was_changed_or_removed_is_found(settings, tamper, sentence):
    _record(4)
    _seal()
    with session_scope() as session:
        session.execute(tamper)

    assert any(sentence in problem for problem in _report().problems)


def test_a_rehashed_event_breaks_the_chain_behind_it(settings):
    _record(3)
    _seal()
    with session_scope() as session:
        first, second = session.scalars(
            select(AuditEvent).where(AuditEvent.sealed_no < 3).order_by(AuditEvent.sealed_no)
        )
        second.action = "nothing.happened"
        session.flush()
        second.chain = service.link(first.chain, second)

    assert len(_report().problems) == 1


def test_an_address_that_is_none_is_left_out(settings):
    _record(address="testclient")

    with session_scope() as session:
        assert session.scalars(select(AuditEvent.address)).one() is None


def test_the_list_is_newest_first_with_names_and_filters(client):
    with session_scope() as session:
        admin = make_user(session, role="admin", name="Ada")
    header = bearer(admin)
    _record(2)

    page = client.get("/api/v1/audit?limit=2", headers=header).json()
    rest = client.get(f"/api/v1/audit?cursor={page['next_cursor']}", headers=header).json()
    filtered = client.get("/api/v1/audit?action=token.create", headers=header).json()

    assert [event["action"] for event in page["items"]] == ["made.up", "made.up"]
    assert rest["items"][0]["actor"] == {"id": str(admin.id), "name": "Ada"}
    assert {event["action"] for event in filtered["items"]} == {"token.create"}
