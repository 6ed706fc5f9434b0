"""The codecs of label tiles and patches: golden vectors, round trips, hostile bytes."""

import base64
import json
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskloop.imaging.errors import ImagingError, ShapeError
from maskloop.imaging.label_tile import (
    Patch,
    TilePosition,
    apply_patch,
    decode_patch,
    decode_tile,
    diff_patch,
    encode_patch,
    encode_tile,
    tile_shape,
    unpack_position,
)
from maskloop.imaging.label_wire import SeqTile, decode_stroke, decode_tiles, encode_stroke, encode_tiles
from maskloop.imaging.varint import CodecError, decode_varints, encode_varints

VECTORS = Path(__file__).parent.parent / "vectors"


def vectors(name: str) -> list[dict]:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def named(name: str):
    return pytest.mark.parametrize("vector", vectors(name), ids=lambda vector: vector["name"])


def raw(text: str) -> bytes:
    return base64.b64decode(text)


def values_of(text: str) -> np.ndarray:
    return np.frombuffer(raw(text), "<u2").astype(np.uint16)


def patch_of(runs: list[list[int]]) -> Patch:
    table = np.array(runs, np.int64).reshape(-1, 4)
    return Patch(table[:, 0], table[:, 1], table[:, 2].astype(np.uint16), table[:, 3].astype(np.uint16))


def runs_of(patch: Patch) -> list[list[int]]:
    return np.stack([patch.starts, patch.lengths, patch.before, patch.after], axis=1).tolist()


def answer(decode, *given) -> str:
    """Return what a decoder says: that it could read it, or why not. Any other error fails the test."""
    try:
        decode(*given)
    except ImagingError as error:
        return error.detail
    return "read"


# Few numbers in long and short runs: what labels look like.
tiles = st.lists(st.tuples(st.integers(1, 90), st.sampled_from([0, 0, 1, 2, 300, 65535])), min_size=1, max_size=40).map(
    lambda runs: np.repeat(np.array([run[1] for run in runs], np.uint16), [run[0] for run in runs])
)


@named("label-tiles")
def test_tiles_agree_with_the_golden_vectors(vector):
    size = vector["width"] * vector["height"]

    decoded = decode_tile(raw(vector["bytes"]), size)
    encoded = encode_tile(values_of(vector["values"]))

    np.testing.assert_array_equal(decoded, values_of(vector["values"]))
    assert zlib.decompress(encoded) == raw(vector["raw"])


@named("patches")
def test_patches_agree_with_the_golden_vectors(vector):
    patch = decode_patch(raw(vector["bytes"]), vector["width"] * vector["height"])

    assert runs_of(patch) == vector["runs"]
    assert zlib.decompress(encode_patch(patch)) == raw(vector["raw"])


@named("strokes")
def test_save_bodies_agree_with_the_golden_vectors(vector):
    body = decode_stroke(raw(vector["bytes"]), tuple(vector["shape"]))

    assert body.header == vector["header"]
    assert {str(pos): runs_of(patch) for pos, patch in body.patches.items()} == {
        part["pos"]: part["runs"] for part in vector["patches"]
    }
    again = decode_stroke(encode_stroke(body.header, body.patches), tuple(vector["shape"]))
    assert {pos: runs_of(patch) for pos, patch in again.patches.items()} == {
        pos: runs_of(patch) for pos, patch in body.patches.items()
    }


@named("tiles")
def test_tiles_bodies_agree_with_the_golden_vectors(vector):
    body = decode_tiles(raw(vector["bytes"]))

    voxels = body.voxels(tuple(vector["shape"]))
    assert body.seq == vector["seq"]
    assert [(str(tile.pos), tile.seq) for tile in body.tiles] == [
        (part["pos"], part["seq"]) for part in vector["tiles"]
    ]
    for part in vector["tiles"]:
        np.testing.assert_array_equal(voxels[int(part["pos"])], values_of(part["values"]))
    assert encode_tiles(body.seq, body.tiles) == raw(vector["bytes"])


@named("bad-label-bytes")
def test_damaged_bytes_are_refused(vector):
    decode = decode_tile if vector["kind"] == "tile" else decode_patch

    with pytest.raises(CodecError):
        decode(raw(vector["bytes"]), 16)


def test_a_position_keeps_its_parts():
    position = TilePosition(layer=511, k=0xFFFFFF, tj=0x7FFF, ti=3)

    assert unpack_position(position.pack()) == position
    assert position.pack() < 1 << 63


def test_edge_tiles_are_cut_and_others_are_refused():
    grid = (4, 300, 280)

    assert tile_shape(grid, TilePosition(0, 3, 1, 1).pack()) == (44, 24)
    for outside in [TilePosition(0, 4, 0, 0), TilePosition(0, 0, 2, 0), TilePosition(0, 0, 0, 2)]:
        with pytest.raises(ShapeError, match="there is no tile"):
            tile_shape(grid, outside.pack())


def test_a_voxel_is_drawn_kept_or_a_conflict():
    voxels = np.array([0, 1, 2, 3, 3], np.uint16)
    patch = patch_of([[0, 3, 0, 1], [4, 1, 3, 2]])

    applied = apply_patch(voxels, patch)

    assert applied.voxels.tolist() == [1, 1, 2, 3, 2]
    assert runs_of(applied.changed) == [[0, 1, 0, 1], [4, 1, 3, 2]]
    assert applied.conflicts == 1  # voxel 2 is neither 0 nor 1 already


def test_runs_that_could_be_one_are_stored_as_one():
    split = Patch(np.array([2, 4]), np.array([2, 3]), np.array([0, 0], np.uint16), np.array([7, 7], np.uint16))

    applied = apply_patch(np.zeros(10, np.uint16), split)

    assert not split.is_minimal()
    assert applied.changed.is_minimal()
    np.testing.assert_array_equal(applied.voxels, [0, 0, 7, 7, 7, 7, 7, 0, 0, 0])
    np.testing.assert_array_equal(applied.changed.lengths, [5])


def test_a_run_that_asserts_nothing_changes_nothing():
    applied = apply_patch(np.array([7, 8], np.uint16), patch_of([[0, 2, 4, 4]]))

    assert applied.voxels.tolist() == [7, 8]
    assert (applied.conflicts, applied.changed.starts.size) == (0, 0)


@given(st.lists(st.integers(0, 0xFFFF_FFFF), max_size=60))
def test_varints_come_back(values):
    encoded = encode_varints(np.array(values, np.int64))

    assert decode_varints(np.frombuffer(encoded, np.uint8)).tolist() == values


@given(tiles)
def test_a_tile_comes_back(voxels):
    np.testing.assert_array_equal(decode_tile(encode_tile(voxels), voxels.size), voxels)


@given(tiles, st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_a_difference_is_drawn_and_taken_back(before, seed, share):
    drawn = np.random.default_rng(seed).random(before.size) < share
    after = np.where(drawn, np.uint16(9), before).astype(np.uint16)
    patch = decode_patch(encode_patch(diff_patch(before, after)), before.size)

    applied = apply_patch(before, patch)
    back = apply_patch(applied.voxels, applied.changed.swapped())

    np.testing.assert_array_equal(applied.voxels, after)
    np.testing.assert_array_equal(back.voxels, before)
    assert (applied.conflicts, back.conflicts) == (0, 0)


@given(tiles, tiles, tiles)
def test_the_stored_patch_holds_what_really_changed(current, before, after):
    size = min(current.size, before.size, after.size)
    current, before, after = current[:size], before[:size], after[:size]

    applied = apply_patch(current, diff_patch(before, after))

    matters = before != after
    expected = np.where(matters & (current == before), after, current)
    np.testing.assert_array_equal(applied.voxels, expected)
    assert applied.conflicts == np.count_nonzero(matters & (current != before) & (current != after))
    assert applied.changed.voxels == np.count_nonzero(expected != current)


@settings(max_examples=300)
@given(st.binary(max_size=200), st.booleans(), st.integers(1, 65536))
def test_hostile_bytes_are_refused_or_read(content, is_deflated, size):
    packed = zlib.compress(b"\x01" + content, 1) if is_deflated else content

    for decode in (decode_tile, decode_patch):
        assert answer(decode, packed, size)


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_hostile_bodies_are_refused_or_read(content):
    for version in (b"", b"\x01"):
        assert answer(decode_stroke, version + content, (4, 300, 280))
        assert answer(decode_tiles, version + content)


@given(st.sampled_from(vectors("strokes")), st.data())
def test_a_save_body_cut_or_flipped_anywhere_never_crashes(vector, data):
    content = bytearray(raw(vector["bytes"]))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    end = data.draw(st.integers(place, len(content)))

    assert answer(decode_stroke, bytes(content[:end]), tuple(vector["shape"]))


def test_a_bomb_takes_no_memory():
    bomb = zlib.compress(b"\x01\x01" + bytes(64 << 20), 9)
    tracemalloc.start()

    with pytest.raises(CodecError, match="inflates to more than"):
        decode_patch(bomb, 65536)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_body_with_too_many_runs_is_refused():
    runs = np.arange(0, 65536, 2)
    dense = Patch(runs, np.ones_like(runs), np.zeros(runs.size, np.uint16), np.ones(runs.size, np.uint16))
    patches = {TilePosition(0, k, 0, 0).pack(): dense for k in range(120)}

    with pytest.raises(CodecError, match="inflates to more than"):
        decode_stroke(encode_stroke({"tool": "brush", "active_ms": 1}, patches), (200, 256, 256))


def test_the_same_tile_twice_is_refused():
    once = encode_stroke({"tool": "brush", "active_ms": 1}, {0: patch_of([[0, 1, 0, 1]])})
    header = 2 + once[1]
    twice = once[:header] + b"\x02" + once[header + 1 :] * 2

    with pytest.raises(CodecError, match="twice"):
        decode_stroke(twice, (1, 8, 8))


def test_numbers_that_json_has_not_are_refused():
    text = b'{"tool":"brush","active_ms":NaN}'

    with pytest.raises(CodecError, match="not JSON"):
        decode_stroke(b"\x01" + bytes([len(text)]) + text + b"\x00", (1, 8, 8))


def test_a_tiles_body_comes_back():
    tile = SeqTile(TilePosition(2, 1, 0, 0).pack(), 300, encode_tile(np.ones(64, np.uint16)))

    body = decode_tiles(encode_tiles(301, [tile]))

    assert (body.seq, list(body.tiles)) == (301, [tile])
