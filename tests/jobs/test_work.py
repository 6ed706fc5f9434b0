"""A job from its queue to its end, in this process."""

from maskloop.core.db import session_scope
from maskloop.jobs import service
from maskloop.jobs.tables import Job
from maskloop.jobs.work import run_one


def enqueued(kind, **inputs):
    from probe_tasks import Nothing, Operation

    with session_scope() as session:
        return service.enqueue(session, kind=kind, inputs=Operation(**inputs) if inputs else Nothing()).id


def row(job_id):
    with session_scope() as session:
        return session.get_one(Job, job_id)


def test_a_returned_result_is_the_result_of_the_job(job_kinds):
    job_id = enqueued("probe-answer")

    ran = run_one("io")

    job = row(job_id)
    assert ran == job_id
    assert (job.state, job.result, job.attempt) == ("succeeded", {"id": str(job_id)}, 1)
    assert job.lease_until is None
    assert job.ended_at is not None


def test_an_empty_queue_gives_nothing(job_kinds):
    assert run_one("io") is None


def test_a_runner_answers(job_kinds):
    job_id = enqueued("probe-runner", op="probe_ops:add", args={"number": 1})

    run_one("infer")

    assert row(job_id).result["total"] == 42
