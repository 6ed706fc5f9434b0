"""A runner: what it may, what it may not, and what its death is called."""

import os
import subprocess
import sys
import time

import pytest

from maskloop.jobs.work import run_one
from tests.faults.harness import all_pids, names_folder
from tests.jobs.steps import cancelled, enqueued_operation, read

MIB = 1 << 20


def outcome(op, **options):
    job_id = enqueued_operation(op, **options)
    run_one("infer")
    return read(job_id)


def test_it_reads_its_folder_and_answers_although_libraries_write_to_its_output(job_kinds):
    job = outcome("add", number=1)

    assert job.result == {"total": 42, "threads": str(os.cpu_count())}


def test_its_environment_holds_no_secret_and_its_folder_is_its_own(job_kinds):
    job = outcome("environment")

    assert [name for name in job.result["names"] if name.startswith(("MASKLOOP", "AWS", "PG"))] == []
    assert job.result["cwd"] == job.result["scratch"]


def test_its_scratch_folder_is_gone_afterwards(job_kinds):
    job = outcome("environment")

    assert not os.path.exists(job.result["scratch"])


WAYS_OUT = [
    *("socket", "socketpair", "unix", "fork", "exec", "subprocess", "ptrace", "unshare", "io_uring", "kill parent"),
    *("environment of the parent", "password file", "beside the scratch", "list beside the scratch"),
    *("another folder", "raise a limit"),
]


@pytest.mark.parametrize("way", WAYS_OUT)
def test_every_way_out_is_closed(job_kinds, way):
    job = outcome("escape", way=way)

    assert job.result["refused"] in ("PermissionError", "OSError", "ValueError")


def test_threads_still_work(job_kinds):
    assert outcome("threads").result == {"ran": 4}


@pytest.mark.parametrize(
    ("op", "options", "code"),
    [
        ("refuse", {}, "no-slices"),
        ("panic", {}, "runner-failed"),
        ("fail", {}, "runner-failed"),
        ("crash", {}, "runner-crashed"),
        ("swallow_memory", {"memory_bytes": 512 * MIB}, "runner-memory"),
        ("sleep", {"timeout_s": 0.5}, "runner-timeout"),
        ("talk", {}, "runner-output"),
        ("no_such_operation", {}, "runner-failed"),
    ],
)
def test_each_failure_has_its_code_and_a_sentence_and_is_not_repeated(job_kinds, op, options, code):
    job = outcome(op, **options)

    assert (job.state, job.attempt, job.problem["code"]) == ("failed", 1, code)
    assert job.problem["detail"].endswith(".")
    assert "Doe" not in str(job.problem)


def test_a_runner_killed_from_outside_is_tried_again(job_kinds):
    job = outcome("killed")

    assert (job.state, job.attempt, job.problem["code"]) == ("queued", 1, "runner-killed")


def test_a_cancel_kills_the_runner(job_kinds):
    from threading import Thread

    job_id = enqueued_operation("sleep")
    worker = Thread(target=run_one, args=("infer",))
    worker.start()
    folder = str(job_kinds.scratch_dir)
    while not [pid for pid in all_pids() if names_folder(pid, folder)]:
        time.sleep(0.01)

    cancelled(job_id)
    worker.join()

    assert read(job_id).state == "cancelled"
    assert [pid for pid in all_pids() if names_folder(pid, folder)] == []


def test_it_starts_within_300_ms():
    command = [sys.executable, "-I", "-B", "-c", "import maskloop.runner"]
    subprocess.run(command, check=True)

    best = min(seconds_of(command) for _ in range(5))

    assert best < 0.3


def seconds_of(command):
    """Processor time: the clock on the wall would measure what else this machine does."""
    before = os.times()
    subprocess.run(command, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
