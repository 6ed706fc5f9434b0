"""Kinds of jobs with an effect that can be counted: one row, written in the fenced transaction."""

import time

from pydantic import BaseModel
from sqlalchemy import text

from maskloop.core.errors import Invalid
from maskloop.jobs.handlers import handles

# No key and no constraint: an effect that happens twice must be seen.
TABLE = (
    "CREATE TABLE fault_effect (job_id uuid NOT NULL, attempt int NOT NULL, at timestamptz DEFAULT clock_timestamp())"
)
TRIES = 40  # nothing may fail only because it was hurt often


class Work(BaseModel):
    number: int
    seconds: float


def effect(job, inputs):
    with job.transaction(finish={"number": inputs.number}) as session:
        session.execute(
            text("INSERT INTO fault_effect (job_id, attempt) VALUES (:id, :attempt)"),
            {"id": job.id, "attempt": job.attempt},
        )


@handles("fault-plain", queue="io", inputs=Work, max_attempts=TRIES)
def plain(job, inputs):
    until = time.monotonic() + inputs.seconds
    while time.monotonic() < until:
        job.progress(0.5, "Waiting")
        time.sleep(0.02)
    effect(job, inputs)


@handles("fault-deaf", queue="io", inputs=Work, max_attempts=TRIES)
def deaf(job, inputs):
    """Never hears that it should stop, as if its lease thread were stuck: only the fence keeps it from writing."""
    job.check = lambda: None
    time.sleep(inputs.seconds)
    effect(job, inputs)


@handles("fault-runner", queue="infer", inputs=Work, max_attempts=TRIES)
def runner(job, inputs):
    with job.scratch() as folder:
        job.run("fault_ops:sleep", {"seconds": inputs.seconds}, scratch=folder)
    effect(job, inputs)


@handles("fault-refuse", queue="io", inputs=Work, max_attempts=TRIES)
def refuse(job, inputs):
    time.sleep(inputs.seconds)
    raise Invalid("This one is meant to be refused.", code="meant-to-fail")
