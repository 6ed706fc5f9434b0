"""Classical segmenters on phantoms with known answers, straight and anisotropic, planes and volumes."""

import time

import numpy as np
import pytest

from maskloop.imaging.methods.otsu import body_mask, otsu_threshold, segment_otsu
from maskloop.imaging.methods.threshold import segment_threshold
from maskloop.imaging.methods.watershed import segment_watershed, typical_diameter
from maskloop.imaging.postprocess import distance_inside

RANDOM = np.random.default_rng(11)
ANISOTROPIC = (0.8, 0.8, 3.0)


def ball(shape: tuple[int, int, int], centre_mm: tuple[float, float, float], radius_mm: float) -> np.ndarray:
    """A ball on a grid of ANISOTROPIC spacing; the centre in (i, j, k) mm."""
    k, j, i = np.indices(shape)
    si, sj, sk = ANISOTROPIC
    x, y, z = centre_mm
    return (i * si - x) ** 2 + (j * sj - y) ** 2 + (k * sk - z) ** 2 <= radius_mm**2


def disc(size: int, row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.indices((size, size))
    return ((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)[np.newaxis]


def torso() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """HU of a body with a lung and a bone, on a table, and masks of the two."""
    shape = (12, 120, 160)
    body = ball(shape, (64, 48, 16), 44)
    lung = ball(shape, (50, 44, 16), 14)
    bone = ball(shape, (80, 52, 16), 6)
    voxels = np.where(body, 40, -1000).astype(np.int16)
    voxels[lung], voxels[bone] = -850, 700
    voxels[:, 112:114, 10:150] = 100
    return (voxels + RANDOM.normal(0, 12, shape)).astype(np.int16), lung, bone


def test_otsu_threshold_lies_between_two_peaks() -> None:
    values = np.concatenate([RANDOM.normal(100, 10, 9000), RANDOM.normal(400, 20, 3000)])

    assert 150 < otsu_threshold(values) < 340


def test_otsu_threshold_is_where_a_slow_plain_search_finds_it() -> None:
    values = RANDOM.integers(0, 60, 3000) ** 2 // 40

    def spread(threshold: float) -> float:
        low, high = values[values <= threshold], values[values > threshold]
        return low.size * high.size * (low.mean() - high.mean()) ** 2

    best = max(range(values.min(), values.max()), key=spread)
    assert spread(otsu_threshold(values)) == pytest.approx(spread(best), rel=1e-3)  # the tails of 0.1 % are clipped


@pytest.mark.parametrize("value", [0, 7.5, -1000])
def test_an_image_of_one_value_has_nothing_above_its_threshold(value: float) -> None:
    labels = segment_otsu(np.full((2, 8, 8), value, np.float32))

    assert not labels.any()


def test_a_few_metal_voxels_do_not_move_the_threshold() -> None:
    values = np.concatenate([RANDOM.normal(0, 10, 5000), RANDOM.normal(100, 10, 5000)])

    with_metal = np.concatenate([values, [30_000.0] * 5])

    assert otsu_threshold(with_metal) == pytest.approx(otsu_threshold(values), abs=5)


def test_the_body_is_found_without_its_table() -> None:
    voxels, lung, _ = torso()

    body = body_mask(voxels, spacing=ANISOTROPIC)

    assert body[lung].all()
    assert not body[:, 112:114, 12:60].any()


def test_dark_inside_the_body_is_the_lung_and_bright_is_the_bone() -> None:
    voxels, lung, bone = torso()

    dark = segment_otsu(voxels, spacing=ANISOTROPIC, side="dark", within="body", min_diameter_mm=5)
    bright = segment_otsu(voxels, spacing=ANISOTROPIC, within="body", min_diameter_mm=5)

    assert 2 * (dark.astype(bool) & lung).sum() / (dark.sum() + lung.sum()) > 0.99
    assert 2 * (bright.astype(bool) & bone).sum() / (bright.sum() + bone.sum()) > 0.95


def test_bounds_of_a_threshold_are_included() -> None:
    voxels = np.arange(10, dtype=np.int16).reshape(1, 2, 5)

    labels = segment_threshold(voxels, lower=3, upper=6)

    np.testing.assert_array_equal(np.flatnonzero(labels), [3, 4, 5, 6])


def test_a_threshold_without_bounds_is_otsus() -> None:
    voxels = RANDOM.choice([5, 90], (3, 30, 30)).astype(np.uint8)

    np.testing.assert_array_equal(segment_threshold(voxels), voxels == 90)


def test_opening_in_millimetres_cuts_a_thin_bridge_on_an_anisotropic_grid() -> None:
    shape = (12, 40, 100)
    two = ball(shape, (20, 16, 16), 10) | ball(shape, (60, 16, 16), 10)
    bridged = two.copy()
    bridged[5, 19:21, 25:75] = True

    labels = segment_threshold(bridged * 100, spacing=ANISOTROPIC, lower=50, opening_mm=3)

    assert not labels[:, :, 45:55].any()
    assert (labels.astype(bool) & two).sum() / two.sum() > 0.9


def test_watershed_tells_touching_discs_apart() -> None:
    image = np.where(disc(100, 40, 38, 15) | disc(100, 40, 62, 15) | disc(100, 80, 80, 12), 200, 20)

    labels = segment_watershed((image + RANDOM.normal(0, 5, image.shape)).astype(np.float32))

    assert labels.max() == 3
    assert labels[0, 40, 38] != labels[0, 40, 62]
    assert (labels > 0).sum() == pytest.approx((image > 100).sum(), rel=0.05)  # smoothing moves the border a little


def test_watershed_in_a_volume_uses_millimetres() -> None:
    shape = (14, 50, 70)
    image = np.where(ball(shape, (18, 20, 20), 9) | ball(shape, (33, 20, 20), 9), 100.0, 0.0)

    labels = segment_watershed(image, spacing=ANISOTROPIC, smoothing_mm=0.5)

    assert labels.max() == 2


@pytest.mark.parametrize("objects", ["auto", "dark"])
def test_watershed_finds_dark_objects(objects: str) -> None:
    image = np.where(disc(80, 25, 25, 10) | disc(80, 55, 55, 10), 30, 220).astype(np.uint8)

    labels = segment_watershed(image, objects=objects)  # type: ignore[arg-type]

    assert labels.max() == 2
    assert labels[0, 0, 0] == 0


@pytest.mark.parametrize("value", [0, 255])
def test_watershed_of_an_empty_image_is_empty(value: int) -> None:
    assert not segment_watershed(np.full((1, 32, 32), value, np.uint8)).any()


def test_typical_diameter_is_that_of_most_of_the_area() -> None:
    mask = disc(200, 60, 60, 15) | disc(200, 140, 140, 15) | disc(200, 60, 150, 15) | disc(200, 100, 20, 2)

    assert typical_diameter(mask, distance_inside(mask)) == pytest.approx(31, abs=1.5)  # to the background's centre


def test_methods_are_deterministic() -> None:
    image = RANDOM.normal(size=(3, 64, 64)).astype(np.float32)

    for method in (segment_otsu, segment_threshold, segment_watershed):
        np.testing.assert_array_equal(method(image), method(image))


def test_otsu_of_one_slice_takes_at_most_100_ms() -> None:
    image = RANDOM.normal(0, 200, (1, 512, 512)).astype(np.int16)

    times = []
    for _ in range(5):
        start = time.thread_time()
        segment_otsu(image, smoothing_mm=1.0, min_diameter_mm=5, fill=True)
        times.append(time.thread_time() - start)

    assert min(times) <= 0.1
