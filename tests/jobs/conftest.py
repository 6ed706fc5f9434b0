"""Kinds and operations that exist only for these tests."""

from pathlib import Path

import pytest

from maskloop.jobs.handlers import load_tasks

HERE = Path(__file__).parent


@pytest.fixture
def job_kinds(settings, monkeypatch):
    """Settings of a fresh database, with the kinds of `probe_tasks` and the operations of `probe_ops`."""
    monkeypatch.setenv("MASKLOOP_TEST_TASKS", "probe_tasks")
    monkeypatch.setenv("MASKLOOP_TEST_PATH", str(HERE))
    monkeypatch.syspath_prepend(str(HERE))
    load_tasks.cache_clear()
    yield settings
    load_tasks.cache_clear()
