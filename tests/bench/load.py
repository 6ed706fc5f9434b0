"""Readers that save, in a process of their own: `python -m tests.bench.load` takes a JSON line, then one to begin.

So that what they compute is not timed as the service's, their strokes are made before they begin.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from uuid import UUID

from tests.bench.rows import timed
from tests.bench.site import REPOSITORY, Site
from tests.bench.strokes import Brush, OwnSlices

CLIENTS = 8
STROKES = 1200  # of each client, at most


@dataclass
class Load:
    """Eight clients that save as fast as they can; `result` is their count, seconds and times in ms."""

    process: subprocess.Popen[str]

    def begin(self) -> None:
        """Let them begin."""
        self._say("begin")

    def result(self) -> tuple[int, float, list[float]]:
        """Wait until they are done."""
        assert self.process.stdout is not None
        count, seconds, taken = json.loads(self.process.stdout.readline())
        return count, seconds, taken

    def _say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


@contextmanager
def clients(at: Site, segmentations: list[UUID], *, seconds: float) -> Iterator[Load]:
    """Start the clients, who wait until they are told to begin. Each has a segmentation of its own, or all have one."""
    command = [sys.executable, "-m", "tests.bench.load"]
    with subprocess.Popen(command, cwd=REPOSITORY, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        load = Load(process)
        site = asdict(at) | {"segmentations": segmentations}
        load._say(json.dumps({"site": site, "seconds": seconds}, default=str))
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the clients did not start")
        yield load


def at_once(at: Site, segmentations: list[UUID], *, seconds: float) -> tuple[int, float, list[float]]:
    """Return count, seconds and times of eight clients that save for some seconds."""
    with clients(at, segmentations, seconds=seconds) as load:
        load.begin()
        return load.result()


def main() -> None:
    """Be the clients."""
    told = json.loads(sys.stdin.readline())
    site, seconds = Site(**told["site"]), told["seconds"]
    shared = len(site.segmentations) == 1
    brushes = [OwnSlices(place) if shared else Brush(200) for place in range(CLIENTS)]
    bodies = [list(islice(iter(brush.next_body, None), STROKES)) for brush in brushes]
    callers = [site.connect() for _ in range(CLIENTS)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    begun = time.perf_counter()

    def work(place: int) -> list[float]:
        target, taken = UUID(str(site.segmentations[place % len(site.segmentations)])), []
        for body in bodies[place]:
            if time.perf_counter() - begun >= seconds:
                return taken
            taken += timed(lambda body=body: callers[place].save_well(target, body), times=1, warm=0)
        raise RuntimeError(f"{STROKES} strokes were saved in less than {seconds} s: make more")

    with ThreadPoolExecutor(CLIENTS) as pool:
        taken = [each for some in pool.map(work, range(CLIENTS)) for each in some]
    json.dump([len(taken), time.perf_counter() - begun, taken], sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
