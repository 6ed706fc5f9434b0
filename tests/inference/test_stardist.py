"""StarDist's outputs to instances: exact on discs, sparing with overlaps, fast, and good on real nuclei."""

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskloop.imaging.volume import Volume
from maskloop.inference.errors import OutputInvalid
from maskloop.inference.known import known_manifests
from maskloop.inference.predictor import predict
from maskloop.inference.session import open_session
from maskloop.inference.stardist import Polygons, covered_pixels, instances_from_stardist

RAYS = 32
Maps = tuple[np.ndarray, np.ndarray]


def discs(centres: list[tuple[int, int]], radius: float, shape: tuple[int, int], grid: int = 2) -> Maps:
    """What a perfect network says about discs: how deep a pixel lies, and how far the border is along each ray."""
    size = (shape[0] // grid, shape[1] // grid)
    grids = np.mgrid[: size[0], : size[1]] * grid
    probability = np.zeros(size, np.float32)
    distances = np.zeros((RAYS, *size), np.float32)
    angles = (2 * np.pi * np.arange(RAYS) / RAYS)[:, np.newaxis, np.newaxis]
    for row, column in centres:
        near = tuple(slice(int(max(0, at - radius) // grid), int(at + radius) // grid + 1) for at in (row, column))
        rows, columns = grids[(slice(None), *near)]
        dy, dx = rows - row, columns - column
        depth = (1 - np.hypot(dy, dx) / radius).astype(np.float32)
        mine = depth > probability[near]
        along = dy * np.sin(angles) + dx * np.cos(angles)
        border = -along + np.sqrt(np.maximum(0, along**2 + radius**2 - dy**2 - dx**2))
        probability[near] = np.where(mine, depth, probability[near])
        distances[(slice(None), *near)] = np.where(mine, border, distances[(slice(None), *near)])
    return probability, distances


def instances(maps: Maps, shape: tuple[int, int], *, threshold: float = 0.3, overlap: float = 0.3) -> np.ndarray:
    return instances_from_stardist(*maps, grid=2, shape=shape, threshold=threshold, overlap=overlap)


def f1(reference: np.ndarray, found: np.ndarray) -> tuple[int, int, int]:
    """True positives, false positives and false negatives at an intersection over union above 0.5."""
    size = (int(reference.max()) + 1, int(found.max()) + 1)
    pairs = np.bincount(reference.ravel().astype(int) * size[1] + found.ravel(), minlength=size[0] * size[1])
    shared = pairs.reshape(size)
    union = shared.sum(1)[1:, None] + shared.sum(0)[None, 1:] - shared[1:, 1:]
    hits = int((shared[1:, 1:] > 0.5 * union).sum())
    return hits, size[1] - 1 - hits, int((shared.sum(1)[1:] > 0).sum()) - hits


def test_each_disc_is_one_instance_of_its_area() -> None:
    shape = (120, 160)
    labels = instances(discs([(30, 30), (30, 80), (90, 120)], 14, shape), shape)

    areas = np.bincount(labels.ravel())[1:]

    assert len(areas) == 3
    np.testing.assert_allclose(areas, np.pi * 14**2, rtol=0.02)  # a polygon of 32 sides has 99.4 % of its circle


def test_a_polygon_covers_the_pixels_of_a_slow_plain_test() -> None:
    random = np.random.default_rng(8)
    rays = random.uniform(4, 20, (1, RAYS)).astype(np.float32)
    polygon = Polygons(np.array([[25, 31]]), rays, np.ones(1, np.float32))

    fast = covered_pixels(polygon, shape=(60, 60)).toarray().reshape(60, 60) > 0

    angles = 2 * np.pi * np.arange(RAYS) / RAYS
    corners = np.stack([25 + rays[0] * np.sin(angles), 31 + rays[0] * np.cos(angles)], axis=1)
    slow = plain_inside(corners, 60)
    assert (fast != slow).sum() <= 2  # pixels that lie on the border itself


def plain_inside(corners: np.ndarray, size: int) -> np.ndarray:
    """Even-odd rule, edge by edge."""
    rows, columns = np.mgrid[:size, :size]
    inside = np.zeros((size, size), bool)
    for (y0, x0), (y1, x1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crosses = (y0 > rows) != (y1 > rows)
        inside ^= crosses & (columns < (x1 - x0) * (rows - y0) / (y1 - y0 + 1e-12) + x0)
    return inside


def test_a_lower_overlap_drops_the_less_probable_disc() -> None:
    shape = (80, 80)
    maps = discs([(40, 30), (40, 46)], 14, shape)

    assert instances(maps, shape, overlap=0.5).max() == 2
    assert instances(maps, shape, overlap=0.05).max() == 1


def test_discs_at_the_edge_are_cut_by_it() -> None:
    shape = (64, 64)
    labels = instances(discs([(2, 32), (62, 62)], 12, shape), shape)

    assert labels.max() == 2
    assert labels[0, 32] > 0
    assert labels[63, 63] > 0


def test_nothing_probable_is_nothing_found() -> None:
    nothing = np.zeros((20, 20), np.float32), np.ones((RAYS, 20, 20), np.float32)

    assert not instances(nothing, (40, 40)).any()


def test_the_same_outputs_give_the_same_numbers() -> None:
    shape = (200, 200)
    maps = discs([(r, c) for r in range(20, 190, 24) for c in range(20, 190, 24)], 13, shape)

    np.testing.assert_array_equal(instances(maps, shape), instances(maps, shape))


def test_polygons_over_polygons_are_refused_as_noise() -> None:
    random = np.random.default_rng(1)
    noise = random.random((200, 200), np.float32), np.full((RAYS, 200, 200), 300, np.float32)

    with pytest.raises(OutputInvalid, match="noise"):
        instances(noise, (400, 400))


def test_a_thousand_nuclei_take_at_most_100_ms() -> None:
    shape = (1024, 1024)
    random = np.random.default_rng(3)
    grid = [(r, c) for r in range(16, 1010, 31) for c in range(16, 1010, 31)][:1000]
    centres = [(r + int(random.integers(-3, 4)), c + int(random.integers(-3, 4))) for r, c in grid]
    maps = discs(centres, 15, shape)

    times = []
    for _ in range(5):
        start = time.thread_time()
        labels = instances(maps, shape)
        times.append(time.thread_time() - start)

    assert labels.max() == 1000
    assert min(times) <= 0.1


def test_real_fluorescence_nuclei_are_found(shared_data: Path, shared_models: Path) -> None:
    """At least 0.90 F1 at 0.5 on the held-out fluorescence images."""
    model = shared_models / "stardist_2d_versatile_fluo.onnx"
    manifest = next(known for known in known_manifests().values() if known.name == "stardist-nuclei")
    session = open_session(model, threads=2)
    folder = shared_data / "nuclei-dsb2018"
    lines = [line.split(",") for line in (folder / "index.csv").read_text().splitlines()]
    names = [line[1] for line in lines if line[0] == "val" and line[3] == "fluorescence"]

    counts = np.zeros(3, int)
    for name in names:
        image = np.asarray(Image.open(folder / "val" / "images" / f"{name}.png"))
        found = predict(Volume(image[np.newaxis]), manifest, session)[0]
        counts += f1(np.asarray(Image.open(folder / "val" / "labels" / f"{name}.png")), found)

    hits, extra, missed = counts
    assert len(names) == 44
    assert 2 * hits / (2 * hits + extra + missed) >= 0.94
