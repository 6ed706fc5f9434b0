"""Cursors come back from strangers: one that no list gave is refused in words."""

import base64

import orjson
import pytest

from maskloop.api.pagination import encode_cursor, id_after, number_before
from maskloop.core.errors import Invalid
from maskloop.core.ids import new_id

FORGED = ["%%%", "bm90IGpzb24", encode_cursor(), encode_cursor(1, 2), encode_cursor({"a": 1}), encode_cursor(None)]


def test_a_cursor_gives_back_its_key():
    made = new_id()

    assert id_after(encode_cursor(made)) == made
    assert number_before(encode_cursor(41)) == 41
    assert id_after(None) is None


@pytest.mark.parametrize("read", [id_after, number_before])
@pytest.mark.parametrize("cursor", [*FORGED, encode_cursor("x"), base64.b64encode(orjson.dumps([1.5])).decode()])
def test_a_forged_cursor_is_refused(read, cursor):
    with pytest.raises(Invalid) as refusal:
        read(cursor)

    assert refusal.value.code == "bad-cursor"
