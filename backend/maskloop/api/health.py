"""Is the process alive, can it work, what has it done: /healthz, /readyz, /metrics, and /about for the sign-in page."""

import os
import secrets
import time
from collections.abc import Callable
from functools import cache

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from pydantic import BaseModel
from sqlalchemy import text

from maskloop import __version__
from maskloop.api.problems import problem
from maskloop.core import migrations
from maskloop.core.db import get_engine
from maskloop.core.redis import get_redis
from maskloop.core.settings import get_settings
from maskloop.core.storage import get_storage

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ABOUT_FRESH_S = 5.0  # the sign-in page may be read by anyone: the stores are asked at most this often for it
PROBE_FRESH_S = 30.0

probes = APIRouter(tags=["health"])
router = APIRouter(tags=["health"])


class About(BaseModel):
    """What the sign-in page shows."""

    name: str
    version: str
    insecure_http: bool
    healthy: bool
    organisation: str | None


class NotUsable(Exception):
    """A part of the service cannot be used; the text says so in one sentence."""


class Metrics:
    """The counters of this process, told apart by its number: several answer on one port, one a scrape.

    Labels are route templates and states, never ids or names.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["process", "method", "route", "status"]
        self.requests = Counter("maskloop_requests", "Answered requests", labels, registry=self.registry)
        self.seconds = Histogram(
            "maskloop_request_seconds", "Time to answer", labels[:-1], registry=self.registry, buckets=BUCKETS
        )
        self.build = Gauge("maskloop_build", "1, with the version", ["version"], registry=self.registry)
        self.build.labels(__version__).set(1)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        process = str(os.getpid())
        self.requests.labels(process, method, route, str(status)).inc()
        self.seconds.labels(process, method, route).observe(seconds)


@cache
def get_metrics() -> Metrics:
    """Return the metrics of this process."""
    return Metrics()


def missing_parts() -> dict[str, str]:
    """Return what this process cannot use now, each with a sentence; empty when it can work."""
    checks: dict[str, Callable[[], None]] = {
        "database": _check_database,
        "schema": _check_schema,
        "redis": _check_redis,
        "store": _check_store,
    }
    missing: dict[str, str] = {}
    for part, check in checks.items():
        if part == "schema" and "database" in missing:
            continue
        try:
            check()
        except NotUsable as error:
            missing[part] = str(error)
        except Exception as error:  # noqa: BLE001 - any failure of a part is the answer to this question
            missing[part] = f"The {part} is not usable ({type(error).__name__})."
    return missing


@probes.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@probes.get("/readyz")
def readyz(request: Request) -> Response:
    """Say whether database, schema, Redis and store are usable, and name what is not."""
    missing = missing_parts()
    if missing:
        detail = " ".join(missing.values())
        return problem(503, "not-ready", detail, instance=request.url.path, missing=sorted(missing))
    return JSONResponse({"status": "ready"})


@probes.get("/metrics")
def metrics() -> Response:
    """Return the counters of this process for Prometheus."""
    return Response(generate_latest(get_metrics().registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/about")
def about() -> About:
    """Return what the sign-in page shows."""
    settings = get_settings()
    return About(
        name="Maskloop",
        version=__version__,
        insecure_http=settings.insecure_http,
        healthy=_is_healthy(int(time.monotonic() / ABOUT_FRESH_S)),
        organisation=settings.organisation,
    )


_healthy: dict[int, bool] = {}


def _is_healthy(period: int) -> bool:
    if period not in _healthy:
        answer = not missing_parts()
        _healthy.clear()
        _healthy[period] = answer
        return answer
    return _healthy[period]


def _check_database() -> None:
    with get_engine().connect() as connection:
        connection.execute(text("SELECT 1"))


def _check_schema() -> None:
    if not migrations.is_current(get_engine()):
        raise NotUsable("The schema is not the newest. Run `maskloop migrate`.")


def _check_redis() -> None:
    client = get_redis()
    if client is None:
        raise NotUsable("MASKLOOP_REDIS_URL is not set.")
    client.ping()


def _check_store() -> None:
    _probe_store(get_settings().store_url.get_secret_value(), int(time.monotonic() / PROBE_FRESH_S))


_probed: dict[str, int] = {}


def _probe_store(url: str, period: int) -> None:
    """Write, read and remove a small object, once in a while."""
    if _probed.get(url) == period:
        return
    key = f"probe/{secrets.token_hex(8)}"
    get_storage().put_bytes(key, b"probe")
    get_storage().delete(key)
    _probed[url] = period
