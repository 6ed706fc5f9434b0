"""A job from its queue to its end, in this process."""

import threading
import time

import pytest

from maskloop.core.db import session_scope
from maskloop.jobs import queries, service
from maskloop.jobs.claimed import ClaimedJob
from maskloop.jobs.errors import Cancelled, LeaseLost
from maskloop.jobs.lease import Lease
from maskloop.jobs.work import run_one
from maskloop.relay import reap
from tests.jobs.steps import cancelled, change, enqueued, read


def claimed(queue="io"):
    with session_scope() as session:
        return queries.claim(session, queue, worker="test", lease_s=2)


def attempt_of(claim):
    return ClaimedJob(claim, Lease(claim.id, claim.attempt, lease_s=2))


def test_a_returned_result_is_the_result_of_the_job(job_kinds):
    job_id = enqueued("probe-answer")

    ran = run_one("io")

    job = read(job_id)
    assert ran == job_id
    assert (job.state, job.result, job.attempt) == ("succeeded", {"id": str(job_id)}, 1)
    assert job.lease_until is None
    assert job.started_at <= job.ended_at


def test_a_result_may_be_filled_in_the_transaction_that_finishes(job_kinds):
    job_id = enqueued("probe-filled")

    run_one("io")

    assert read(job_id).result == {"kind": "probe-filled"}


def test_an_empty_queue_gives_nothing(job_kinds):
    assert run_one("io") is None


def test_the_best_job_goes_first_and_equals_in_order(job_kinds):
    ordinary, second, urgent = (enqueued("probe-answer", priority=priority) for priority in (100, 100, 50))

    order = [run_one("io") for _ in range(3)]

    assert order == [urgent, ordinary, second]


def test_an_expected_error_fails_once_with_its_sentence(job_kinds):
    job_id = enqueued("probe-invalid")

    run_one("io")

    job = read(job_id)
    assert (job.state, job.attempt) == ("failed", 1)
    assert job.problem == {"code": "no-slices", "title": "No slices", "detail": "The scan has no slices."}


@pytest.mark.parametrize(("kind", "code"), [("probe-away", "unavailable"), ("probe-broken", "internal")])
def test_what_may_pass_is_tried_again_and_then_fails_with_a_reason(job_kinds, kind, code):
    job_id = enqueued(kind)

    run_one("io")
    after_one = read(job_id)
    run_one("io")

    after_two = read(job_id)
    assert (after_one.state, after_one.attempt) == ("queued", 1)
    assert (after_two.state, after_two.attempt, after_two.problem["code"]) == ("failed", 2, code)
    assert "Doe" not in str(after_two.problem)


def test_inputs_of_another_form_fail_without_being_tried_again(job_kinds):
    job_id = enqueued("probe-runner", queue="io")

    run_one("io")

    job = read(job_id)
    assert (job.state, job.problem["code"]) == ("failed", "bad-inputs")


def test_a_running_job_hears_a_cancel_within_two_seconds(job_kinds):
    job_id = enqueued("probe-wait")
    worker = threading.Thread(target=run_one, args=("io",))
    worker.start()
    while read(job_id).state != "running":
        time.sleep(0.01)

    asked = time.monotonic()
    cancelled(job_id)
    worker.join()

    assert time.monotonic() - asked < 2
    assert (read(job_id).state, read(job_id).problem["code"]) == ("cancelled", "cancelled")


def test_a_lease_is_renewed_while_the_job_runs(job_kinds):
    job_id = enqueued("probe-answer")
    claim = claimed()
    first = read(job_id).lease_until

    with Lease(claim.id, claim.attempt, lease_s=2):
        time.sleep(1.2)

    assert read(job_id).lease_until > first


def test_a_job_that_is_shut_down_goes_back_uncounted(job_kinds):
    job_id = enqueued("probe-wait")
    soon = time.monotonic() + 0.3

    run_one("io", interrupted=lambda: time.monotonic() > soon)

    job = read(job_id)
    assert (job.state, job.attempt, job.max_attempts) == ("queued", 1, 4)


def test_the_fence_stops_an_attempt_whose_job_was_taken_back(job_kinds):
    job_id = enqueued("probe-answer")
    late = attempt_of(claimed())
    change(job_id, "lease_until = now() - interval '1 s'")
    reap()
    newer = attempt_of(claimed())

    with pytest.raises(LeaseLost), late.transaction(finish={"by": "late"}):
        pytest.fail("the body ran")
    with newer.transaction(finish={"by": "newer"}):
        pass

    assert read(job_id).result == {"by": "newer"}


def test_the_fence_stops_a_cancelled_job_that_has_not_heard_yet(job_kinds):
    job_id = enqueued("probe-answer")
    job = attempt_of(claimed())
    cancelled(job_id)

    with pytest.raises(Cancelled), job.transaction(finish={}):
        pytest.fail("the body ran")

    assert read(job_id).state == "running"  # its worker writes the end, or the reaper


def test_a_late_failure_changes_nothing(job_kinds):
    job_id = enqueued("probe-answer")
    claim = claimed()
    with attempt_of(claim).transaction(finish={"done": True}):
        pass

    with session_scope() as session:
        state = queries.fail(session, claim, problem={"code": "late"}, retry_after_s=None)

    assert state is None
    assert (read(job_id).state, read(job_id).problem) == ("succeeded", None)


@pytest.mark.parametrize(
    ("assignments", "state"),
    [("attempt = 1", "queued"), ("attempt = 3", "failed"), ("cancel_requested = true", "cancelled")],
)
def test_the_reaper_ends_or_requeues_what_lost_its_lease(job_kinds, assignments, state):
    job_id = enqueued("probe-answer")
    claimed()
    change(job_id, f"lease_until = now() - interval '1 s', {assignments}")

    reaped = reap()

    job = read(job_id)
    assert (reaped, job.state, job.lease_until) == (1, state, None)
    assert job.problem["code"] == ("cancelled" if state == "cancelled" else "worker-lost")
    assert (job.ended_at is None) == (state == "queued")


def test_the_reaper_leaves_a_living_lease_alone(job_kinds):
    job_id = enqueued("probe-answer")
    claimed()

    assert reap() == 0
    assert read(job_id).state == "running"


def test_a_job_that_splits_ends_with_its_children(job_kinds):
    job_id = enqueued("probe-split")

    states = []
    while run_one("io"):
        states.append(read(job_id).state)

    assert states == ["running", "running", "succeeded"]
    assert read(job_id).result == {"succeeded": 2, "failed": 0, "cancelled": 0}


def test_a_split_job_without_children_has_succeeded(job_kinds):
    job_id = enqueued("probe-answer")
    job = attempt_of(claimed())

    from maskloop.jobs.claimed import Finish

    with job.transaction(finish=Finish.WITH_CHILDREN):
        pass

    assert read(job_id).state == "succeeded"


def test_many_workers_never_take_the_same_job(job_kinds):
    wanted = {enqueued("probe-answer") for _ in range(60)}
    taken = []

    def work():
        while job_id := run_one("io"):
            taken.append(job_id)

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(taken) == sorted(wanted)
    with session_scope() as session:
        assert {service.get(session, job_id).attempt for job_id in wanted} == {1}
