"""What every test may ask for: settings, a real database, a store on disk, the web client."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from maskloop.core import db, migrations, redis, storage
from maskloop.core.settings import Settings, get_settings
from maskloop.embedded.postgres import Postgres
from maskloop.main import create_app
from maskloop.users import throttle

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared data folder is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The folder of published networks beside the checkout."""
    folder = REPOSITORY.parent / "shared" / "models"
    if not folder.is_dir():
        pytest.skip("the shared models folder is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One real PostgreSQL per test process, without fsync."""
    server = Postgres(tmp_path_factory.mktemp("postgres"), fast=True)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def template_database(postgres: str) -> str:
    """A migrated, empty database to copy."""
    maintenance = postgres.rsplit("/", 1)[0]
    with psycopg.connect(maintenance + "/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_maskloop")
    engine = db.make_engine(maintenance + "/template_maskloop")
    migrations.upgrade(engine)
    engine.dispose()
    return maintenance + "/template_maskloop"


@pytest.fixture(scope="session")
def engine(template_database: str) -> Iterator[Engine]:
    """The engine of the migrated database that rolled-back tests share."""
    name, url = _copy_database(template_database)
    engine = db.make_engine(url)
    yield engine
    engine.dispose()
    _drop_database(template_database, name)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose changes are rolled back when the test ends; `commit` inside only ends a savepoint."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        transaction.rollback()


@contextmanager
def fresh_settings(template: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of a fresh copy of the database and a fresh store on disk; every cache of them is renewed."""
    copy, url = _copy_database(template)
    monkeypatch.setenv("MASKLOOP_DATABASE_URL", url)
    monkeypatch.setenv("MASKLOOP_STORE_URL", f"file://{folder / 'store'}")
    monkeypatch.setenv("MASKLOOP_DATA_DIR", str(folder / "data"))
    monkeypatch.setenv("MASKLOOP_TEST_FAIL_POINTS", "1")
    monkeypatch.setenv("MASKLOOP_PASSWORD_MEMORY_KIB", "32")
    _forget()
    yield get_settings()
    db.get_engine().dispose()
    _forget()
    _drop_database(template, copy)


@pytest.fixture
def settings(template_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Fresh settings for one test."""
    with fresh_settings(template_database, tmp_path, monkeypatch) as settings:
        yield settings


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """The web application on the database of `settings`, as a browser on its own pages sees it; nobody is signed in."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    with TestClient(
        create_app(), base_url="http://localhost:8000", headers=headers, client=("127.0.0.1", 50000)
    ) as client:
        yield client


def _forget() -> None:
    get_settings.cache_clear()
    db.get_engine.cache_clear()
    storage.get_storage.cache_clear()
    throttle.get_throttle.cache_clear()
    redis.get_redis.cache_clear()


def _copy_database(template: str) -> tuple[str, str]:
    name = f"t{os.getpid()}_{secrets.token_hex(4)}"
    with psycopg.connect(template.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template_maskloop STRATEGY file_copy".encode())
    return name, template.rsplit("/", 1)[0] + f"/{name}"


def _drop_database(template: str, name: str) -> None:
    with psycopg.connect(template.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
