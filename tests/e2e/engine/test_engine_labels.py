"""Labels over the picture: numbers, colours, outlines, layers, the proposal, and redrawing a part only."""

import numpy as np
import pytest
from tests.e2e.engine.driver import windowed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

RED, GREEN = {"number": 1, "color": "#ff0000"}, {"number": 2, "color": "#00ff00"}
VIOLET = np.array([180, 151, 255])


def bare(engine, *calls, fill=1.0, outline=0):
    """Open a black image, so that a picture is labels only."""
    engine.open("black").do(f"setLabelStyle({{ fill: {fill}, outlinePx: {outline} }})", "oneToOne()", *calls)


def test_every_number_has_the_colour_of_the_table(engine):
    bare(engine)
    numbers = np.zeros((512, 512), int)
    numbers[128:384, 128:384] = np.arange(65536).reshape(256, 256)
    engine.load(numbers, k=2)

    j, i = np.nonzero(numbers)
    x, y = engine.place(i, j)
    seen = engine.picture()[np.floor(y).astype(int), np.floor(x).astype(int)]

    assert (seen == engine.instance_colors(65535)).all()
    assert (engine.picture().max(axis=2) > 0).sum() == 65535


@pytest.mark.parametrize("zoom", [1.0, 1.37, 6.1])
def test_labels_are_blended_over_exactly_their_voxels(engine, gallery, zoom):
    engine.open("slices", nearest=True).do("setLabelStyle({ fill: 0.5, outlinePx: 0 })", "oneToOne()")
    engine.do(f"zoomBy({zoom})")
    engine.segments(RED, GREEN)
    numbers = np.random.default_rng(3).integers(0, 3, (520, 530))
    engine.load(numbers, k=20)

    i, j = engine.voxels_under()
    inside = (i > -0.5) & (j > -0.5) & (i < 529.5) & (j < 519.5)
    column, row = np.rint(i).clip(0, 529).astype(int), np.rint(j).clip(0, 519).astype(int)
    clear = (abs(i % 1 - 0.5) > 2e-3) & (abs(j % 1 - 0.5) > 2e-3)
    number = np.where(inside, numbers[row, column], 0)
    grey = np.where(inside, windowed(gallery["slices"].voxels[20, row, column], 500, 1000), 0)[..., None]
    paint = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0]])[number]
    expected = np.where((number > 0)[..., None], grey / 2 + paint / 2, grey)

    assert abs(engine.picture() - expected)[clear].max() <= 1.5


def two_boxes(engine, **how):
    bare(engine, **how)
    engine.segments(RED, GREEN)
    engine.paint_box(1, 200, 200, 240, 240, k=2)
    engine.paint_box(2, 240, 200, 280, 240, k=2)


def test_a_hidden_segment_is_not_drawn(engine):
    two_boxes(engine)
    engine.segments({**RED, "visible": False}, GREEN)

    assert engine.at(220, 220) == [0, 0, 0]
    assert engine.at(260, 220) == [0, 255, 0]


def test_a_solo_segment_is_drawn_alone(engine):
    two_boxes(engine)
    engine.segments(RED, {**GREEN, "solo": True})

    assert engine.at(220, 220) == [0, 0, 0]
    assert engine.at(260, 220) == [0, 255, 0]


def test_all_labels_can_be_hidden_and_come_back(engine):
    two_boxes(engine)
    engine.do("setLabelStyle({ visible: false })")
    assert engine.picture().max() == 0

    engine.do("setLabelStyle({ visible: true })")
    assert engine.at(220, 220) == [255, 0, 0]


@pytest.mark.parametrize("px", [1, 2, 3])
@pytest.mark.parametrize("zoom", [1, 4])
def test_an_outline_is_as_wide_as_asked_and_inside(engine, px, zoom):
    bare(engine, fill=0.2, outline=px)
    engine.segments(RED)
    engine.paint_box(1, 230, 236, 270, 266, k=2)
    if zoom != 1:
        engine.do(f"zoomBy({zoom})")

    x0, y0 = (round(value) for value in engine.point(229.5, 235.5))
    x1, y1 = (round(value) for value in engine.point(269.5, 265.5))
    expected = np.zeros((400, 640))
    expected[y0:y1, x0:x1] = 255
    expected[y0 + px : y1 - px, x0 + px : x1 - px] = 51

    assert abs(engine.picture()[..., 0] - expected).max() <= 1


def test_a_locked_segment_has_a_dimmer_rim(engine):
    two_boxes(engine, fill=0.2, outline=2)
    engine.segments({**RED, "locked": True}, GREEN)

    assert engine.at(200, 220)[0] == 153
    assert engine.at(279, 220)[1] == 255


def test_an_outline_lies_between_touching_segments(engine):
    two_boxes(engine, fill=0.2, outline=1)

    assert engine.at(239, 220) == [255, 0, 0]
    assert engine.at(240, 220) == [0, 255, 0]
    assert engine.at(238, 220) == [51, 0, 0]


def test_a_higher_layer_lies_on_top_and_hides_nothing_when_hidden(engine):
    bare(engine)
    engine.segments(RED, GREEN)
    for layer, start in ((0, 200), (1, 220)):
        box = np.zeros((512, 512), int)
        box[start : start + 40, start : start + 40] = layer + 1
        engine.load(box, k=2, layer=layer)

    assert [engine.at(210, 210), engine.at(230, 230), engine.at(250, 250)] == [[255, 0, 0], [0, 255, 0], [0, 255, 0]]

    engine.segments(RED, {**GREEN, "visible": False})

    assert [engine.at(210, 210), engine.at(230, 230), engine.at(250, 250)] == [[255, 0, 0], [255, 0, 0], [0, 0, 0]]


def test_a_proposal_is_violet_hatched_and_only_where_it_is(engine):
    bare(engine, fill=0.4)
    engine.page.evaluate("() => engine.propose([200, 200, 280, 280], '#ff0000')")

    picture = engine.picture().astype(int)
    x0, y0 = (round(value) for value in engine.point(199.5, 199.5))
    inside = picture[y0 : y0 + 80, x0 : x0 + 80].reshape(-1, 3)
    looks, counts = np.unique(inside, axis=0, return_counts=True)
    fill, hatch = np.add(VIOLET, (255, 0, 0)) * 0.2, VIOLET * 0.75

    assert (picture.sum(axis=2) > 0).sum() == 80 * 80
    assert len(looks) == 2
    assert abs(looks[np.argmax(counts)] - fill).max() <= 1
    assert abs(looks[np.argmin(counts)] - hatch).max() <= 1
    assert 0.15 < counts.min() / counts.sum() < 0.35

    engine.page.evaluate("() => engine.viewer.setProposal(null)")
    assert engine.picture().max() == 0


@pytest.mark.parametrize("outline", [0, 3])
def test_drawing_a_part_again_gives_what_drawing_all_gives(engine, outline):
    engine.open("slices").do(f"setLabelStyle({{ fill: 0.4, outlinePx: {outline} }})", "zoomBy(1.37)")
    engine.segments(RED)
    engine.brush(1, 9)
    engine.drag([engine.point(220, 240), engine.point(262, 262), engine.point(300, 230)], steps=8)
    part = engine.picture()

    engine.do("setInvert(true)")
    engine.do("setInvert(false)")

    assert (part == engine.picture()).all()
    assert engine.count(1) > 2000


@pytest.mark.parametrize("px", [1, 3])
def test_an_outline_goes_where_the_segment_goes_on(engine, px):
    bare(engine, fill=0.2, outline=px)
    engine.segments(RED)
    engine.paint_box(1, 200, 200, 240, 240, k=2)
    engine.picture()  # drawn, so that only the next box is drawn again
    engine.paint_box(1, 240, 200, 280, 240, k=2)

    row = engine.picture()[int(engine.point(200, 220)[1]), :, 0]

    assert (row == 255).sum() == 2 * px
    assert (row == 51).sum() == 80 - 2 * px


def shown_numbers(engine, numbers):
    """The number under each pixel of the stage, as the store has them."""
    rows, columns = numbers.shape
    i, j = engine.voxels_under()
    inside = (i > -0.5) & (j > -0.5) & (i < columns - 0.5) & (j < rows - 0.5)
    return np.where(
        inside, numbers[np.rint(j).clip(0, rows - 1).astype(int), np.rint(i).clip(0, columns - 1).astype(int)], 0
    )


def test_a_stroke_of_many_moves_is_shown_as_it_is_stored(engine):
    bare(engine)
    engine.segments(RED)
    engine.brush(1, 4)
    points = [(150, 180), (270, 190), (240, 300), (300, 330), (140, 250)]
    engine.drag([engine.point(*point) for point in points], steps=9)

    numbers = engine.label_slice(2, (512, 512))

    assert numbers.sum() > 5000
    assert (engine.picture()[..., 0] == shown_numbers(engine, numbers) * 255).all()


@pytest.mark.parametrize("at", [(0, 0), (511, 0), (0, 511), (511, 511), (256, 256), (255, 128)], ids=str)
def test_a_dab_at_corners_and_tile_borders_is_painted_and_shown_alike(engine, at):
    bare(engine, f"panBy({320 - at[0]}, {200 - at[1]})")
    engine.do("fit()", "oneToOne()")
    engine.move_to(*at, 320, 200)
    engine.segments(RED)
    engine.brush(1, 6)
    engine.drag([engine.point(*at), engine.point(*at)], steps=1)

    numbers = engine.label_slice(2, (512, 512))
    rows, columns = np.nonzero(numbers)

    assert (engine.picture()[..., 0] == shown_numbers(engine, numbers) * 255).all()
    assert numbers[at[1], at[0]] == 1
    assert np.hypot(columns - at[0], rows - at[1]).max() <= 12
    whole = np.pi * 12**2  # 6 mm in voxels of 0.5 mm
    share = (0.5 if at[0] in (0, 511) else 1) * (0.5 if at[1] in (0, 511) else 1)
    assert len(rows) == pytest.approx(whole * share, rel=0.12)


def test_a_stroke_on_another_slice_is_there_when_one_comes(engine):
    bare(engine)
    engine.segments(RED)
    engine.paint_box(1, 200, 200, 300, 300, k=4)
    assert engine.picture().max() == 0

    engine.do("setSlice(4)")

    assert (engine.picture()[..., 0] > 0).sum() == 100 * 100
