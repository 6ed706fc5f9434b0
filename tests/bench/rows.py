"""The rows of the bench table, and how times become one."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """One line: what was measured, the figure, its unit, how far it spreads.

    `peer` is the same figure of what others do, measured in the same run. `at_most`, `p95_at_most` and `at_least` are
    the targets of DESIGN section 12.
    """

    name: str
    ours: float
    unit: str
    spread: str
    peer: float | None = None
    at_most: float | None = None
    p95_at_most: float | None = None
    at_least: float | None = None
    p95: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's."""
        return None if self.peer is None else self.ours / self.peer

    @property
    def target(self) -> str:
        """The targets in words, with the ones that were missed marked."""
        limits = [
            (self.at_most, f"<= {self.at_most}", self.ours),
            (self.p95_at_most, f"p95 <= {self.p95_at_most}", self.p95 or 0.0),
        ]
        words = [words + (" MISSED" if found > limit else "") for limit, words, found in limits if limit is not None]
        if self.at_least is not None:
            words.append(f">= {self.at_least}" + (" MISSED" if self.ours < self.at_least else ""))
        return ", ".join(words)

    def as_json(self) -> dict[str, object]:
        """Return what bench.json keeps."""
        return {**asdict(self), "ratio": self.ratio, "target": self.target, "missed": "MISSED" in self.target}


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


def median_row(
    name: str,
    taken_ms: Sequence[float],
    *,
    peer_ms: Sequence[float] | None = None,
    at_most: float | None = None,
    p95_at_most: float | None = None,
) -> Row:
    """Return the median in ms, with p95 and count as its spread; the peer's is a median too."""
    p50, p95, p99 = np.percentile(taken_ms, [50, 95, 99])
    return Row(
        name,
        float(p50),
        "ms p50",
        f"p95 {p95:.3g}, p99 {p99:.3g}, n {len(taken_ms)}",
        peer=None if peer_ms is None else float(np.median(peer_ms)),
        at_most=at_most,
        p95_at_most=p95_at_most,
        p95=float(p95),
    )


def rate_row(name: str, count: int, seconds: float, taken_ms: Sequence[float], *, at_least: float | None = None) -> Row:
    """Return a rate, with the latencies behind it as its spread."""
    p50, p95 = np.percentile(taken_ms, [50, 95])
    spread = f"p50 {p50:.3g} ms, p95 {p95:.3g} ms, n {count}"
    return Row(name, count / seconds, "per s", spread, at_least=at_least, p95=float(p95))
