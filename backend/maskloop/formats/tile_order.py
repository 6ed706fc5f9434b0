"""The order of tiles and groups in a pixel file: what a viewer wants first comes first."""

from collections.abc import Iterator
from typing import Final, NamedTuple

TILES_PER_GROUP: Final = 8


class TilePlace(NamedTuple):
    """Where a tile lies in its level."""

    k: int
    tj: int
    ti: int


def slice_order(slices: int) -> list[int]:
    """Return the slices from the middle outwards: m, m + 1, m - 1, m + 2 ... with m = slices // 2."""
    middle = slices // 2
    order = [middle]
    for distance in range(1, slices):
        order += [k for k in (middle + distance, middle - distance) if 0 <= k < slices]
    return order


def slice_rank(k: int, slices: int) -> int:
    """Return the place of slice `k` in `slice_order`, without making the list."""
    middle = slices // 2
    above, below = slices - 1 - middle, middle
    distance = abs(k - middle)
    if distance == 0:
        return 0
    if k > middle:
        return distance + min(distance - 1, below)
    return distance + min(distance, above)


def tiles_across(rows: int, columns: int, *, tile: int) -> tuple[int, int]:
    """Return how many tiles a slice has down and across."""
    return -(-rows // tile), -(-columns // tile)


def tile_places(shape: tuple[int, int, int], *, tile: int) -> Iterator[TilePlace]:
    """Yield the tiles of a level in the order of the file."""
    slices, rows, columns = shape
    down, across = tiles_across(rows, columns, tile=tile)
    for k in slice_order(slices):
        for tj in range(down):
            for ti in range(across):
                yield TilePlace(k, tj, ti)


def group_of_tile(number: int) -> int:
    """Return the group of the n-th tile: group 0 holds tile 0 alone, group g tiles 8g - 7 to 8g."""
    return (number + TILES_PER_GROUP - 1) // TILES_PER_GROUP


def group_count(tiles: int) -> int:
    """Return how many groups a level of so many tiles has."""
    return group_of_tile(tiles - 1) + 1


def groups_of_slice(k: int, shape: tuple[int, int, int], *, tile: int) -> range:
    """Return the groups that hold the tiles of slice `k`."""
    down, across = tiles_across(shape[1], shape[2], tile=tile)
    first = slice_rank(k, shape[0]) * down * across
    return range(group_of_tile(first), group_of_tile(first + down * across - 1) + 1)
