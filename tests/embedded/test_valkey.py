"""The Valkey of the embedded mode."""

from pathlib import Path

import pytest
import redis

from maskloop.embedded.valkey import Valkey


@pytest.fixture
def server(tmp_path):
    server = Valkey(tmp_path / "with space" / "valkey")
    server.start()
    yield server
    server.stop()


def test_it_answers_with_the_password_only(server):
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    with redis.Redis(port=server.port) as nobody, pytest.raises(redis.AuthenticationError):
        nobody.ping()


def test_the_password_is_in_no_argument_and_in_private_files(server):
    arguments = Path(f"/proc/{server.child.pid}/cmdline").read_text()
    password = (server.folder / "password").read_text()

    assert password not in arguments
    assert {(server.folder / name).stat().st_mode & 0o777 for name in ("password", "valkey.conf")} == {0o600}


def test_it_comes_back_on_its_port_with_its_password_and_empty(server):
    url = server.url
    with redis.Redis.from_url(url) as client:
        client.set("bell", "1")
    server.child.kill()
    server.child.wait()

    server.start(port=server.port)

    assert server.url == url
    with redis.Redis.from_url(url) as client:
        assert client.get("bell") is None


def test_a_taken_port_is_an_error_with_the_log(server, tmp_path):
    other = Valkey(tmp_path / "other")

    with pytest.raises(RuntimeError, match="Valkey stopped at start"):
        other.start(port=server.port)
