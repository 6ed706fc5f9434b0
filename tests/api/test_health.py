"""Alive, ready, and what the sign-in page may know."""

import os

from maskloop.api import health


def test_a_live_process_says_so(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_names_what_is_missing(client):
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["missing"] == ["redis"]  # the fixture has none
    assert answer.json()["detail"] == "MASKLOOP_REDIS_URL is not set."


def test_ready_when_every_part_is_there(client, monkeypatch):
    monkeypatch.setattr(health, "_check_redis", lambda: None)

    assert client.get("/readyz").json() == {"status": "ready"}


def test_a_database_of_another_version_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(health.migrations, "is_current", lambda _engine: False)

    assert "schema" in client.get("/readyz").json()["missing"]


def test_a_store_that_cannot_be_written_is_not_ready(client, settings, monkeypatch):
    monkeypatch.setattr(health, "get_storage", lambda: (_ for _ in ()).throw(OSError("read-only")))

    assert "store" in client.get("/readyz").json()["missing"]


def test_about_is_public_and_says_little(client):
    body = client.get("/api/v1/about").json()

    assert body.keys() == {"name", "version", "insecure_http", "healthy", "organisation"}
    assert body["healthy"] is False


def test_metrics_count_by_route_template_and_hold_no_ids(client):
    client.get("/api/v1/projects/018f0000-0000-7000-8000-000000000000")

    text = client.get("/metrics").text
    labels = f'method="GET",process="{os.getpid()}",route="/projects/{{project_id}}",status="401"'
    assert f"maskloop_requests_total{{{labels}}}" in text
    assert "018f0000" not in text
