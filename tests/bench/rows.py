"""The rows of the bench table, and how times become one."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """One line: what was measured, the figure, its unit, and how far it spreads."""

    name: str
    ours: float
    unit: str
    spread: str


def timed(action: Callable[[], object], *, times: int, warm: int = 3) -> list[float]:
    """Return the milliseconds of each of `times` runs, after some that do not count."""
    for _ in range(warm):
        action()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def median_row(name: str, taken_ms: Sequence[float]) -> Row:
    """Return the median in ms, with p95 and count as its spread."""
    p50, p95, p99 = np.percentile(taken_ms, [50, 95, 99])
    return Row(name, float(p50), "ms p50", f"p95 {p95:.3g}, p99 {p99:.3g}, n {len(taken_ms)}")


def rate_row(name: str, count: int, seconds: float, taken_ms: Sequence[float]) -> Row:
    """Return a rate, with the latencies behind it as its spread."""
    p50, p95 = np.percentile(taken_ms, [50, 95])
    return Row(name, count / seconds, "per s", f"p50 {p50:.3g} ms, p95 {p95:.3g} ms, n {count}")
