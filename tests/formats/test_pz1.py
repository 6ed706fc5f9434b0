"""The tile codec against golden vectors that another encoder made, and against damage."""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from maskloop.formats.errors import BrokenFile
from maskloop.formats.pz1 import decode_tile, encode_tile
from maskloop.imaging.errors import ShapeError

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "pz1.json").read_text())


def values_of(vector):
    """The plain array of a vector."""
    flat = np.frombuffer(base64.b64decode(vector["values"]), dtype=np.dtype(vector["dtype"]).newbyteorder("<"))
    shape = (vector["height"], vector["width"], 3) if vector["channels"] == 3 else (vector["height"], vector["width"])
    return flat.reshape(shape)


def decode(payload, tile):
    """Decode as the tile's shape and type say."""
    channels = 3 if tile.ndim == 3 else 1
    return decode_tile(payload, rows=tile.shape[0], columns=tile.shape[1], dtype=str(tile.dtype), channels=channels)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_golden_bytes_decode_to_the_plain_values(vector):
    tile = values_of(vector)

    np.testing.assert_array_equal(decode(base64.b64decode(vector["bytes"]), tile), tile)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_our_encoder_packs_the_same_planes_as_the_plain_one(vector):
    ours = zlib.decompress(encode_tile(values_of(vector)))

    assert ours == zlib.decompress(base64.b64decode(vector["bytes"]))


@given(
    st.sampled_from(["int16", "uint16", "uint8", "float32"]).flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40))
    )
)
@settings(max_examples=150, deadline=None)
def test_every_tile_comes_back_bit_for_bit(tile):
    again = decode(encode_tile(tile), tile)

    assert again.dtype == tile.dtype
    assert again.tobytes() == np.ascontiguousarray(tile).tobytes()


def test_a_view_into_a_larger_plane_is_encoded_like_its_copy():
    plane = np.random.default_rng(1).integers(0, 4000, (100, 90), dtype=np.uint16)

    assert encode_tile(plane[10:60, 5:80]) == encode_tile(plane[10:60, 5:80].copy())


@pytest.mark.parametrize("place", [0, 5, -1, -5])
def test_a_flipped_bit_is_found(place):
    tile = np.arange(400, dtype=np.int16).reshape(20, 20)
    payload = bytearray(encode_tile(tile))
    payload[place] ^= 0x10

    with pytest.raises(BrokenFile):
        decode(bytes(payload), tile)


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"x", lambda _: b"", lambda b: b[:2]])
def test_a_cut_or_longer_stream_is_refused(change):
    tile = np.arange(400, dtype=np.int16).reshape(20, 20)

    with pytest.raises(BrokenFile):
        decode(change(encode_tile(tile)), tile)


def test_a_stream_that_inflates_past_its_tile_is_refused():
    small = np.zeros((2, 2), dtype=np.uint8)

    with pytest.raises(BrokenFile):
        decode(encode_tile(np.zeros((512, 512), dtype=np.uint8)), small)


@pytest.mark.parametrize(
    "tile", [np.zeros((2, 2), np.int32), np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2, 3), np.uint16), np.zeros(4)]
)
def test_other_types_are_not_encoded(tile):
    with pytest.raises(ShapeError):
        encode_tile(tile)
