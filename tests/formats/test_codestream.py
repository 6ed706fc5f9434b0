"""The size that a codestream claims is known before anything is decoded."""

import imagecodecs
import numpy as np
import pytest

from maskloop.formats.codestream import ClaimedSize, claimed_size

GREY = np.arange(30 * 40, dtype=np.uint16).reshape(30, 40)
COLOUR = np.zeros((30, 40, 3), dtype=np.uint8)
STREAMS = {
    "JPEG": (imagecodecs.jpeg8_encode(COLOUR), ClaimedSize(30, 40, 3, 8)),
    "JPEG-LS": (imagecodecs.jpegls_encode(GREY), ClaimedSize(30, 40, 1, 11)),
    "JPEG 2000": (imagecodecs.jpeg2k_encode(GREY, codecformat="j2k"), ClaimedSize(30, 40, 1, 16)),
    "JP2": (imagecodecs.jpeg2k_encode(COLOUR, codecformat="jp2"), ClaimedSize(30, 40, 3, 8)),
    "lossless JPEG": (imagecodecs.ljpeg_encode(GREY), ClaimedSize(30, 40, 1, 11)),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_rows_columns_and_components_are_read(kind):
    stream, meant = STREAMS[kind]

    claimed = claimed_size(stream)

    assert (claimed.rows, claimed.columns, claimed.components) == (meant.rows, meant.columns, meant.components)
    assert claimed.precision >= min(meant.precision, 8)


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("keep", [0, 1, 3, 9, 20])
def test_a_cut_stream_claims_nothing_or_something_but_never_fails(kind, keep):
    stream, _ = STREAMS[kind]

    assert claimed_size(stream[:keep]) is None or keep >= 9


def test_other_bytes_claim_nothing():
    assert claimed_size(b"") is None
    assert claimed_size(bytes(100)) is None
    assert claimed_size(b"\xff\xd8\xff\xff\xff\xff") is None
