"""Enqueue, cancel, retry, lists, batches."""

from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import select

from maskloop.core.db import session_scope
from maskloop.core.errors import Conflict, Invalid, NotFound
from maskloop.core.ids import new_id
from maskloop.jobs import queries, service
from maskloop.jobs.tables import Job
from maskloop.jobs.work import run_one
from maskloop.relay import reap
from tests.factories import make_project, make_user
from tests.jobs.steps import cancelled, change, enqueued, read


@pytest.fixture
def person(job_kinds):
    with session_scope() as session:
        return make_user(session).id


def batch(*kinds, **options):
    from probe_tasks import Nothing

    with session_scope() as session:
        children = [(kind, Nothing()) for kind in kinds]
        return service.enqueue_batch(session, kind="probe-batch", children=children, **options).id


def children_of(parent_id):
    with session_scope() as session:
        return session.scalars(select(Job).where(Job.parent_id == parent_id).order_by(Job.id)).all()


def retried(job_id):
    with session_scope() as session:
        return service.retry(session, job_id)


def described(job_id):
    with session_scope() as session:
        return service.describe(session, service.get(session, job_id))


def test_the_same_key_gives_the_same_job(person):
    key = uuid4()

    first = enqueued("probe-answer", created_by=person, key=key)
    second = enqueued("probe-answer", created_by=person, key=key)

    assert first == second
    assert run_one("io") == first
    assert run_one("io") is None


def test_the_same_key_with_another_request_is_refused(person):
    key = uuid4()
    enqueued("probe-answer", created_by=person, key=key)

    with pytest.raises(Invalid) as refused:
        enqueued("probe-filled", created_by=person, key=key)

    assert refused.value.code == "key-reused"


def test_keys_belong_to_their_user(person):
    key = uuid4()
    with session_scope() as session:
        other = make_user(session).id

    assert enqueued("probe-answer", created_by=person, key=key) != enqueued("probe-answer", created_by=other, key=key)


def test_enqueue_notifies_only_when_it_commits(job_kinds):
    from probe_tasks import Nothing

    with psycopg.connect(job_kinds.database_url.get_secret_value(), autocommit=True) as listener:
        listener.execute(f"LISTEN {service.CHANNEL}".encode())
        with session_scope() as session:
            service.enqueue(session, kind="probe-answer", inputs=Nothing())
            before = list(listener.notifies(timeout=0.2))
        after = list(listener.notifies(timeout=5, stop_after=1))

    assert before == []
    assert [notice.payload for notice in after] == ["io"]


def test_an_unknown_kind_cannot_be_queued(job_kinds):
    with pytest.raises(LookupError):
        enqueued("no-such-kind")


def test_a_queued_job_is_cancelled_at_once_with_a_reason(job_kinds):
    job_id = enqueued("probe-answer")

    job = cancelled(job_id)

    assert (job.state, job.problem["code"]) == ("cancelled", "cancelled")
    assert job.ended_at is not None
    assert run_one("io") is None


def test_cancelling_what_has_ended_changes_nothing(job_kinds):
    job_id = enqueued("probe-answer")
    run_one("io")

    assert cancelled(job_id).state == "succeeded"


def test_cancelling_what_is_not_there_is_not_found(job_kinds):
    with pytest.raises(NotFound):
        cancelled(new_id())


def test_a_failed_job_can_be_tried_again_and_its_attempts_go_on(job_kinds):
    job_id = enqueued("probe-invalid")
    run_one("io")

    job = retried(job_id)

    assert (job.state, job.problem, job.attempt) == ("queued", None, 1)
    run_one("io")
    assert (read(job_id).state, read(job_id).attempt) == ("failed", 2)


def test_a_cancelled_job_can_be_tried_again(job_kinds):
    job_id = enqueued("probe-answer")
    cancelled(job_id)

    retried(job_id)
    run_one("io")

    assert read(job_id).state == "succeeded"


def test_a_job_that_succeeded_is_not_tried_again(job_kinds):
    job_id = enqueued("probe-answer")
    run_one("io")

    with pytest.raises(Conflict):
        retried(job_id)


def test_the_place_in_the_queue_counts_who_goes_before(job_kinds):
    first, second, urgent = (enqueued("probe-answer", priority=priority) for priority in (100, 100, 1))

    assert [described(job_id).position for job_id in (first, second, urgent)] == [2, 3, 1]


def test_a_batch_succeeds_when_its_last_child_has(job_kinds):
    parent = batch("probe-answer", "probe-answer")

    run_one("io")
    between = read(parent).state
    run_one("io")

    assert between == "running"
    assert read(parent).state == "succeeded"
    assert read(parent).result == {"succeeded": 2, "failed": 0, "cancelled": 0}


def test_a_batch_with_a_failed_child_has_failed_and_says_how_many(job_kinds):
    parent = batch("probe-invalid", "probe-answer")

    while run_one("io"):
        pass

    assert read(parent).state == "failed"
    assert read(parent).problem["detail"] == "1 of 2 parts failed; each says why."


def test_an_empty_batch_has_succeeded(job_kinds):
    assert read(batch()).state == "succeeded"


def test_cancelling_a_batch_cancels_its_children(job_kinds):
    parent = batch("probe-answer", "probe-answer")

    cancelled(parent)

    assert read(parent).state == "cancelled"
    assert {child.state for child in children_of(parent)} == {"cancelled"}


def test_a_batch_waits_for_a_running_child_before_it_is_cancelled(job_kinds):
    parent = batch("probe-answer", "probe-answer")
    with session_scope() as session:
        claim = queries.claim(session, "io", worker="test", lease_s=2)

    cancelled(parent)
    between = read(parent).state
    change(claim.id, "lease_until = now() - interval '1 s'")
    reap()

    assert between == "running"
    assert read(parent).state == "cancelled"


def test_retrying_a_batch_repeats_only_what_did_not_succeed(job_kinds):
    parent = batch("probe-invalid", "probe-answer")
    while run_one("io"):
        pass

    retried(parent)

    assert read(parent).state == "running"
    assert sorted(child.state for child in children_of(parent)) == ["queued", "succeeded"]


def test_the_reaper_cancels_a_child_that_came_after_the_cancel(job_kinds):
    parent = batch("probe-answer")
    change(parent, "cancel_requested = true")

    reap()

    assert read(parent).state == "cancelled"
    assert children_of(parent)[0].state == "cancelled"


def test_a_list_shows_own_projects_and_own_jobs_newest_first(person):
    with session_scope() as session:
        project, foreign = make_project(session).id, make_project(session).id
        other = make_user(session).id
    mine = [enqueued("probe-answer", project_id=project), enqueued("probe-answer", created_by=person)]
    enqueued("probe-answer", project_id=foreign)
    enqueued("probe-answer", created_by=other)

    with session_scope() as session:
        from maskloop.projects.tables import Project

        projects = select(Project.id).where(Project.id == project)
        found = service.list_jobs(session, projects=projects, user_id=person, limit=10)

    assert [job.id for job in found] == mine[::-1]
