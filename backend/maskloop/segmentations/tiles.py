"""Reading labels: live tiles, tiles newer than a seq, the state at any seq, whole labelmaps."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from maskloop.core.errors import NotFound, Unavailable
from maskloop.imaging.label_tile import (
    TILE,
    Grid,
    TilePosition,
    Voxels,
    decode_patch,
    decode_tile,
    encode_tile,
    tile_shape,
    tile_size,
    unpack_position,
)
from maskloop.imaging.label_wire import SeqTile, encode_tiles
from maskloop.segmentations import queries
from maskloop.segmentations.queries import Head, HistoryRow, TileRow


def slice_range(layer: int, k: int) -> tuple[int, int]:
    """Return the first and last position of a slice."""
    return TilePosition(layer, k, 0, 0).pack(), TilePosition(layer, k, 0x7FFF, 0x7FFF).pack()


def layer_range(layer: int) -> tuple[int, int]:
    """Return the first and last position of a layer."""
    return TilePosition(layer, 0, 0, 0).pack(), TilePosition(layer, 0xFFFFFF, 0x7FFF, 0x7FFF).pack()


class Tiles(NamedTuple):
    """A tiles body, and the seq of the renumbering that its numbers follow (0: none)."""

    content: bytes
    numbering: int


def tiles_since(session: Session, segmentation_id: UUID, since: int) -> Tiles:
    """Return the live tiles newer than a seq, with the seq of the segmentation.

    The seq is read first: a save that comes between is in the tiles and will be read once more, never missed.
    """
    head = queries.read_head(session, segmentation_id)
    rows = queries.tiles_since(session, head.no, since)
    while any(row.seq > head.seq for row in rows):
        newer = queries.read_head(session, segmentation_id)
        if newer.numbering == head.numbering:
            break
        head, rows = newer, queries.tiles_since(session, head.no, since)
    content = encode_tiles(head.seq, (SeqTile(row.pos, row.seq, row.content or b"") for row in rows))
    return Tiles(content, head.numbering)


def tiles_at(session: Session, segmentation_id: UUID, seq: int) -> Tiles:
    """Return every tile as it was after revision `seq`. Raises NotFound for a seq that is not there."""
    head = _head_at(session, segmentation_id, seq)
    rows = queries.tiles_at(session, head.no, seq)
    made = _made_again(session, head, rows)
    content = encode_tiles(seq, (SeqTile(row.pos, row.seq, row.content or encode_tile(made[row.pos])) for row in rows))
    return Tiles(content, _numbering_at(session, head, seq))


def voxels_at(session: Session, head: Head, pos: int, seq: int) -> Voxels:
    """Return one tile as it was after revision `seq`."""
    found = state_at(session, head, seq, only=[pos])
    return found[pos] if found else np.zeros(tile_size(head.grid, pos), np.uint16)


def state_at(session: Session, head: Head, seq: int, *, only: Sequence[int]) -> dict[int, Voxels]:
    """Return the tiles at some positions as they were after revision `seq`; absent where nothing was drawn then."""
    rows = queries.tiles_at(session, head.no, seq, only=only)
    return _voxels(session, head, rows)


def read_labelmap(
    session: Session, segmentation_id: UUID, *, seq: int | None = None, layer: int = 0
) -> NDArray[np.uint16]:
    """Return one layer as a labelmap (K, J, I) of segment numbers, as it is or as it was after revision `seq`."""
    if seq is None:
        head = queries.read_head(session, segmentation_id)
        first, last = layer_range(layer)
        rows = queries.live_tiles_between(session, head.no, first, last)
    else:
        head = _head_at(session, segmentation_id, seq)
        first, last = layer_range(layer)
        rows = queries.tiles_at(session, head.no, seq, first=first, last=last)
    return compose(head.grid, _voxels(session, head, rows))


def compose(grid: Grid, tiles: dict[int, Voxels]) -> NDArray[np.uint16]:
    """Return the labelmap (K, J, I) that tiles of one layer make up."""
    labels = np.zeros(grid, np.uint16)
    for pos, voxels in tiles.items():
        _, k, tj, ti = unpack_position(pos)
        rows, columns = tile_shape(grid, pos)
        labels[k, tj * TILE : tj * TILE + rows, ti * TILE : ti * TILE + columns] = voxels.reshape(rows, columns)
    return labels


def cut(labels: NDArray[np.uint16], *, layer: int = 0) -> dict[int, Voxels]:
    """Return the tiles of a labelmap (K, J, I) that hold something."""
    tiles: dict[int, Voxels] = {}
    for k in np.flatnonzero(labels.any(axis=(1, 2))):
        for tj in range(-(-labels.shape[1] // TILE)):
            for ti in range(-(-labels.shape[2] // TILE)):
                part = labels[k, tj * TILE : (tj + 1) * TILE, ti * TILE : (ti + 1) * TILE]
                if part.any():
                    tiles[TilePosition(layer, int(k), tj, ti).pack()] = np.ascontiguousarray(part).ravel()
    return tiles


def layers_of(session: Session, segmentation_id: UUID) -> list[int]:
    """Return the layers that were ever drawn on."""
    head = queries.read_head(session, segmentation_id)
    return sorted({unpack_position(pos).layer for pos in queries.positions_since(session, head.no, 0)})


def _head_at(session: Session, segmentation_id: UUID, seq: int) -> Head:
    head = queries.read_head(session, segmentation_id)
    if not 0 <= seq <= head.seq:
        raise NotFound(f"There is no revision {seq}; the newest is {head.seq}.", code="no-revision", seq=head.seq)
    return head


def _numbering_at(session: Session, head: Head, seq: int) -> int:
    if head.numbering <= seq:
        return head.numbering
    return max((at for at in queries.renumberings(session, head.no) if at <= seq), default=0)


def _voxels(session: Session, head: Head, rows: Sequence[TileRow]) -> dict[int, Voxels]:
    """Return the voxels of tiles, whole or thinned."""
    made = _made_again(session, head, rows)
    for row in rows:
        if row.content is not None:
            made[row.pos] = decode_tile(row.content, tile_size(head.grid, row.pos))
    return made


def _made_again(session: Session, head: Head, rows: Sequence[TileRow]) -> dict[int, Voxels]:
    """Return the thinned ones among tiles: each from its next whole tile, with the patches taken back."""
    thinned = [row for row in rows if row.content is None]
    steps: dict[int, list[HistoryRow]] = {row.pos: [] for row in thinned}
    for step in queries.later_steps(session, head.no, thinned) if thinned else ():
        steps[step.pos].append(step)
    return {pos: _taken_back(head, pos, later) for pos, later in steps.items()}


def _taken_back(head: Head, pos: int, steps: Sequence[HistoryRow]) -> Voxels:
    if not steps or steps[-1].content is None or any(step.patch is None for step in steps):
        raise Unavailable("An old state of the labels cannot be read.", code="history-damaged", pos=str(pos))
    size = tile_size(head.grid, pos)
    voxels = decode_tile(steps[-1].content, size).copy()
    for step in reversed(steps):
        assert step.patch is not None
        patch = decode_patch(step.patch, size)
        voxels[patch.indices()] = np.repeat(patch.before, patch.lengths)
    return voxels
