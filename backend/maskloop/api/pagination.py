"""Cursor pages: `{items, next_cursor}`, ordered by a key that ends in the id."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import BaseModel

from maskloop.core.errors import Invalid

Limit = Annotated[int, Query(ge=1, le=500, description="items of one page")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")]

Item = TypeVar("Item", bound=BaseModel)
Row = TypeVar("Row")


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next_cursor: str | None = None


def encode_cursor(*key: object) -> str:
    """Return the opaque cursor of the last row's key."""
    return base64.urlsafe_b64encode(orjson.dumps(key, default=str)).decode().rstrip("=")


def decode_cursor(cursor: str | None, *, length: int) -> list[str | int | float] | None:
    """Return the key in a cursor, None without one. Raises Invalid if it is not one of ours."""
    if cursor is None:
        return None
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise Invalid("The cursor is not one that a list gave.", code="bad-cursor") from error
    if not isinstance(key, list) or len(key) != length:
        raise Invalid("The cursor belongs to another list.", code="bad-cursor")
    return key


def id_after(cursor: str | None) -> UUID | None:
    """Return the id in the cursor of a list that is ordered by id. Raises Invalid if there is none in it."""
    key = decode_cursor(cursor, length=1)
    if key is None:
        return None
    try:
        return UUID(str(key[0]))
    except ValueError as error:
        raise Invalid("The cursor belongs to another list.", code="bad-cursor") from error


def number_before(cursor: str | None) -> int | None:
    """Return the number in the cursor of a list that is ordered by a number. Raises Invalid if there is none in it."""
    key = decode_cursor(cursor, length=1)
    if key is None:
        return None
    if not isinstance(key[0], int):
        raise Invalid("The cursor belongs to another list.", code="bad-cursor")
    return key[0]


def cut(found: Sequence[Item], limit: int, key: Callable[[Item], object]) -> Page[Item]:
    """Return the page of a list from the `limit + 1` items that were asked for; `key` is what it is ordered by."""
    return cut_rows(found, limit, key=key, show=lambda item: item)


def cut_rows(
    found: Sequence[Row], limit: int, *, key: Callable[[Row], object], show: Callable[[Row], Item]
) -> Page[Item]:
    """Return the page of `limit + 1` rows that were asked for, each shown by `show`; the extra one is not shown."""
    rows = list(found[:limit])
    more = encode_cursor(key(rows[-1])) if len(found) > limit else None
    return Page(items=[show(row) for row in rows], next_cursor=more)
