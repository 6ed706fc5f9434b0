"""Images larger than a texture: tiles in pages, levels, borders between tiles, small budgets."""

import numpy as np
import pytest
from tests.e2e.engine.driver import windowed
from tests.e2e.engine.pictures import Picture, noise

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SIDE = 2600
CORNERS = [(512, 512), (1024, 2048), (2048, 1536), (2560, 2560), (5, 5), (2595, 300)]
TINY = {"max3dTexture": 256, "cpuBytes": 8_000_000, "gpuBytes": 6_000_000}


def cells_under(engine, gallery):
    """The expected picture of the squares, and which pixels are not on a border between voxels."""
    i, j = engine.voxels_under()
    inside = (i > -0.5) & (j > -0.5) & (i < SIDE - 0.5) & (j < SIDE - 0.5)
    row, column = (np.rint(at).clip(0, SIDE - 1).astype(int) for at in (j, i))
    values = gallery["cells"].voxels[0, row, column]
    clear = (abs(i % 1 - 0.5) > 2e-3) & (abs(j % 1 - 0.5) > 2e-3)
    return np.where(inside, windowed(values, 20000, 60000), 0), clear


@pytest.mark.parametrize("corner", CORNERS, ids=str)
@pytest.mark.parametrize("zoom", [1, 3.7])
def test_voxels_beside_the_corners_of_tiles_are_where_they_belong(engine, gallery, corner, zoom):
    engine.open("cells", nearest=True).do("oneToOne()")
    if zoom != 1:
        engine.do(f"zoomBy({zoom})")
    engine.move_to(*corner, 320, 200)

    expected, clear = cells_under(engine, gallery)

    assert engine.stat("mode") == "paged"
    assert abs(engine.grey() - expected)[clear].max() <= 1


@pytest.mark.parametrize("corner", CORNERS[:4], ids=str)
def test_a_smooth_image_has_no_seam_between_tiles(engine, corner):
    center = 10 * corner[0] + 14 * corner[1] - 12
    engine.open("ramp").do(f"setWindow({{ center: {center}, width: 400 }})", "oneToOne()", "zoomBy(32)")
    engine.move_to(corner[0] - 0.5, corner[1] - 0.5, 320, 200)

    i, j = engine.voxels_under()
    picture = engine.grey()

    assert 100 < np.ptp(picture) <= 255
    assert abs(picture - windowed(10 * i + 14 * j, center, 400)).max() <= 1


@pytest.mark.parametrize("factor", [1, 2, 4.1])
def test_coarser_levels_lie_over_finer_ones(engine, factor):
    engine.open("ramp").do(f"zoomBy({factor})")

    i, j = engine.voxels_under()
    inner = (i > 8) & (j > 8) & (i < SIDE - 9) & (j < SIDE - 9)

    assert inner.mean() > 0.5
    assert abs(engine.grey() - windowed(10 * i + 14 * j, 31200, 62400))[inner].max() <= 1


def test_linear_mixing_crosses_the_borders_of_tiles(engine, gallery):
    pictures = []
    for limits in ({}, {"max3dTexture": 256}):
        engine.open("slices", width=800, height=600, limits=limits).do("oneToOne()", "zoomBy(9)")
        engine.move_to(511.5, 511.5, 400, 300)
        pictures.append(engine.grey())

    i, j = engine.voxels_under()
    values = gallery["slices"].voxels[20].astype(float)
    u, v = np.floor(i).astype(int), np.floor(j).astype(int)
    a, b = i - u, j - v
    inner = (j < 519) & (i < 529)
    u, v = np.minimum(u, 528), np.minimum(v, 518)
    mixed = (values[v, u] * (1 - a) + values[v, u + 1] * a) * (1 - b)
    mixed += (values[v + 1, u] * (1 - a) + values[v + 1, u + 1] * a) * b

    for picture in pictures:
        assert abs(picture - windowed(mixed, 500, 1000))[inner].max() <= 1


def test_a_volume_in_pages_looks_as_in_one_texture_under_a_tiny_budget(engine):
    order = (0, 39, 10, 20, 30, 5)
    pictures = {}
    for name, limits in (("volume", {}), ("paged", TINY)):
        engine.open("slices", nearest=True, limits=limits)
        assert engine.stat("mode") == name
        for k in order:
            engine.do(f"setSlice({k})")
            pictures[name, k] = engine.grey()

    assert all((pictures["volume", k] == pictures["paged", k]).all() for k in order)
    assert len({pictures["paged", k].tobytes() for k in order}) == len(order)
    assert engine.stat("bytesCpu") <= 17 * 530 * 520 * 2


def test_values_are_read_from_the_tile_they_lie_in(engine, gallery):
    engine.open("slices", limits=TINY).do("setSlice(7)")

    for i, j in ((0, 0), (511, 3), (512, 511), (529, 519), (100, 512)):
        engine.page.mouse.move(*engine.point(i, j))
        engine.settle()
        cursor = engine.state("cursor")
        assert cursor["voxel"] == [i, j, 7]
        assert cursor["value"] == [int(gallery["slices"].voxels[7, j, i])]


def test_hurried_scrolling_ends_on_the_right_slice(engine, gallery):
    engine.open("slices", nearest=True, width=530, height=520, limits=TINY)
    engine.page.evaluate(
        """async () => {
            for (let n = 0; n < 60; n++) {
                engine.viewer.setSlice((n * 37) % 40)
                if (n % 4 === 0) await new Promise((resolve) => requestAnimationFrame(resolve))
            }
        }"""
    )

    expected = windowed(gallery["slices"].voxels[(59 * 37) % 40], 500, 1000)

    assert abs(engine.grey() - expected).max() <= 1


def test_a_tile_that_cannot_be_decoded_is_named_and_the_rest_is_shown(engine, gallery):
    gallery.add("grain", Picture(noise((1, 1100, 1100)), None, (500, 1000)))
    engine.open("grain", nearest=True, damaged="0/0").do("oneToOne()")
    engine.move_to(512, 512, 320, 200)

    expected = windowed(gallery["grain"].voxels[0, 312:712, 192:832], 500, 1000)
    differs = abs(engine.grey() - expected) > 1

    assert engine.state("loadProblem") is not None
    assert differs[:200, :320].mean() > 0.9
    assert not differs[200:].any()
    assert not differs[:, 320:].any()


def test_labels_of_a_large_image_are_drawn_in_every_tile(engine):
    engine.open("cells").do("setWindow({ center: 900000, width: 10 })", "setLabelStyle({ fill: 1, outlinePx: 0 })")
    numbers = np.arange(SIDE)[:, None] // 256 * 11 % 7 + 1
    engine.load(np.broadcast_to(numbers, (SIDE, SIDE)))

    tj, ti = np.meshgrid(range(11), range(11), indexing="ij")
    i, j = np.minimum(SIDE - 20, ti * 256 + 60), np.minimum(SIDE - 20, tj * 256 + 60)
    x, y = engine.place(i, j)
    seen = engine.picture()[np.floor(y).astype(int), np.floor(x).astype(int)]

    assert (seen == engine.instance_colors(7)[tj * 11 % 7]).all()
