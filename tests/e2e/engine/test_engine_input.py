"""Mouse, wheel, keys and fingers by real events."""

import numpy as np
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def view(engine):
    """Forty slices; slice 20 on screen, the pointer over its middle."""
    engine.open("slices")
    engine.page.mouse.move(320, 200)
    return engine


def wheel(engine, *notches):
    for notch in notches:
        engine.page.mouse.wheel(0, notch)


def test_the_wheel_steps_through_slices(view):
    wheel(view, 120)
    view.wait_state("k", 21)

    wheel(view, -120, -120)

    view.wait_state("k", 19)


def test_small_steps_of_a_trackpad_add_up(view):
    wheel(view, *[10] * 8)

    view.wait_state("k", 22)


def test_ctrl_and_wheel_zoom_about_the_pointer(view):
    zoom, voxel = view.state("zoom"), view.state("cursor.voxel")

    view.page.keyboard.down("Control")
    wheel(view, -120)
    view.page.keyboard.up("Control")
    view.page.wait_for_function("(zoom) => engine.viewer.state.getState().zoom > zoom * 1.2", arg=zoom)
    view.settle()

    assert view.state("cursor.voxel") == voxel


def test_a_right_drag_sets_the_window(view):
    before = view.state("window")

    view.drag([(320, 200), (420, 250)], button="right")

    after = view.state("window")
    assert after["width"] > before["width"]
    assert after["center"] > before["center"]


def test_a_middle_drag_pans(view):
    before = view.point(100, 100)

    view.drag([(320, 200), (370, 220)], button="middle")

    assert view.point(100, 100) == pytest.approx((before[0] + 50, before[1] + 20))


def test_space_pans_while_held_and_paints_nothing(view):
    view.brush(3, 5)
    before = view.point(100, 100)

    view.page.keyboard.down("Space")
    view.drag([(320, 200), (420, 200)])
    view.page.keyboard.up("Space")

    assert view.point(100, 100) == pytest.approx((before[0] + 100, before[1]))
    assert view.count(3) == 0
    assert view.state("activeTool") == "brush"


def test_a_tap_on_space_swaps_the_last_two_tools(view):
    view.brush(3, 5)

    view.page.keyboard.press("Space")
    assert view.state("activeTool") == "pan"

    view.page.keyboard.press("Space")
    assert view.state("activeTool") == "brush"


def test_shift_and_wheel_size_the_brush_and_alt_the_opacity(view):
    view.brush(3, 5)
    fill = view.state("labelStyle.fill")

    for key in ("Shift", "Alt"):
        view.page.keyboard.down(key)
        wheel(view, -120)
        view.page.wait_for_function(
            "([key, fill]) => key === 'Shift' ? engine.viewer.settings.getState().radiusMm > 5"
            " : engine.viewer.state.getState().labelStyle.fill > fill",
            arg=[key, fill],
        )
        view.page.keyboard.up(key)

    assert view.page.evaluate("() => engine.viewer.settings.getState().radiusMm") == pytest.approx(5.5)
    assert view.state("labelStyle.fill") == pytest.approx(fill + 0.05)


def test_a_click_paints_and_ctrl_click_picks(view):
    view.brush(3, 5)
    view.drag([view.point(200, 200), view.point(200, 200)])
    assert view.count(3) == pytest.approx(314, rel=0.1)  # a disc of 10 voxels

    view.brush(9, 5)
    view.page.keyboard.down("Control")
    view.drag([view.point(200, 200), view.point(200, 200)])
    view.page.keyboard.up("Control")

    assert view.page.evaluate("() => engine.viewer.settings.getState().activeNumber") == 3
    assert view.count(9) == 0


def test_escape_restores_what_a_stroke_had_changed(view):
    view.brush(3, 5)
    view.drag([view.point(200, 200), view.point(200, 200)])
    before = view.count(3)

    view.page.mouse.down()
    view.page.mouse.move(*view.point(300, 200), steps=4)
    assert view.count(3) > before
    assert view.page.evaluate("() => engine.viewer.cancel()") is True
    view.page.mouse.up()

    assert view.count(3) == before


def test_shift_erases(view):
    view.brush(3, 5)
    view.drag([view.point(200, 200), view.point(300, 200)])
    before = view.count(3)

    view.page.keyboard.down("Shift")
    view.drag([view.point(200, 200), view.point(300, 200)])
    view.page.keyboard.up("Shift")

    assert before > 1000
    assert view.count(3) < before * 0.05


def test_the_bar_scrolls(view):
    view.drag([(631, 50), (631, 350)], steps=4)

    assert view.state("k") == int((350 - 6) / 388 * 40)


def test_a_brush_without_a_segment_says_so(view):
    view.brush(None, 5)

    view.drag([(320, 200), (330, 200)])

    assert view.page.evaluate("() => engine.refusals") == ["no-segment"]
    assert view.page.evaluate("() => engine.labels.numbers()") == []


def test_the_crosshair_goes_where_one_clicks(view):
    view.do("setTool('crosshair')")

    view.drag([view.point(260, 255), view.point(260, 255)])

    assert view.state("crosshair") == [260, 255, 20]


def test_a_pointer_that_leaves_has_no_cursor(view):
    assert view.state("cursor") is not None

    view.page.mouse.move(900, 700)

    view.wait_state("cursor", None)


def test_keys_stamp_and_draw_lines_on_the_screens_axes(engine):
    engine.open("ras")
    engine.brush(1, 0.3)
    engine.page.evaluate("() => document.querySelector('.maskloop-view').focus()")
    engine.page.keyboard.press("Control+Space")
    engine.settle()
    i, j, k = engine.state("cursor.voxel")

    engine.page.keyboard.press("ArrowRight")
    engine.page.keyboard.press("Space")
    assert engine.label_at(i - 1, j, k) == 1  # stored to the patient's right, shown with the left on the right

    engine.page.keyboard.press("Enter")
    for _ in range(5):
        engine.page.keyboard.press("ArrowDown")
    engine.page.keyboard.press("Enter")
    assert engine.count(1) == 6
    assert engine.label_at(i - 1, j - 5, k) == 1
    engine.page.keyboard.press("Escape")


def test_one_finger_paints_and_a_second_takes_it_back_and_zooms(touch_engine):
    engine = touch_engine.open("cells")
    engine.brush(1, 60)
    cdp = engine.page.context.new_cdp_session(engine.page)
    engine.touch(cdp, "touchStart", (300, 200))
    engine.touch(cdp, "touchMove", (350, 220))
    engine.touch(cdp, "touchEnd")
    engine.settle()
    painted, zoom = engine.count(1), engine.state("zoom")

    engine.touch(cdp, "touchStart", (300, 200))
    engine.touch(cdp, "touchStart", (300, 200), (400, 200))
    engine.touch(cdp, "touchMove", (250, 200), (450, 200))
    engine.touch(cdp, "touchEnd")
    engine.settle()

    assert painted > 10_000
    assert engine.count(1) == painted
    assert engine.state("zoom") / zoom == pytest.approx(2, rel=0.03)


@pytest.mark.parametrize("radius", [2, 12.5])
def test_the_cursors_ring_is_what_a_click_paints(view, radius):
    view.brush(3, radius)
    view.page.mouse.move(200, 160)
    view.settle()
    ring = view.page.evaluate(
        """() => {
            const path = document.querySelector('.maskloop-view svg path')
            const { x, y, width, height } = path.getBoundingClientRect()
            return [x, y, x + width, y + height]
        }"""
    )

    view.drag([(200, 160), (200, 160)])
    shown = view.picture().astype(int)
    rows, columns = np.nonzero(np.ptp(shown, axis=2) > 10)  # the image is grey, the paint is not

    assert ring == pytest.approx([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], abs=2)
