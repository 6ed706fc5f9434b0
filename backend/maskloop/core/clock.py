"""The one place that code takes the time from. Leases and locks use the database's clock instead."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)
