"""Saves: over REST with durable commits, one client and many, and the same call without HTTP."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import numpy as np

from maskloop.core.db import session_scope
from maskloop.core.ids import new_id
from maskloop.imaging.label_tile import TilePosition
from maskloop.imaging.label_wire import encode_stroke
from maskloop.segmentations.ledger import Author
from maskloop.segmentations.strokes import read_stroke, save_stroke
from tests.bench.load import CLIENTS, at_once, clients
from tests.bench.peer import Peer, peer
from tests.bench.rows import Row, median_row, rate_row, timed
from tests.bench.site import Site, durable_database, populate, site
from tests.bench.strokes import HEADER, Brush, Regions, disc

VOLUME = (200, 256, 256)
SECONDS = 6.0


def measure() -> Iterator[Row]:
    """Yield the rows of saving."""
    with durable_database(), peer() as other:
        with site(grid=VOLUME, segmentations=2 * CLIENTS + 2) as at:
            yield from one_client(at, other)
            yield many_clients(at, f"saves over REST, {CLIENTS} clients", at.segmentations[:CLIENTS], at_least=100)
            yield reads_while_saving(at, at.segmentations[CLIENTS:-1])
            yield many_clients(at, f"saves over REST, {CLIENTS} clients on one segmentation", at.segmentations[:1])
            yield without_http(at)
        with site(grid=VOLUME, segmentations=CLIENTS, processes=1) as single:
            yield many_clients(single, f"saves over REST, {CLIENTS} clients, 1 process", single.segmentations)
        with site(grid=(1, 1024, 1024), segmentations=1) as large:
            yield whole_image(large)


def one_client(at: Site, other: Peer) -> Iterator[Row]:
    """Save strokes of radius 20, one after another; the peer saves whole masks of 512 x 512 x 200."""
    caller, brush = at.connect(), Brush(200)
    bodies = iter([brush.next_body() for _ in range(450)])
    taken = timed(lambda: caller.save_well(at.segmentations[-1], next(bodies)), times=400, warm=50)
    whole = timed(lambda: other.save("checked"), times=5, warm=1)
    unread = timed(lambda: other.save("unread"), times=100)
    yield median_row("save of one stroke over REST", taken, peer_ms=whole, at_most=8, p95_at_most=20)
    yield median_row("peer: whole-mask save as NIfTI (what tools without patches do)", whole)
    yield median_row("peer: whole-mask save, gzipped bytes stored unread", unread)


def whole_image(at: Site) -> Row:
    """Save edits of three regions in 1024 x 1024."""
    caller, regions = at.connect(), Regions()
    bodies = iter([regions.next_body() for _ in range(110)])
    taken = timed(lambda: caller.save_well(at.segmentations[0], next(bodies)), times=100, warm=10)
    name = "save of 1024 x 1024 x 3 regions over REST (16 tiles)"
    return median_row(name, taken, at_most=15, p95_at_most=30)


def many_clients(at: Site, name: str, segmentations: list[UUID], *, at_least: float | None = None) -> Row:
    """Save from several clients at once; those that share a segmentation draw in slices of their own."""
    return rate_row(name, *at_once(at, segmentations, seconds=SECONDS), at_least=at_least)


def reads_while_saving(at: Site, segmentations: list[UUID]) -> Row:
    """Read 200 tiles of a segmentation while eight clients save on others, against the same read when idle."""
    caller, target = at.connect(), at.segmentations[-1]
    patches = {TilePosition(0, k, 0, 0).pack(): disc((128, 128), 60, before=0, after=1) for k in range(VOLUME[0])}
    caller.save_well(target, encode_stroke(HEADER, patches))
    path = f"/segmentations/{target}/tiles?since=0"
    idle = timed(lambda: caller.ask("GET", path), times=200, warm=20)
    busy: list[float] = []
    with clients(at, segmentations, seconds=SECONDS) as load:
        load.begin()
        until = time.perf_counter() + SECONDS - 0.5
        while time.perf_counter() < until:
            busy += timed(lambda: caller.ask("GET", path), times=1, warm=0)
        saved, seconds, _ = load.result()
    p50_idle, (p50, p95) = float(np.median(idle)), np.percentile(busy, [50, 95])
    spread = f"idle {p50_idle:.3g} ms, busy p50 {p50:.3g}, p95 {p95:.3g}, n {len(busy)}, {saved / seconds:.0f} saves/s"
    name = f"read of 200 tiles while {CLIENTS} clients save"
    return Row(name, float(p50) / p50_idle, "x idle", spread, at_most=2)


def without_http(at: Site) -> Row:
    """Decode and save in this process, from eight threads."""
    brushes = [Brush(200) for _ in range(CLIENTS)]

    def save(place: int) -> None:
        stroke = read_stroke(brushes[place].next_body(), VOLUME)
        with session_scope() as session:
            save_stroke(session, fresh[place], stroke, key=new_id(), author=Author(at.user_id))

    fresh = populate(at.port, VOLUME, CLIENTS).segmentations
    return rate_row(f"saves without HTTP, {CLIENTS} threads of one process", *_at_once(save))


def _at_once(action: Callable[[int], None]) -> tuple[int, float, list[float]]:
    """Run an action in each of eight threads for some seconds; return count, seconds and times in ms."""
    taken: list[list[float]] = [[] for _ in range(CLIENTS)]
    begun = time.perf_counter()

    def work(place: int) -> None:
        while time.perf_counter() - begun < SECONDS:
            taken[place].extend(timed(lambda: action(place), times=1, warm=0))

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, range(CLIENTS)))
    every = [each for some in taken for each in some]
    return len(every), time.perf_counter() - begun, every
