"""Reads of a segmentation of 200 tiles with 50 revisions each, straight on the database and over REST."""

import zlib
from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from maskloop.core import clock
from maskloop.core.db import session_scope
from maskloop.core.ids import new_id
from maskloop.imaging.label_tile import TilePosition, decode_tile, encode_tile
from maskloop.imaging.label_wire import encode_stroke
from maskloop.segmentations import history, service, thinning
from maskloop.segmentations.ledger import Author
from maskloop.segmentations.strokes import read_stroke, save_stroke
from maskloop.segmentations.verification import verify_segmentation
from tests.bench.peer import peer
from tests.bench.rows import Row, median_row, timed
from tests.bench.site import Site, durable_database, site
from tests.bench.strokes import HEADER, disc

GRID = (200, 256, 256)
REVISIONS = 50


def measure() -> Iterator[Row]:
    """Yield the rows of reading."""
    yield from codecs()
    with durable_database(), site(grid=GRID, segmentations=1) as at:
        newest = fill(at)
        yield from reads(at, newest)
        yield one_pass("thin 10,000 rows to 200", at, lambda session, it: thinning.thin(session, it, before=_later()))
        yield query(
            "state at an old seq, 200 tiles, thinned", at, lambda s, it: service.tiles_at(s, it, newest // 2), 10
        )
        yield one_pass("verify a segmentation of 10,000 tile rows", at, verify_segmentation)


def codecs() -> Iterator[Row]:
    """Yield the time of one tile of a dense nuclei field, there and back; the peer deflates the plain array."""
    j, i = np.ogrid[:256, :256]
    cells = ((j // 12) * 22 + i // 12 + 1) * ((j % 12 - 6) ** 2 + (i % 12 - 6) ** 2 < 26)
    voxels = cells.astype(np.uint16).ravel()
    content, whole = encode_tile(voxels), zlib.compress(voxels.tobytes(), 1)
    plain = timed(lambda: zlib.compress(voxels.tobytes(), 1), times=300)
    inflated = timed(lambda: np.frombuffer(zlib.decompress(whole), np.uint16), times=300)
    yield median_row("encode a dense label tile", timed(lambda: encode_tile(voxels), times=300), peer_ms=plain)
    yield median_row(
        "decode a dense label tile", timed(lambda: decode_tile(content, 65536), times=300), peer_ms=inflated
    )


def fill(at: Site) -> int:
    """Save 50 revisions of all 200 tiles and return the newest seq."""
    seq = 0
    for step in range(REVISIONS):
        before, after = step % 3, (step + 1) % 3
        patches = {
            TilePosition(0, k, 0, 0).pack(): disc((128, 128), 60, before=before, after=after) for k in range(200)
        }
        stroke = read_stroke(encode_stroke(HEADER, patches), GRID)
        with session_scope() as session:
            seq = save_stroke(session, at.segmentations[0], stroke, key=new_id(), author=Author(at.user_id)).seq
    return seq


def reads(at: Site, newest: int) -> Iterator[Row]:
    """Yield the rows of reading before anything is thinned."""
    caller, target = at.connect(), at.segmentations[0]
    yield query("live tiles, 200 tiles x 50 revisions", at, lambda s, it: service.tiles_since(s, it, 0))
    yield query("tiles newer than a seq (none of them)", at, lambda s, it: service.tiles_since(s, it, newest))
    yield query("state at an old seq, 200 tiles", at, lambda s, it: service.tiles_at(s, it, newest // 2))
    yield query("blame of a slice, 50 revisions", at, lambda s, it: history.blame(s, it, layer=0, k=100))
    yield query("history, 50 lines", at, lambda s, it: history.list_revisions(s, it, before=None, limit=50))
    path = f"/segmentations/{target}/tiles?since=0"
    with peer() as other:
        other.save("checked")
        whole = timed(other.read, times=100)
    taken = timed(lambda: caller.ask("GET", path), times=100)
    yield median_row("live tiles over REST, 200 tiles (peer: the whole mask's file)", taken, peer_ms=whole)


def query(name: str, at: Site, read, times: int = 60) -> Row:
    """Return the median of a read in a transaction of its own."""

    def once() -> None:
        with session_scope() as session:
            read(session, at.segmentations[0])

    return median_row(name, timed(once, times=times))


def one_pass(name: str, at: Site, action) -> Row:
    """Return the time of something that is done once."""

    def once() -> None:
        with session_scope() as session:
            action(session, at.segmentations[0])

    return Row(name, timed(once, times=1, warm=0)[0], "ms", "once")


def _later():
    return clock.now() + timedelta(days=1)
