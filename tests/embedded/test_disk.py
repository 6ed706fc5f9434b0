"""`maskloop up` on a disk that is too small, full, read-only, or becomes full while people work."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import numpy as np
import psycopg
import pytest
from PIL import Image

from maskloop.client.client import Client
from maskloop.client.errors import MaskloopError
from maskloop.embedded.children import free_port
from maskloop.imaging.label_tile import TilePosition, decode_tile, make_patch
from maskloop.imaging.label_wire import decode_tiles, encode_stroke
from tests.embedded.small_disk import SmallDisk, small_disk
from tests.embedded.test_up import wait_gone, wait_ready

STROKE = {"Content-Type": "application/vnd.maskloop.stroke"}
SIDE = 1024
TILES = [TilePosition(0, 0, row, column).pack() for row in range(4) for column in range(4)]
TILE_VOXELS = 256 * 256


def refusal(disk: SmallDisk) -> str:
    """Start it, and return the one sentence with which it must end."""
    up = disk.up(port=free_port())
    output, errors = up.communicate(timeout=90)

    assert up.returncode == 2
    assert output == ""
    assert len(errors.splitlines()) == 1, errors
    assert wait_gone(disk.data_dir) == []
    return errors.strip()


def files_of(disk: SmallDisk) -> set[str]:
    """Return the names of the Postgres files, made or half made."""
    return {path.name for path in (disk.seen / "data" / "postgres").glob("data*")}


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """A disk with a data directory that was used before."""
    with small_disk(tmp_path_factory.mktemp("disk") / "small", "size=400m") as disk:
        with running(disk):
            pass
        yield disk


@contextlib.contextmanager
def running(disk: SmallDisk, **settings: str) -> Iterator[str]:
    """The address of the service while it runs on this disk; it must stop clean."""
    up = disk.up(port=free_port(), **settings)
    try:
        yield wait_ready(up, disk.seen / "data")["url"]
    finally:
        up.terminate()
        _, errors = up.communicate(timeout=60)
    assert up.returncode == 0, errors
    assert "Traceback" not in errors
    assert wait_gone(disk.data_dir) == []


def test_a_disk_that_is_too_small_is_said_at_once(tmp_path):
    with small_disk(tmp_path / "small", "size=100m") as disk:
        said = refusal(disk)

        assert said == f"The disk of {disk.data_dir} has 100 MiB left; 200 MiB are needed."
        assert files_of(disk) == set()


def test_a_first_start_that_runs_out_half_way_leaves_nothing_half_made(tmp_path):
    with small_disk(tmp_path / "small", "size=400m,nr_inodes=500") as disk:
        said = refusal(disk)
        left = files_of(disk)
        disk.remount("size=400m,nr_inodes=100000")
        with running(disk):
            pass

    assert said.startswith("Maskloop cannot start: PostgreSQL could not make its files: ")
    assert said.endswith("No space left on device.")
    assert left == set()


def test_a_warm_folder_on_a_disk_full_to_the_last_byte_is_named(warm):
    warm.fill()
    said = refusal(warm)
    warm.free()

    assert said == f"The data folder {warm.data_dir} cannot be written: No space left on device."


def test_a_warm_folder_on_a_read_only_disk_is_named(warm):
    warm.remount("ro")
    said = refusal(warm)
    warm.remount("rw")

    assert said == f"The data folder {warm.data_dir} cannot be written: Read-only file system."


class Reader:
    """Draws noise over a whole image, endlessly, and knows what was answered."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.http = client.transport.http
        self.project = client.create_project(
            f"Disk {uuid4()}", [{"name": "Bone", "color": "#ea9e51", "kind": "semantic"}]
        )
        Image.fromarray(noise(1)).save(folder / "first.png")
        list(client.import_files(self.project.id, [("first.png", folder / "first.png")]))
        segmentation = client.segmentation(client.images(self.project.id)[0].id)
        self.at = f"segmentations/{segmentation.id}"
        label = client.labels(self.project.id)[0]
        self.http.post(f"{self.at}/numbers", json={"label_id": str(label.id)}, headers=key()).raise_for_status()
        self.drawn = np.zeros((len(TILES), TILE_VOXELS), np.uint16)
        self.seed = 0

    def stroke(self) -> tuple[bytes, np.ndarray]:
        """Return the body of the next stroke and what is drawn when it is saved."""
        self.seed += 1
        chosen = np.random.default_rng(self.seed).random(self.drawn.shape) < 0.3
        after = np.where(chosen, 1 - self.drawn, self.drawn).astype(np.uint16)
        patches = {}
        for place, pos in enumerate(TILES):
            indices = np.flatnonzero(chosen[place])
            patches[pos] = make_patch(indices, self.drawn[place][indices], after[place][indices])
        return encode_stroke({"tool": "brush", "active_ms": 10}, patches), after

    def save(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """Send a stroke; a connection that breaks is a test that fails."""
        return self.http.post(f"{self.at}/revisions", content=body, headers=STROKE | headers)

    def stored(self) -> np.ndarray:
        """Return what the server has."""
        found = {tile.pos: tile.content for tile in decode_tiles(self.http.get(f"{self.at}/tiles").content).tiles}
        empty = np.zeros(TILE_VOXELS, np.uint16)
        return np.stack([decode_tile(found[pos], TILE_VOXELS) if pos in found else empty for pos in TILES])


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE), dtype=np.uint8)


def token_of(disk: SmallDisk) -> str:
    words = ["-m", "maskloop.cli", "token", "add", "--user", "admin", "--data-dir", str(disk.data_dir)]
    made = subprocess.run(disk.command(sys.executable, *words), capture_output=True, text=True, check=True, timeout=60)
    return made.stdout.strip()


def until_refused(reader: Reader) -> tuple[bytes, dict[str, str], np.ndarray, httpx.Response]:
    """Save until the disk refuses; return the stroke that was not saved."""
    for _ in range(400):
        body, after = reader.stroke()
        headers = key()
        answer = reader.save(body, headers)
        if answer.status_code != 201:
            return body, headers, after, answer
        reader.drawn = after
    raise AssertionError("400 strokes went into a full disk")


def until_saved(reader: Reader, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """Repeat the same bytes under the same key, as a browser does."""
    deadline = time.monotonic() + 60
    while (answer := reader.save(body, headers)).status_code != 201:
        assert answer.status_code in {503, 507}, answer.text
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.5)
    return answer


def exhaust_wal(disk: SmallDisk) -> None:
    """Ask for WAL segments that the disk has no room for, until the database is down."""
    url = json.loads((disk.seen / "data" / "services.json").read_text())["database_url"]
    with contextlib.suppress(psycopg.Error):
        for _ in range(20):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("SELECT pg_switch_wal()")
                connection.execute("SELECT pg_current_xact_id()")


def outcome_of_import(client: Client, reader: Reader, path: Path) -> str:
    try:
        items = list(client.import_files(reader.project.id, [(path.name, path)]))
    except MaskloopError as error:
        return f"{error.code}: {error}"
    return items[0].outcome


def test_a_disk_that_fills_up_while_people_work_costs_nothing_that_was_saved(warm, tmp_path):
    with running(warm, MASKLOOP_LOW_SPACE_BYTES="0") as url, Client(url, token_of(warm)) as client:
        reader = Reader(client, tmp_path)
        Image.fromarray(noise(2)).save(tmp_path / "second.png")

        warm.fill()
        refused_import = outcome_of_import(client, reader, tmp_path / "second.png")
        body, headers, after, refused = until_refused(reader)
        warm.free()
        saved = until_saved(reader, body, headers)

        assert refused_import.startswith("storage-low: The server ")
        assert (refused.status_code, refused.json()["code"]) in {(507, "storage-low"), (503, "unavailable")}
        assert refused.json()["detail"].endswith(".")
        assert saved.status_code == 201
        assert np.array_equal(reader.stored(), after)
        assert outcome_of_import(client, reader, tmp_path / "second.png") == "accepted"
        assert len(client.images(reader.project.id)) == 2


def test_a_database_that_panics_for_want_of_space_is_back_by_itself(warm, tmp_path):
    with running(warm, MASKLOOP_LOW_SPACE_BYTES="0") as url, Client(url, token_of(warm)) as client:
        reader = Reader(client, tmp_path)
        body, after = reader.stroke()
        headers = key()

        warm.fill()
        exhaust_wal(warm)
        refused = reader.save(body, headers)
        warm.free()
        saved = until_saved(reader, body, headers)

        assert "PANIC" in (warm.seen / "data" / "postgres" / "postgres.log").read_text()
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert saved.status_code == 201
        assert np.array_equal(reader.stored(), after)


def test_uploads_wait_before_the_disk_is_full_while_saves_work(warm, tmp_path):
    with running(warm) as url, Client(url, token_of(warm)) as client:
        project = client.create_project("Low", [])
        Image.fromarray(noise(3)).save(tmp_path / "third.png")

        with pytest.raises(MaskloopError) as refused:
            list(client.import_files(project.id, [("third.png", tmp_path / "third.png")]))

    assert (refused.value.status, refused.value.code) == (507, "storage-low")
    assert json.dumps(str(refused.value)).isascii()
