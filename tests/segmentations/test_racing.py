"""Eight writers race on one segmentation. Nobody's work is overwritten silently; the log replays to the store.

A racing pair is two writers who send, at the same moment and from the same state, other numbers for the same voxels.
The four pairs of a round share a few tiles, so that they also meet each other. Every fifth answer is "lost": the writer
sends the same bytes with the same key again. The seed is printed; MASKLOOP_TEST_SEED gives it again.
"""

import os
import secrets
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

import numpy as np
import pytest

from maskloop.core.db import session_scope
from maskloop.core.errors import Conflict
from maskloop.core.ids import new_id
from maskloop.imaging.label_tile import TILE, Patch, TilePosition, apply_patch, make_patch
from maskloop.imaging.label_wire import decode_tiles, encode_stroke
from maskloop.segmentations import service
from maskloop.segmentations.errors import StaleVoxels
from maskloop.segmentations.ledger import Author
from maskloop.segmentations.numbers import take_numbers
from maskloop.segmentations.strokes import read_stroke, save_stroke
from maskloop.segmentations.verification import verify_segmentation
from tests.segmentations.drawing import Scene

WRITERS = 8
GRID = (2, 300, 280)
TILES = [TilePosition(0, k, tj, ti).pack() for k in range(2) for tj, ti in [(0, 0), (1, 1)]]
SIZES = {pos: TILE * TILE if n % 2 == 0 else 44 * 24 for n, pos in enumerate(TILES)}


@dataclass
class Outcome:
    """What the writers saw. `accepted`: the patches of each seq, as they were sent."""

    counts: Counter = field(default_factory=Counter)
    accepted: dict[int, dict[int, Patch]] = field(default_factory=dict)
    winners: Counter = field(default_factory=Counter)  # accepted strokes of each pair
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Writer(threading.Thread):
    """Draws what its pair draws, in its own number, over its own connection."""

    def __init__(self, place: int, race: "Race") -> None:
        super().__init__(daemon=True)
        self.place = place
        self.race = race
        self.chance = Random(f"{race.seed}-{place}")

    def run(self) -> None:
        try:
            for number in range(self.race.rounds):
                self.race.barrier.wait(60)  # the state of the round is read
                self.draw(number)
                self.race.barrier.wait(60)
        except BaseException as error:
            self.race.outcome.faults.append(f"writer {self.place}: {type(error).__name__}: {error}")
            self.race.barrier.abort()
            raise

    def draw(self, number: int) -> None:
        pair = number * (WRITERS // 2) + self.place // 2
        patches = self.race.stroke_of(pair, drawn=self.place % 2 + 1)
        body = encode_stroke({"tool": "brush", "active_ms": 1}, patches)
        key = new_id()
        outcome = self.race.outcome
        try:
            first = self.save(body, key)
        except StaleVoxels:
            with outcome.lock:
                outcome.counts["refused"] += 1
            return
        with outcome.lock:
            outcome.counts["accepted"] += 1
            outcome.winners[pair] += 1
            outcome.accepted[first.seq] = patches
        if self.chance.random() < 0.2:
            again = self.save(body, key)
            outcome.counts["repeated"] += 1
            if (again.seq, again.is_new) != (first.seq, False):
                outcome.faults.append(f"the repeat of {first.seq} was answered with {again.seq}")

    def save(self, body: bytes, key):
        stroke = read_stroke(body, GRID)
        with session_scope() as session:
            return save_stroke(session, self.race.id, stroke, key=key, author=Author(self.race.users[self.place]))


class Race:
    """One segmentation, its writers, and the state that all of a round start from."""

    def __init__(self, scene: Scene, *, pairs: int, seed: str) -> None:
        self.id = scene.id
        self.users = [(scene.ann if n % 2 else scene.ben).id for n in range(WRITERS)]
        self.rounds = pairs * 2 // WRITERS
        self.seed = seed
        self.outcome = Outcome()
        self.barrier = threading.Barrier(WRITERS + 1)
        self.state = {pos: np.zeros(SIZES[pos], np.uint16) for pos in TILES}

    def run(self) -> Outcome:
        writers = [Writer(place, self) for place in range(WRITERS)]
        for writer in writers:
            writer.start()
        for _ in range(self.rounds):
            self.state |= self.read()
            self.barrier.wait(60)
            self.barrier.wait(60)
        for writer in writers:
            writer.join(60)
        return self.outcome

    def read(self) -> dict[int, np.ndarray]:
        with session_scope() as session:
            return decode_tiles(service.tiles_since(session, self.id, 0).content).voxels(GRID)

    def stroke_of(self, pair: int, *, drawn: int) -> dict[int, Patch]:
        """Return the same voxels for both writers of a pair: a box in one or two tiles.

        Each voxel gets another number than it has, and another one from each of the two.
        """
        chance = Random(f"{self.seed}-pair-{pair}")
        patches = {}
        for pos in chance.sample(TILES, chance.choice([1, 1, 2])):
            width = TILE if SIZES[pos] == TILE * TILE else 24
            left, top = chance.randrange(width - 8), chance.randrange(30)
            rows = np.arange(top, top + 6)[:, np.newaxis] * width
            indices = (rows + np.arange(left, left + 8)).ravel()
            before = self.state[pos][indices]
            patches[pos] = make_patch(indices, before, (before + np.uint16(drawn)) % np.uint16(3))
        return patches


def overwritten(outcome: Outcome) -> int:
    """Replay the accepted strokes as they were sent: count voxels that were neither before nor after."""
    state = {pos: np.zeros(SIZES[pos], np.uint16) for pos in TILES}
    lost = 0
    for seq in sorted(outcome.accepted):
        for pos, patch in outcome.accepted[seq].items():
            applied = apply_patch(state[pos], patch)
            lost += applied.conflicts
            state[pos] = applied.voxels
    return lost


def race(pairs: int) -> None:
    seed = os.environ.get("MASKLOOP_TEST_SEED") or secrets.token_hex(4)
    with session_scope() as session:
        scene = Scene(session, GRID)

    outcome = Race(scene, pairs=pairs, seed=seed).run()

    counts = outcome.counts
    sys.stdout.write(
        f"\nseed {seed}: {pairs} racing pairs, accepted {counts['accepted']}, refused {counts['refused']}, "
        f"repeated {counts['repeated']}, silent overwrites {overwritten(outcome)}\n"
    )
    with session_scope() as session:
        report = verify_segmentation(session, scene.id)
    assert outcome.faults == []
    assert report.problems == []  # no gap in the log; replaying it gives the store
    assert report.revisions == 2 + counts["accepted"]
    assert sorted(outcome.accepted) == list(range(3, 3 + counts["accepted"]))
    assert overwritten(outcome) == 0
    assert counts["accepted"] + counts["refused"] == 2 * pairs
    assert max(outcome.winners.values()) == 1  # of two who drew other numbers in the same voxels, one at most got in
    assert counts["repeated"] > 0


def test_racing_writers_overwrite_nothing_silently(settings):
    race(500)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_ten_thousand_racing_pairs(settings):
    race(10_000)


def at_once(action) -> list:
    """Return what `action` gives in each of eight threads that begin together."""
    ready = threading.Barrier(WRITERS)

    def run(place: int):
        ready.wait(30)
        with session_scope() as session:
            return action(session, place)

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(run, range(WRITERS)))


def test_one_request_sent_eight_times_at_once_is_saved_once(settings):
    with session_scope() as session:
        scene = Scene(session, GRID)
    stroke, key = read_stroke(scene.body((0, 5, 0, 1)), GRID), new_id()

    answers = at_once(lambda session, _: save_stroke(session, scene.id, stroke, key=key, author=Author(scene.ann.id)))

    assert [answer.seq for answer in answers] == [3] * WRITERS
    assert sum(answer.is_new for answer in answers) == 1


def test_no_number_is_given_out_twice(settings):
    with session_scope() as session:
        scene = Scene(session, GRID)

    def take(session, place: int) -> range:
        row, _ = take_numbers(
            session,
            scene.id,
            label_id=scene.nuclei.id,
            layer=0,
            count=10 + place,
            key=new_id(),
            author=Author(scene.ann.id),
        )
        return range(row.first, row.last + 1)

    given = [number for block in at_once(take) for number in block]

    assert sorted(given) == list(range(3, 3 + sum(10 + place for place in range(WRITERS))))


def test_a_step_undone_eight_times_at_once_is_undone_once(settings):
    with session_scope() as session:
        scene = Scene(session, GRID)
        drawn = scene.draw((0, 5, 0, 1))
    undo = read_stroke(scene.body(undoes=str(drawn.key)), GRID)

    def take_back(session, _: int) -> str:
        try:
            save_stroke(session, scene.id, undo, key=new_id(), author=Author(scene.ann.id))
        except Conflict as error:
            return error.code
        return "undone"

    assert Counter(at_once(take_back)) == {"undone": 1, "already-undone": WRITERS - 1}
