"""Jobs that come round by themselves: queued once in their time, whoever looks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from maskloop.core.db import session_scope
from maskloop.core.ids import earliest_id, new_id
from maskloop.jobs.handlers import handler_of
from maskloop.jobs.periodic import PERIODIC, NoInputs, Periodic, queue_due
from maskloop.jobs.tables import Job
from maskloop.jobs.work import run_one
from tests.jobs.steps import change

HOURLY = (Periodic("probe-answer", every_s=3600),)


def looked(table=HOURLY):
    with session_scope() as session:
        return queue_due(session, table)


def queued():
    with session_scope() as session:
        return list(session.scalars(select(Job.id).where(Job.kind == "probe-answer").order_by(Job.id)))


def test_the_first_look_queues_a_job_and_the_next_ones_do_not(job_kinds):
    assert [looked(), looked(), looked()] == [["probe-answer"], [], []]
    assert run_one("io") == queued()[0]


def test_a_job_is_queued_again_when_its_time_has_come(job_kinds):
    looked()
    change(queued()[0], "created_at = now() - interval '61 minutes'")

    assert looked() == ["probe-answer"]
    assert len(queued()) == 2


def test_relays_that_look_at_the_same_moment_queue_one_job(job_kinds):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: looked(), range(32)))

    assert [kind for kinds in found for kind in kinds] == ["probe-answer"]
    assert len(queued()) == 1


@pytest.mark.parametrize("periodic", PERIODIC, ids=lambda periodic: periodic.kind)
def test_every_periodic_kind_has_a_handler_without_inputs(periodic):
    assert handler_of(periodic.kind).inputs is NoInputs


def test_an_id_is_not_below_the_moment_in_which_it_was_made():
    before = datetime.now(UTC)

    made = new_id()

    assert earliest_id(before) <= made
    assert earliest_id(before).version == 7
