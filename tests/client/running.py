"""A real server on a free loopback port and a worker, in threads of the test process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from maskloop.client.client import Client
from maskloop.core.db import session_scope
from maskloop.embedded.children import free_port
from maskloop.jobs.work import run_one
from maskloop.main import create_app
from tests.conftest import fresh_settings
from tests.factories import make_user
from tests.signing import bearer

QUEUES = ("interactive", "io", "infer")


@dataclass(frozen=True)
class Running:
    """Where the server is, and the token of its administrator."""

    url: str
    token: str

    def client(self) -> Client:
        return Client(self.url, self.token)


@contextmanager
def running(template_database: str, folder: Path) -> Iterator[Running]:
    """Serve a fresh database and store, and work on its jobs."""
    with pytest.MonkeyPatch.context() as patch, fresh_settings(template_database, folder, patch):
        port = free_port()
        config = uvicorn.Config(create_app(), port=port, log_config=None, access_log=False, ws="none")
        server = uvicorn.Server(config)
        stop = threading.Event()
        threads = [threading.Thread(target=server.run), threading.Thread(target=_work, args=(stop,))]
        for thread in threads:
            thread.start()
        while not server.started:
            assert threads[0].is_alive()
            time.sleep(0.05)
        with session_scope() as session:
            admin = make_user(session, role="admin")
        yield Running(f"http://127.0.0.1:{port}", bearer(admin)["Authorization"].split()[1])
        server.should_exit = True
        stop.set()
        for thread in threads:
            thread.join()


def _work(stop: threading.Event) -> None:
    while not stop.is_set():
        if not any(run_one(queue) for queue in QUEUES):
            stop.wait(0.1)
