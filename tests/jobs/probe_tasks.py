"""Kinds of jobs that show what the protocol does."""

import time
from uuid import UUID

from pydantic import BaseModel

from maskloop.core.errors import Invalid, Unavailable
from maskloop.jobs import service
from maskloop.jobs.claimed import Finish
from maskloop.jobs.handlers import handles


class Nothing(BaseModel):
    pass


class Operation(BaseModel):
    op: str
    args: dict[str, object] = {}
    memory_bytes: int | None = None
    timeout_s: float | None = None


class Answer(BaseModel):
    id: UUID


@handles("probe-answer", queue="io", inputs=Nothing)
def answer(job, inputs):
    return Answer(id=job.id)


@handles("probe-filled", queue="io", inputs=Nothing)
def filled(job, inputs):
    result = {}
    with job.transaction(finish=result) as session:
        result["kind"] = service.get(session, job.id).kind


@handles("probe-invalid", queue="io", inputs=Nothing)
def invalid(job, inputs):
    raise Invalid("The scan has no slices.", code="no-slices")


@handles("probe-away", queue="io", inputs=Nothing, max_attempts=2)
def away(job, inputs):
    raise Unavailable("The store is away.")


@handles("probe-broken", queue="io", inputs=Nothing, max_attempts=2)
def broken(job, inputs):
    raise RuntimeError("Doe^Jane could not be read")


@handles("probe-wait", queue="io", inputs=Nothing)
def wait(job, inputs):
    for _ in range(200):
        job.check()
        time.sleep(0.05)


@handles("probe-wait-briefly", queue="io", inputs=Nothing)
def wait_briefly(job, inputs):
    for _ in range(15):
        job.progress(0.5, "Waiting")
        time.sleep(0.1)
    return {"waited": True}


@handles("probe-split", queue="io", inputs=Nothing)
def split(job, inputs):
    with job.transaction(finish=Finish.WITH_CHILDREN) as session:
        for _ in range(2):
            service.enqueue(session, kind="probe-answer", inputs=Nothing(), parent_id=job.id)


@handles("probe-runner", queue="infer", inputs=Operation, max_attempts=2)
def runner(job, inputs):
    with job.scratch() as folder:
        (folder / "given.txt").write_text("41")
        return job.run(
            inputs.op, inputs.args, scratch=folder, memory_bytes=inputs.memory_bytes, timeout_s=inputs.timeout_s
        )
