"""Saves: over REST with durable commits, one client and many, and the same call without HTTP."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import UUID

from maskloop.core.db import session_scope
from maskloop.core.ids import new_id
from maskloop.segmentations.ledger import Author
from maskloop.segmentations.strokes import read_stroke, save_stroke
from tests.bench.rows import Row, median_row, rate_row, timed
from tests.bench.site import Site, durable_database, populate, site
from tests.bench.strokes import Brush, Regions

VOLUME = (200, 256, 256)
CLIENTS = 8
SECONDS = 6.0


def measure() -> Iterator[Row]:
    """Yield the rows of saving."""
    with durable_database():
        with site(grid=VOLUME, segmentations=2 * CLIENTS + 1) as one:
            yield one_client(one)
            yield many_clients(one, f"saves over REST, {CLIENTS} clients, 1 process", one.segmentations[:CLIENTS])
            yield reads_while_saving(one, one.segmentations[CLIENTS:-1])
            yield without_http(one)
        with site(grid=VOLUME, segmentations=CLIENTS + 1, processes=2) as two:
            yield many_clients(two, f"saves over REST, {CLIENTS} clients, 2 processes", two.segmentations[:CLIENTS])
            yield many_clients(
                two, f"saves over REST, {CLIENTS} clients on one segmentation", two.segmentations[CLIENTS:]
            )
        with site(grid=(1, 1024, 1024), segmentations=1) as large:
            yield whole_image(large)


def one_client(at: Site) -> Row:
    """Save strokes of radius 20, one after another."""
    caller, brush = at.connect(), Brush(200)
    bodies = iter([brush.next_body() for _ in range(450)])
    taken = timed(lambda: _expect(caller.save(at.segmentations[-1], next(bodies))), times=400, warm=50)
    return median_row("save of one stroke over REST", taken)


def whole_image(at: Site) -> Row:
    """Save edits of three regions in 1024 x 1024."""
    caller, regions = at.connect(), Regions()
    bodies = iter([regions.next_body() for _ in range(110)])
    taken = timed(lambda: _expect(caller.save(at.segmentations[0], next(bodies))), times=100, warm=10)
    return median_row("save of 1024 x 1024 x 3 regions over REST (16 tiles)", taken)


def many_clients(at: Site, name: str, segmentations: list[UUID]) -> Row:
    """Save from several clients at once; those that share a segmentation draw in slices of their own."""
    shared = len(segmentations) == 1
    callers = [at.connect() for _ in range(CLIENTS)]
    bodies = [OwnSlices(place) if shared else Brush(200) for place in range(CLIENTS)]

    def save(place: int) -> None:
        _expect(callers[place].save(segmentations[place % len(segmentations)], bodies[place].next_body()))

    return rate_row(name, *_at_once(save))


def reads_while_saving(at: Site, segmentations: list[UUID]) -> Row:
    """Read a segmentation while eight clients save on others, against the same read when idle."""
    caller, target = at.connect(), at.segmentations[-1]
    path = f"/segmentations/{target}/tiles?since=0"
    idle = sorted(timed(lambda: caller.ask("GET", path), times=100))
    busy: list[float] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            busy.extend(timed(lambda: caller.ask("GET", path), times=1, warm=0))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        many_clients(at, "", segmentations)
    finally:
        over.set()
        reader.join()
    middle = sorted(busy)[len(busy) // 2]
    spread = f"idle {idle[50]:.3g} ms, busy {middle:.3g} ms p50, n {len(busy)}"
    return Row("read of all tiles while 8 clients save", middle / idle[50], "x idle", spread)


def without_http(at: Site) -> Row:
    """Decode and save in this process, from eight threads."""
    brushes = [Brush(200) for _ in range(CLIENTS)]

    def save(place: int) -> None:
        stroke = read_stroke(brushes[place].next_body(), VOLUME)
        with session_scope() as session:
            save_stroke(session, fresh[place], stroke, key=new_id(), author=Author(at.user_id))

    fresh = populate(at.port, VOLUME, CLIENTS).segmentations
    return rate_row(f"saves without HTTP, {CLIENTS} threads of one process", *_at_once(save))


class OwnSlices(Brush):
    """A brush that begins in the slices of its client: 25 slices of 16 places, each drawn three times."""

    def __init__(self, place: int) -> None:
        super().__init__(200)
        self.drawn = count(place * 25 * 16 * 3)


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


def _expect(status: int) -> None:
    if status != 201:
        raise RuntimeError(f"a save was answered with {status}")
