"""The gate of `maskloop up`: parts import early, and do nothing before the database is ready."""

import os
import socket
import subprocess
import sys
import time

import pytest

from maskloop.embedded import gate
from maskloop.embedded.children import free_port
from maskloop.embedded.gate import Gate
from maskloop.embedded.parts import Part, Restarts

HEAVY = {"alembic", "celery", "fastapi", "httpx", "numpy", "redis", "sqlalchemy", "uvicorn"}
UP = "import maskloop.cli, maskloop.commands.start, maskloop.embedded.supervisor, sys; print(*sys.modules)"


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(condition, *, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.fixture
def waiting(settings, tmp_path):
    """A web process behind a gate that is shut."""
    port, shut = free_port(), Gate()
    part = Part("api", [sys.executable, "-m", "maskloop.cli", "serve", "--port", str(port)])
    part.start(os.environ, tmp_path / "api.log", behind=shut)
    yield part, shut, port
    part.stop()


def test_the_web_process_answers_after_the_gate_has_opened_only(waiting):
    part, shut, port = waiting

    time.sleep(3)  # it has imported everything by then
    before = listens(port)
    shut.open(1)

    assert not before
    assert until(lambda: listens(port))
    assert not part.has_ended()


def test_a_part_ends_when_the_gate_is_closed_for_good(waiting):
    part, shut, port = waiting

    shut.close()

    assert until(part.has_ended)
    assert part.child.returncode == 1
    assert not listens(port)


def test_a_process_behind_no_gate_does_not_wait(monkeypatch):
    monkeypatch.delenv(gate.VARIABLE, raising=False)

    assert gate.wait_for_go() is None


def test_the_supervisor_imports_nothing_of_the_service():
    imported = subprocess.run([sys.executable, "-c", UP], capture_output=True, text=True, check=True).stdout.split()

    assert HEAVY & set(imported) == set()


def test_what_ends_again_and_again_is_started_with_growing_pauses(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    restarts, pauses = Restarts(), []

    for _ in range(5):
        ended = clock[0]
        while not restarts.is_time():
            clock[0] += 0.1
        restarts.started()
        pauses.append(round(clock[0] - ended, 1))

    assert pauses == pytest.approx([0.2, 1.0, 5.0, 15.0, 15.0], abs=0.11)
