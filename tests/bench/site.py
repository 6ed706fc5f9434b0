"""A durable PostgreSQL, the API in processes of its own, and a project to draw on."""

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from maskloop.core import db, migrations
from maskloop.core.ids import new_id
from maskloop.core.settings import get_settings
from maskloop.embedded.children import free_port
from maskloop.embedded.postgres import Postgres
from maskloop.embedded.valkey import Valkey
from maskloop.imaging.label_tile import Grid
from maskloop.segmentations import numbers, service
from maskloop.segmentations.ledger import Author
from maskloop.users import service as users
from tests.factories import make_image, make_label, make_member, make_project

REPOSITORY = Path(__file__).parent.parent.parent
STROKE = "application/vnd.maskloop.stroke"


@dataclass
class Site:
    """Where the API listens, who calls it, and the segmentations that it has; each has numbers 1, 2 and 3."""

    port: int
    token: str
    user_id: UUID
    segmentations: list[UUID]

    def connect(self) -> "Caller":
        """Return a connection that is kept alive."""
        return Caller(http.client.HTTPConnection("127.0.0.1", self.port), self.token)


class Caller:
    """One client."""

    def __init__(self, connection: http.client.HTTPConnection, token: str) -> None:
        self.connection = connection
        self.headers = {"Authorization": f"Bearer {token}"}

    def save(self, segmentation_id: UUID, body: bytes) -> int:
        """Save a stroke and return the status."""
        headers = {"Content-Type": STROKE, "Idempotency-Key": str(new_id())}
        return self.ask("POST", f"/segmentations/{segmentation_id}/revisions", body, headers)[0]

    def save_well(self, segmentation_id: UUID, body: bytes) -> None:
        """Save a stroke. Raises RuntimeError for any answer but 201."""
        if (status := self.save(segmentation_id, body)) != 201:
            raise RuntimeError(f"a save was answered with {status}")

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of an answer."""
        self.connection.request(method, f"/api/v1{path}", body, {**self.headers, **(headers or {})})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def durable_database() -> Iterator[str]:
    """Start a PostgreSQL with fsync on, migrated, and a Valkey; the settings of this process name them."""
    with tempfile.TemporaryDirectory() as folder:
        server, valkey = Postgres(Path(folder) / "postgres"), Valkey(Path(folder) / "valkey")
        server.start()
        valkey.start()
        os.environ["MASKLOOP_DATABASE_URL"] = server.url
        os.environ["MASKLOOP_REDIS_URL"] = valkey.url
        os.environ["MASKLOOP_STORE_URL"] = f"file://{folder}/store"
        get_settings.cache_clear()
        db.get_engine.cache_clear()
        migrations.upgrade(db.get_engine())
        try:
            yield server.url
        finally:
            db.get_engine().dispose()
            db.get_engine.cache_clear()
            valkey.stop()
            server.stop()


@contextmanager
def site(*, grid: Grid, segmentations: int, processes: int = 2) -> Iterator[Site]:
    """Serve the API as `maskloop up` does, with one project of so many images, each with a segmentation."""
    port = free_port()
    command = [sys.executable, "-m", "maskloop.cli", "serve", "--port", str(port)]
    environment = {**os.environ, "MASKLOOP_WEB_PROCESSES": str(processes)}
    server = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
    try:
        wait_for(port)
        yield populate(port, grid, segmentations)
    finally:
        server.terminate()
        server.wait(20)


def populate(port: int, grid: Grid, count: int) -> Site:
    """Commit the project and return where it is."""
    with db.session_scope() as session:
        project = make_project(session)
        user = make_member(session, project)
        labels = [make_label(session, project) for _ in range(3)]
        _, token = users.create_token(session, user_id=user.id, name="bench", scopes=())
        made = []
        for _ in range(count):
            image = make_image(session, project, grid)
            segmentation, _ = service.get_or_create(session, image.id, reader_id=user.id)
            for label in labels:
                numbers.take_numbers(
                    session,
                    segmentation.id,
                    label_id=label.id,
                    layer=0,
                    count=1,
                    key=new_id(),
                    author=Author(user.id),
                )
            made.append(segmentation.id)
        return Site(port, token, user.id, made)


def wait_for(port: int) -> None:
    """Return when the API answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
