"""Where each voxel is drawn, and how bright: whole pictures against a plain slow version."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.e2e.engine.driver import windowed
from tests.e2e.engine.pictures import Picture, noise

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

VECTORS = {
    case["name"]: case for case in json.loads((Path(__file__).parents[2] / "vectors" / "orientations.json").read_text())
}
SHOWN = ["LPS", "RAS", "LAS", "LPI", "PIL", "ASR", "PSR", "IAL", "LIP", "RSA", "SLP", "PLS", "RAS turned about S"]
AS_VOLUME: dict[str, object] = {}
AS_PAGES: dict[str, object] = {"limits": {"max3dTexture": 8}}
WIDTH, HEIGHT = 640, 400


def place_in_slice(columns, rows, aspect):
    """Where each pixel of the window is in a fitted slice, in voxels as displayed (centres at whole numbers)."""
    zoom = min(WIDTH / columns, HEIGHT / (rows * aspect))
    across = (np.arange(WIDTH) + 0.5 - WIDTH / 2) / zoom + columns / 2 - 0.5
    down = (np.arange(HEIGHT) + 0.5 - HEIGHT / 2) / (zoom * aspect) + rows / 2 - 0.5
    return np.meshgrid(across, down)


def nearest_picture(shown, aspect=1.0):
    """Fit a displayed slice into the window; second answer: the pixels that are not on a border between voxels."""
    rows, columns = shown.shape
    across, down = place_in_slice(columns, rows, aspect)
    inside = (abs(across - (columns - 1) / 2) < columns / 2) & (abs(down - (rows - 1) / 2) < rows / 2)
    i = np.clip(np.rint(across), 0, columns - 1).astype(int)
    j = np.clip(np.rint(down), 0, rows - 1).astype(int)
    clear = (abs(across % 1 - 0.5) > 1e-3) & (abs(down % 1 - 0.5) > 1e-3)
    return np.where(inside, shown[j, i], 0), clear


def bilinear_picture(values, aspect, grey):
    """As above, values mixed before they are windowed; edges repeat."""
    rows, columns = values.shape
    across, down = place_in_slice(columns, rows, aspect)
    inside = (abs(across - (columns - 1) / 2) < columns / 2) & (abs(down - (rows - 1) / 2) < rows / 2)
    padded = np.pad(values.astype(float), 1, mode="edge")
    u, v = np.clip(across, -0.5, columns - 0.5) + 1, np.clip(down, -0.5, rows - 0.5) + 1
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    a, b = u - i, v - j
    mixed = (padded[j, i] * (1 - a) + padded[j, i + 1] * a) * (1 - b)
    mixed += (padded[j + 1, i] * (1 - a) + padded[j + 1, i + 1] * a) * b
    return np.where(inside, grey(mixed), 0)


@pytest.mark.parametrize("k", [0, 4, 8])
@pytest.mark.parametrize("way", [AS_VOLUME, AS_PAGES], ids=["volume", "paged"])
def test_every_pixel_shows_the_voxel_it_lies_on(engine, gallery, way, k):
    engine.open("steps", nearest=True, **way).do(f"setSlice({k})")

    expected, clear = nearest_picture(windowed(gallery["steps"].voxels[k], 300, 600), aspect=4)

    assert engine.stat("mode") == ("paged" if way else "volume")
    assert abs(engine.grey() - expected)[clear].max() <= 1


@pytest.mark.parametrize("way", [AS_VOLUME, AS_PAGES], ids=["volume", "paged"])
def test_linear_pixels_are_mixed_from_four_voxels(engine, gallery, way):
    engine.open("steps", **way).do("setSlice(3)")

    expected = bilinear_picture(gallery["steps"].voxels[3], 4, lambda values: windowed(values, 300, 600))

    assert abs(engine.grey() - expected).max() <= 1


@pytest.mark.parametrize("name", SHOWN)
def test_a_slice_is_turned_as_a_radiologist_reads_it(engine, gallery, name):
    case = VECTORS[name]
    isotropic = np.array(case["affine"]) / np.append(np.linalg.norm(np.array(case["affine"])[:3, :3], axis=0), 1)
    stored = noise((3, 40, 60))
    gallery.add("turned", Picture(stored, isotropic, (500, 1000)))
    engine.open("turned", nearest=True)

    shown = stored[1] if case["right"]["axis"] == "i" else stored[1].T
    shown = shown[:: case["down"]["sign"], :: case["right"]["sign"]]
    expected, clear = nearest_picture(windowed(shown, 500, 1000))

    assert abs(engine.grey() - expected)[clear].max() <= 1


def test_the_patients_left_is_on_the_right_whatever_the_file_says(engine, gallery):
    voxels = np.zeros((5, 40, 60), np.int16)
    voxels[:, :, :10] = 1000  # RAS: small i is to the patient's left
    voxels[:, :5, :] = 500  # and small j to the back
    gallery.add("sides", Picture(voxels, np.diag([-1.0, -1, 1, 1]), (500, 1000)))
    engine.open("sides", nearest=True)

    picture = engine.grey()

    assert picture[50, 600] == 255
    assert picture[50, 40] == 0
    assert picture[390, 320] in (127, 128)


@pytest.mark.parametrize("k", [0, 5])
def test_each_slice_has_its_own_rescale(engine, gallery, k):
    engine.open("sloped", nearest=True).do(f"setSlice({k})")

    values = gallery["sloped"].voxels[k] * (1 + 0.25 * k) + 10 * k
    expected, clear = nearest_picture(windowed(values, 300, 600), aspect=4)

    assert abs(engine.grey() - expected)[clear].max() <= 1


@pytest.mark.parametrize(
    ("name", "center", "width", "sign"),
    [("bytes", 127.5, 255, 1), ("floats", 0.5, 0.5, 1), ("negative", 127.5, 255, -1)],
)
def test_every_kind_of_grey_value_is_drawn(engine, gallery, name, center, width, sign):
    engine.open(name, nearest=True)

    grey = windowed(gallery[name].voxels[0], center, width)
    expected, clear = nearest_picture(grey if sign > 0 else 255 - grey)

    picture = engine.grey()
    inside = np.s_[:, 20:620]
    assert abs(picture - expected)[inside][clear[inside]].max() <= 1
    assert picture[:, :20].max() == 0


def test_an_inverted_window_shows_the_negative(engine):
    engine.open("steps", nearest=True)
    before = engine.grey()

    engine.do("setInvert(true)")

    slice_ = np.s_[:, 245:395]
    assert abs(engine.grey() - (255 - before))[slice_].max() <= 1
    assert engine.grey()[:, :245].max() == 0


def test_colours_keep_their_channels(engine, gallery):
    engine.open("colors", nearest=True, width=720, height=620).do("oneToOne()")
    i, j = np.meshgrid(np.arange(0, 700), np.arange(0, 600))

    x, y = engine.place(i, j)
    picture = engine.picture()[np.floor(y).astype(int), np.floor(x).astype(int)]

    assert (picture == gallery["colors"].voxels[0][j, i]).all()


@pytest.mark.parametrize("window", [(40, 80), (300, 600), (300, 1), (0, 2000)])
def test_a_window_is_linear_between_its_edges(engine, gallery, window):
    engine.open("steps", nearest=True).do(f"setWindow({{ center: {window[0]}, width: {window[1]} }})", "setSlice(6)")

    expected, clear = nearest_picture(windowed(gallery["steps"].voxels[6], *window), aspect=4)

    assert abs(engine.grey() - expected)[clear].max() <= 1


def test_a_file_without_a_window_gets_one(engine):
    engine.open("no-window")

    picture = engine.grey()[:, 120:520]

    assert 80 < picture.mean() < 175
    assert picture.std() > 30


def test_panning_and_zooming_move_the_picture_with_its_voxels(engine, gallery):
    engine.open("steps", nearest=True).do("zoomBy(2.7, { x: 350, y: 150 })", "panBy(-31, 57)")
    j, i = np.meshgrid(range(40), range(60), indexing="ij")

    x, y = engine.place(i, j)
    seen = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
    picture = engine.grey()[np.floor(y[seen]).astype(int), np.floor(x[seen]).astype(int)]

    assert seen.sum() > 300
    assert abs(picture - windowed(gallery["steps"].voxels[4][seen], 300, 600)).max() <= 1
