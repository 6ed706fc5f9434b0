"""Kinds and operations that exist only for these tests, and a Valkey."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from maskloop.core.redis import get_redis
from maskloop.core.settings import Settings, get_settings
from maskloop.embedded.valkey import Valkey
from maskloop.jobs.handlers import load_tasks

HERE = Path(__file__).parent


@pytest.fixture
def job_kinds(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of a fresh database, with the kinds of `probe_tasks` and the operations of `probe_ops`."""
    monkeypatch.setenv("MASKLOOP_TEST_TASKS", "probe_tasks")
    monkeypatch.setenv("MASKLOOP_TEST_PATH", str(HERE))
    monkeypatch.setenv("MASKLOOP_SCRATCH_DIR", str(tmp_path / "scratch"))
    monkeypatch.setenv("MASKLOOP_JOB_LEASE_S", "2")
    monkeypatch.setenv("MASKLOOP_JOB_RETRY_S", "0")
    monkeypatch.syspath_prepend(str(HERE))
    for cached in (get_settings, load_tasks, get_redis):
        cached.cache_clear()
    yield get_settings()
    load_tasks.cache_clear()


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One real Valkey per test process."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(valkey_server: Valkey, job_kinds: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """The settings name a Valkey, and it is empty."""
    monkeypatch.setenv("MASKLOOP_REDIS_URL", valkey_server.url)
    get_settings.cache_clear()
    get_redis.cache_clear()
    client = get_redis()
    assert client is not None
    client.flushall()
    yield valkey_server
    client.close()
    get_redis.cache_clear()
