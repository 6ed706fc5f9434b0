"""Several web processes on one port: who answers, what a death among them costs, and that nothing is left."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from maskloop.commands.web import ENDINGS, Family
from maskloop.core.db import session_scope
from maskloop.embedded.children import free_port
from tests.factories import make_user
from tests.signing import bearer


class Web:
    """A running `maskloop serve`."""

    def __init__(self, processes: int) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "maskloop.cli", "serve", "--port", str(self.port)]
        self.parent = subprocess.Popen(command, env={**os.environ, "MASKLOOP_WEB_PROCESSES": str(processes)})

    def ask(self, path: str = "/healthz") -> str | None:
        """Return an answer on a connection of its own, None for none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def children(self) -> set[int]:
        """Return the processes that answer."""
        of = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children")
        return {int(pid) for pid in of.read_text().split()} if of.exists() else set()

    def who_answered(self) -> set[int]:
        """Return the numbers of the processes in the counters of whichever answers now."""
        self.ask()
        return {int(pid) for pid in re.findall(r'process="(\d+)"', self.ask("/metrics") or "")}


def until(condition, timeout_s=20):
    deadline = time.monotonic() + timeout_s
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@pytest.fixture
def web(settings):
    running = Web(2)
    assert until(running.ask)
    yield running
    running.parent.kill()
    running.parent.wait(10)


def test_both_processes_answer_and_count_for_themselves(web):
    seen = set()

    assert until(lambda: seen.update(web.who_answered()) or seen == web.children())
    assert len(seen) == 2


def test_a_process_that_dies_is_replaced_while_the_other_answers(web):
    before = web.children()
    os.kill(min(before), signal.SIGKILL)
    assert until(lambda: min(before) not in web.children())

    answers = [web.ask() for _ in range(20)]

    assert all(answers)
    assert until(lambda: len(web.children()) == 2 and web.children() != before)


@pytest.mark.parametrize("at", [1, 2], ids=["first", "second"])
def test_no_child_is_born_after_a_signal_that_comes_just_before_its_birth(monkeypatch, at):
    blocks, births = [], []
    mask, fork = signal.pthread_sigmask, os.fork

    def mask_after_signal(how, numbers):
        blocks.append(how)
        if blocks.count(signal.SIG_BLOCK) == at and how == signal.SIG_BLOCK:
            os.kill(os.getpid(), signal.SIGTERM)
        return mask(how, numbers)

    def work():
        time.sleep(3)

    def counted_fork():
        births.append(at)
        return fork()

    monkeypatch.setattr(os, "fork", counted_fork)
    monkeypatch.setattr(signal, "pthread_sigmask", mask_after_signal)
    before = {number: signal.getsignal(number) for number in ENDINGS}
    try:
        status = Family(work).run(at)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert (status, len(births)) == (0, at - 1)
    assert blocks.count(signal.SIG_UNBLOCK) == blocks.count(signal.SIG_BLOCK)


@pytest.mark.parametrize(("how", "status"), [(signal.SIGTERM, 0), (signal.SIGKILL, -9)], ids=["asked", "killed"])
def test_none_is_left_when_the_parent_ends(web, how, status):
    children = web.children()

    web.parent.send_signal(how)

    assert web.parent.wait(10) == status
    assert until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    assert web.ask() is None


def test_a_used_port_is_said_at_once(web):
    second = [sys.executable, "-m", "maskloop.cli", "serve", "--port", str(web.port)]

    ended = subprocess.run(second, env=os.environ, capture_output=True, timeout=30, check=False)

    assert ended.returncode == 1
    assert b"Address already in use" in ended.stderr


def test_a_head_that_does_not_end_is_refused(web):
    with socket.create_connection(("127.0.0.1", web.port), timeout=5) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nEndless: ")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it hangs up while we still send
            for _ in range(1000):
                connection.sendall(b"x" * 1024)
                time.sleep(0.001)
        sent_all = False
        with contextlib.suppress(ConnectionResetError):
            sent_all = not connection.recv(100).startswith(b"HTTP/1.1 400")

    assert not sent_all
    assert web.ask() is not None


def test_large_bodies_are_no_long_heads(web):
    with session_scope() as session:
        admin = make_user(session, role="admin")
    headers = {**bearer(admin), "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
    statuses = []

    for _ in range(3):
        connection.request("POST", "/api/v1/projects", b"[" + b" " * 500_000 + b"]", headers)
        answer = connection.getresponse()
        statuses.append((answer.status, answer.read() != b""))

    connection.close()
    assert statuses == [(422, True)] * 3  # read to their end, on one connection
