"""`maskloop up` as a person meets it: it starts, refuses in one sentence, stops clean, and leaves no orphan."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from maskloop.embedded.children import free_port

ORDINARY = 1000


def start_up(data_dir: Path, *, port: int | None = None, become: Sequence[str] = ()) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "maskloop.cli",
        "up",
        "--data-dir",
        str(data_dir),
        "--port",
        str(port or free_port()),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MASKLOOP_")}
    return subprocess.Popen(
        [*become, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


def wait_ready(up: subprocess.Popen[str], data_dir: Path, *, timeout_s: float = 60) -> dict:
    deadline = time.monotonic() + timeout_s
    while (endpoint := read_endpoint(data_dir)).get("pids", {}).get("supervisor") != up.pid:
        if up.poll() is not None:
            raise AssertionError(f"`up` ended: {up.stdout.read()}")
        if time.monotonic() > deadline:
            logs = {path.name: path.read_text()[-1000:] for path in (data_dir / "logs").glob("*.log")}
            raise AssertionError(f"not ready after {timeout_s} s: {logs}")
        time.sleep(0.05)
    return endpoint


def read_endpoint(data_dir: Path) -> dict:
    try:
        return json.loads((data_dir / "endpoint.json").read_text())
    except FileNotFoundError:
        return {}


def processes_of(data_dir: Path) -> list[str]:
    """Command lines that name the folder, or whose environment does."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (entry / "stat").read_text().rsplit(") ", 1)[1].split()[0]
            environment = (entry / "environ").read_bytes() if state != "Z" else b""
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
            if state != "Z" and (str(data_dir).encode() in command or str(data_dir).encode() in environment):
                found.append(command.decode(errors="replace"))
    return found


def wait_gone(data_dir: Path, *, timeout_s: float = 20) -> list[str]:
    deadline = time.monotonic() + timeout_s
    while (left := processes_of(data_dir)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict]]:
    data_dir = tmp_path_factory.mktemp("up") / "data"
    up = start_up(data_dir)
    yield data_dir, wait_ready(up, data_dir)
    up.terminate()
    status = up.wait(30)
    up.stdout.close()
    assert status == 0
    assert wait_gone(data_dir) == []
    assert read_endpoint(data_dir) == {}


def test_up_answers_and_names_its_parts(running):
    data_dir, endpoint = running

    with urllib.request.urlopen(endpoint["url"] + "/readyz", timeout=5) as answer:
        assert answer.status == 200
    assert set(endpoint["pids"]) == {"supervisor", "api", "relay", "worker", "postgres", "valkey"}
    assert (data_dir / "admin-password").stat().st_mode & 0o777 == 0o600


def test_a_second_up_on_the_same_folder_says_so(running):
    data_dir, _ = running

    second = start_up(data_dir)
    output, _ = second.communicate(timeout=30)

    assert second.returncode == 2
    assert output.strip().splitlines()[-1] == f"Another `maskloop up` is already running on {data_dir}."


@pytest.mark.parametrize("part", ["api", "postgres", "valkey"])
def test_a_part_that_dies_is_started_again(running, part):
    _, endpoint = running
    os.kill(endpoint["pids"][part], signal.SIGKILL)
    time.sleep(0.3)  # until the kernel has ended it

    deadline = time.monotonic() + 30
    answered = False
    while not answered and time.monotonic() < deadline:
        time.sleep(0.2)
        with contextlib.suppress(OSError):
            answered = urllib.request.urlopen(endpoint["url"] + "/readyz", timeout=2).status == 200

    assert answered


def test_nothing_is_orphaned_and_nothing_lost_after_kill_9(tmp_path):
    data_dir = tmp_path / "data"
    up = start_up(data_dir)
    wait_ready(up, data_dir)
    services = json.loads((data_dir / "services.json").read_text())
    with psycopg.connect(services["database_url"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 41 AS value")

    up.kill()
    up.wait(10)
    up.stdout.close()

    assert wait_gone(data_dir) == []
    again = start_up(data_dir)
    wait_ready(again, data_dir)
    services = json.loads((data_dir / "services.json").read_text())
    with psycopg.connect(services["database_url"]) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (41,)
    again.send_signal(signal.SIGINT)
    assert again.wait(30) == 0
    again.stdout.close()


@pytest.mark.parametrize("after_s", [0.5, 1.5])
def test_a_first_start_that_was_killed_at_any_moment_is_begun_again(tmp_path, after_s):
    data_dir = tmp_path / "data"
    up = start_up(data_dir)
    time.sleep(after_s)

    up.kill()
    up.wait(10)
    up.stdout.close()

    assert wait_gone(data_dir) == []
    again = start_up(data_dir)
    wait_ready(again, data_dir)
    again.terminate()
    assert again.wait(30) == 0
    assert (data_dir / "admin-password").exists()
    again.stdout.close()


def test_stopped_while_it_starts_it_leaves_nothing(tmp_path):
    data_dir = tmp_path / "data"
    up = start_up(data_dir)
    while not (data_dir / "postgres").exists() and up.poll() is None:
        time.sleep(0.02)

    up.terminate()
    output, _ = up.communicate(timeout=30)

    assert up.returncode == 0
    assert "Traceback" not in output
    assert wait_gone(data_dir) == []


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        up = start_up(tmp_path / "data", port=port)
        output, _ = up.communicate(timeout=30)

    assert up.returncode == 2
    assert f"Port {port} on 127.0.0.1 cannot be used" in output
    assert wait_gone(tmp_path / "data") == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    up = start_up(blocked / "data")
    output, _ = up.communicate(timeout=30)

    assert up.returncode == 2
    assert f"The data folder {blocked / 'data'} cannot be written" in output
    assert "Traceback" not in output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs the namespace; for others every test is this one")
def test_up_works_for_an_ordinary_user(tmp_path):
    data_dir = tmp_path / "data"

    up = start_up(data_dir, become=["unshare", "--user", f"--map-user={ORDINARY}", f"--map-group={ORDINARY}"])
    wait_ready(up, data_dir)

    assert "First start: user admin" in up.stdout.readline()
    up.terminate()
    assert up.wait(30) == 0
    assert wait_gone(data_dir) == []
    up.stdout.close()
