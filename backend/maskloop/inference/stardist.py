"""StarDist: from probabilities and ray lengths to instances, by suppression and drawing of star-convex polygons.

Polygons are compared by the pixels they cover. A centre lies on a pixel, so the pixels around it have the same
angles for every polygon, and "inside" is one inequality per pixel with tables that are made once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from maskloop.imaging.postprocess import Labels
from maskloop.inference.errors import OutputInvalid

MAX_INSTANCES = 65_535
MAX_CANDIDATES = 400_000  # of one round; more is noise, not nuclei
ROUNDS = 3
CHUNK_PIXELS = 2_000_000  # polygon pixels tested at once
MOST_COVER = 64  # polygons over one pixel, on average: more is noise
SIZE_CLASS = 8  # pixels: polygons of about one radius are tested together
SHORTEST_RAY = 0.5


@dataclass(frozen=True)
class Polygons:
    """Star-convex polygons: centres (n, 2) as (row, column), ray lengths (n, rays) in pixels; probabilities (n,)."""

    centres: NDArray[np.int64]
    rays: NDArray[np.float32]
    probabilities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.centres)


Covers = tuple[NDArray[np.float32], sparse.csr_array]  # probabilities (n,), and the pixels of each polygon as a row


def instances_from_stardist(
    probability: NDArray[np.float32],
    distances: NDArray[np.float32],
    *,
    grid: int,
    shape: tuple[int, int],
    threshold: float,
    overlap: float,
) -> Labels:
    """Return the instances that StarDist's outputs describe, numbered from 1 by falling probability.

    Parameters
    ----------
    probability : (h, w) float32 array
        That a pixel of the grid is the centre of an object.
    distances : (rays, h, w) float32 array, pixel of the full image
        Distance to the border at angles 2 pi k / rays: row + d sin, column + d cos.
    grid : int
        Pixels of the image per pixel of the outputs.
    shape : (rows, columns)
        Of the image.
    threshold : float
        Least probability of a centre.
    overlap : float
        Of two polygons that share more than this part of the smaller one, the less probable is dropped.

    Returns
    -------
    (rows, columns) uint16 array

    Raises
    ------
    OutputInvalid
        If there are more objects than a labelmap holds, or candidates beyond reason.

    Notes
    -----
    U. Schmidt et al., "Cell Detection with Star-Convex Polygons", MICCAI 2018. Candidates are local maxima; where a
    probable pixel stays uncovered, a further round takes the maxima among those. Pairs are compared by pixels drawn
    instead of by clipped polygons.
    """
    free = probability > threshold
    nothing = Polygons(np.empty((0, 2), np.int64), np.empty((0, len(distances)), np.float32), np.empty(0, np.float32))
    covers: Covers = nothing.probabilities, covered_pixels(nothing, shape=shape)
    labels = _drawn(covers[1], shape)
    for _ in range(ROUNDS):
        found = _local_maxima(probability, distances, free, grid=grid)
        if not len(found):
            break
        at_grid = found.centres // grid
        free[at_grid[:, 0], at_grid[:, 1]] = False
        found = replace(found, rays=np.clip(found.rays, SHORTEST_RAY, float(np.hypot(*shape))))
        covers = _suppressed(covers, (found.probabilities, covered_pixels(found, shape=shape)), overlap=overlap)
        labels = _drawn(covers[1], shape)
        free &= labels[::grid, ::grid] == 0
    return labels


def covered_pixels(polygons: Polygons, *, shape: tuple[int, int]) -> sparse.csr_array:
    """Return which pixels each polygon covers, as the rows of a sparse matrix of ones.

    Parameters
    ----------
    polygons : Polygons
    shape : (rows, columns)
        Of the image; what lies outside is left out.

    Returns
    -------
    (n, rows * columns) csr_array of int32

    Notes
    -----
    At the angle t between the rays k and k + 1, apart by D, the border lies at
    a b sin D / (a sin(t - t_k) + b sin(t_k+1 - t)) for the lengths a and b of the two.
    """
    nothing = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int32)
    parts = [nothing, *_covered_by_size(polygons, shape)]
    rows, counts, indices = (np.concatenate([part[place] for part in parts]) for place in range(3))
    pointers = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    data = np.ones(indices.size, dtype=np.int32)
    covers = sparse.csr_array((data, indices, pointers), shape=(len(polygons), shape[0] * shape[1]))
    return sparse.csr_array(covers[np.argsort(rows)])


def _covered_by_size(
    polygons: Polygons, shape: tuple[int, int]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]]]:
    """Yield (polygons, pixels of each, all their pixels one after the other), for polygons of about one size."""
    reach = np.ceil(polygons.rays.max(axis=1, initial=0) / SIZE_CLASS).astype(np.int64) * SIZE_CLASS
    left = MOST_COVER * shape[0] * shape[1]
    for radius in np.unique(reach):
        table = _PixelTable(int(radius), polygons.rays.shape[1], columns=shape[1])
        members = np.flatnonzero(reach == radius)
        size = max(1, CHUNK_PIXELS // table.sector.size)
        for first in range(0, members.size, size):
            chunk = members[first : first + size]
            inside = table.inside(polygons.rays[chunk])
            table.cut_at_edges(inside, polygons.centres[chunk], shape)
            counts = np.count_nonzero(inside, axis=1)
            left -= int(counts.sum())
            if left < 0:
                raise OutputInvalid("The model marks objects over objects; this is noise, or not its kind of image.")
            centres = (polygons.centres[chunk] @ (shape[1], 1)).astype(np.int32)
            yield chunk, counts, (centres[:, np.newaxis] + table.flat)[inside]


class _PixelTable:
    """The pixels within a radius of a centre, and the sector between two rays that each lies in."""

    def __init__(self, radius: int, rays: int, *, columns: int) -> None:
        offsets = np.arange(-radius, radius + 1)
        down, right = (axis.ravel() for axis in np.meshgrid(offsets, offsets, indexing="ij"))
        near = down**2 + right**2 <= radius**2
        self.radius = radius
        self.rows, self.columns = down[near], right[near]
        self.flat = (self.rows * columns + self.columns).astype(np.int32)
        step = 2 * np.pi / rays
        distance = np.hypot(self.rows, self.columns)
        angle = np.arctan2(self.rows, self.columns) % (2 * np.pi)
        self.sector = np.minimum((angle / step).astype(np.int64), rays - 1)
        self._after = (self.sector + 1) % rays
        self._from_ray = (distance * np.sin(angle - self.sector * step)).astype(np.float32)
        self._to_next = (distance * np.sin((self.sector + 1) * step - angle)).astype(np.float32)
        self._sine = np.float32(np.sin(step))

    def cut_at_edges(self, inside: NDArray[np.bool_], centres: NDArray[np.int64], shape: tuple[int, int]) -> None:
        """Take the pixels that lie outside the image from `inside`, (n, pixels), in place."""
        near = np.flatnonzero(np.minimum(centres, np.array(shape) - 1 - centres).min(axis=1) < self.radius)
        rows, columns = centres[near, :1] + self.rows, centres[near, 1:] + self.columns
        inside[near] &= (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])

    def inside(self, rays: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which of the pixels lie in each polygon: (n, pixels)."""
        here, after = rays[:, self.sector], rays[:, self._after]
        border = here * after
        border *= self._sine
        here *= self._from_ray
        after *= self._to_next
        here += after
        return here <= border


def _suppressed(kept: Covers, found: Covers, *, overlap: float) -> Covers:
    """Return both groups by falling probability, without those that overlap a more probable one too much."""
    probabilities = np.concatenate([kept[0], found[0]])
    order = np.argsort(-probabilities, kind="stable")
    covers = sparse.csr_array(sparse.vstack([kept[1], found[1]], format="csr")[order])
    areas = np.diff(covers.indptr)
    contested = _contested(covers)
    shared = sparse.coo_array(contested @ contested.T)
    first, second = shared.row, shared.col
    smaller = np.minimum(areas[first], areas[second])
    clash = (first < second) & (shared.data > overlap * smaller)
    survives = areas > 0
    by_first = np.argsort(first[clash], kind="stable")
    winners, losers = first[clash][by_first], second[clash][by_first]
    for winner, loser in zip(winners.tolist(), losers.tolist(), strict=True):
        if survives[winner]:
            survives[loser] = False
    index = np.flatnonzero(survives)
    return probabilities[order][index], sparse.csr_array(covers[index])


def _contested(covers: sparse.csr_array) -> sparse.csr_array:
    """Return the same rows with only the pixels that more than one polygon covers, numbered without gaps."""
    disputed = np.bincount(covers.indices, minlength=covers.shape[1]) > 1
    kept = disputed[covers.indices]
    number = np.cumsum(disputed, dtype=np.int32) - 1
    counted = np.concatenate([[0], np.cumsum(kept)])
    pointers = counted[covers.indptr].astype(np.int32)
    indices = number[covers.indices[kept]]
    data = np.ones(indices.size, dtype=np.int32)
    return sparse.csr_array((data, indices, pointers), shape=(covers.shape[0], int(number[-1]) + 1))


def _drawn(covers: sparse.csr_array, shape: tuple[int, int]) -> Labels:
    """Return the polygons as a labelmap, the most probable on top."""
    count = covers.shape[0]
    if count > MAX_INSTANCES:
        raise OutputInvalid(f"The model finds {count:,} objects; a labelmap holds {MAX_INSTANCES:,}.")
    labels: Labels = np.zeros(shape[0] * shape[1], dtype=np.uint16)
    numbers = np.repeat(np.arange(1, count + 1, dtype=np.uint16), np.diff(covers.indptr))
    labels[covers.indices[::-1]] = numbers[::-1]
    return labels.reshape(shape)


def _local_maxima(
    probability: NDArray[np.float32], rays: NDArray[np.float32], free: NDArray[np.bool_], *, grid: int
) -> Polygons:
    open_ = np.where(free, probability, np.float32(-1.0))
    rows, columns = np.nonzero(free & (open_ == ndimage.maximum_filter(open_, size=3, mode="constant", cval=-1.0)))
    first = np.ones(rows.size, dtype=np.bool_)
    for down, right in ((-1, -1), (-1, 0), (-1, 1), (0, -1)):  # of equal neighbours, the first in reading order
        before = open_[np.maximum(rows + down, 0), np.clip(columns + right, 0, open_.shape[1] - 1)]
        inside = (rows + down >= 0) & (columns + right >= 0) & (columns + right < open_.shape[1])
        first &= ~inside | (before < open_[rows, columns])
    rows, columns = rows[first], columns[first]
    if rows.size > MAX_CANDIDATES:
        raise OutputInvalid(f"The model marks {rows.size:,} centres; this is noise, or not its kind of image.")
    centres = np.stack([rows, columns], axis=1) * grid
    return Polygons(centres, np.ascontiguousarray(rays[:, rows, columns].T), probability[rows, columns])
