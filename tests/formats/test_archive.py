"""Zip archives from strangers: read as streams, stopped at the limit, never written by their names."""

import io
import os
import stat
import zipfile

import pytest

from maskloop.formats.archive import read_archive
from maskloop.formats.errors import Refused
from maskloop.formats.limits import Limits


def zipped(path, entries, method=zipfile.ZIP_DEFLATED):
    """Write a zip of (name or ZipInfo, bytes)."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def read(path, target, limits=None, only=None):
    """All entries, written below a fresh folder."""
    target.mkdir(exist_ok=True)
    return list(read_archive(path, target, limits or Limits(), only=only))


def refusal_of(path, target, limits=None):
    """The code with which the archive is refused."""
    with pytest.raises(Refused) as refusal:
        read(path, target, limits)
    return refusal.value.code


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_entries_are_written_under_numbers_with_their_digest(tmp_path, method):
    path = zipped(tmp_path / "a.zip", [("b/one.txt", b"first"), ("c/", b""), ("two", b"second")], method)

    one, two = read(path, tmp_path / "out")

    assert [entry.name for entry in (one, two)] == ["b/one.txt", "two"]
    assert one.path.read_bytes() == b"first"
    assert sorted(os.listdir(tmp_path / "out")) == ["000000", "000001"]
    assert one.digest == "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "..\\evil", "a\\..\\..\\evil"])
def test_a_name_that_leads_out_refuses_the_whole_archive(tmp_path, name):
    info = zipfile.ZipInfo("x")
    info.filename = name
    path = zipped(tmp_path / "a.zip", [("good", b"x"), (info, b"y")])

    assert refusal_of(path, tmp_path / "out") == "archive-unsafe"
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path, kind):
    info = zipfile.ZipInfo("link")
    info.external_attr = (kind | 0o644) << 16
    path = zipped(tmp_path / "a.zip", [(info, b"/etc/passwd")])

    assert refusal_of(path, tmp_path / "out") == "archive-unsafe"


def test_a_bomb_by_its_own_table_is_not_opened(tmp_path):
    path = zipped(tmp_path / "a.zip", [("zeros", bytes(64 * 2**20))])

    assert refusal_of(path, tmp_path / "out") == "archive-bomb"
    assert os.listdir(tmp_path / "out") == []


def test_a_bomb_that_lies_about_its_size_is_stopped_while_it_grows(tmp_path):
    path = zipped(tmp_path / "a.zip", [("zeros", bytes(64 * 2**20))])
    raw = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = raw.index(signature) + offset
        raw[place : place + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(bytes(raw))

    entries = read(path, tmp_path / "out")

    assert entries[0].refusal is not None
    assert sum(file.stat().st_size for file in (tmp_path / "out").iterdir()) == 0


def test_growth_past_the_limit_stops_and_leaves_nothing(tmp_path):
    path = zipped(tmp_path / "a.zip", [("a", os.urandom(3000)), ("b", os.urandom(3000))])

    assert refusal_of(path, tmp_path / "out", Limits(max_expanded_bytes=5000)) == "archive-bomb"


def test_growth_is_stopped_even_where_the_table_said_nothing_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr("maskloop.formats.archive._require_safe", lambda *_: None)
    path = zipped(tmp_path / "a.zip", [("zeros", bytes(64 * 2**20)), ("good", b"x")])

    assert refusal_of(path, tmp_path / "out") == "archive-bomb"
    assert os.listdir(tmp_path / "out") == []


def test_too_many_entries_are_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", [(str(number), b"") for number in range(20)])

    assert refusal_of(path, tmp_path / "out", Limits(max_files=10)) == "archive-bomb"


def test_an_archive_inside_an_archive_is_refused_and_the_rest_goes_on(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x", b"y")
    path = zipped(tmp_path / "a.zip", [("inner.zip", inner.getvalue()), ("good", b"content")])

    nested, good = read(path, tmp_path / "out")

    assert (nested.refusal.code, nested.path) == ("archive-nested", None)
    assert good.path.read_bytes() == b"content"


def test_an_encrypted_entry_is_refused_and_the_rest_goes_on(tmp_path):
    path = zipped(tmp_path / "a.zip", [("secret", b"x" * 40), ("good", b"content")], zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(raw))

    secret, good = read(path, tmp_path / "out")

    assert secret.refusal.code == "archive-encrypted"
    assert good.refusal is None


def test_a_damaged_entry_is_named_and_the_rest_goes_on(tmp_path):
    path = zipped(tmp_path / "a.zip", [("bad", b"x" * 400), ("good", b"content")], zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"x" * 400) + 7] ^= 1
    path.write_bytes(bytes(raw))

    bad, good = read(path, tmp_path / "out")

    assert bad.refusal.code == "archive-damaged"
    assert good.path.read_bytes() == b"content"
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["000001"]


@pytest.mark.parametrize("keep", [10, 60, -10])
def test_a_cut_archive_is_refused(tmp_path, keep):
    path = zipped(tmp_path / "a.zip", [("a", b"content" * 9)])
    path.write_bytes(path.read_bytes()[:keep])

    assert refusal_of(path, tmp_path / "out") == "archive-damaged"


def test_only_the_asked_entries_are_read(tmp_path):
    path = zipped(tmp_path / "a.zip", [(name, name.encode()) for name in "abc"])

    entries = read(path, tmp_path / "out", only=frozenset({1}))

    assert [(entry.index, entry.name) for entry in entries] == [(1, "b")]
