"""Loss of the context, refusing drivers, many openings, sizes, the content policy, idleness."""

import numpy as np
import pytest
from tests.e2e.engine.driver import windowed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LOSE = "() => { window.loss = engine.gl.getExtension('WEBGL_lose_context'); loss.loseContext() }"
PAINT = "() => { const s = engine.labels.beginStroke('t'); s.fillRun(20, 260, 200, 300, 1); s.commit() }"


def lose_and_restore(engine, meanwhile="() => {}"):
    engine.page.evaluate(LOSE)
    engine.wait_state("contextLost", True)
    engine.page.evaluate(meanwhile)
    engine.page.evaluate("() => loss.restoreContext()")
    engine.wait_state("contextLost", False)
    engine.settle()


def test_a_lost_context_comes_back_with_what_was_drawn_meanwhile(engine):
    engine.open("slices").do("setLabelStyle({ fill: 1, outlinePx: 0 })")
    before = engine.picture()

    lose_and_restore(engine, PAINT)
    after = engine.picture()
    painted = engine.at(250, 260)
    engine.do("setInvert(true)")
    engine.do("setInvert(false)")

    assert (after == engine.picture()).all()
    assert painted == list(engine.instance_colors(1)[0])
    engine.paint([(20, 260, 200, 300, 0)])
    assert (before == engine.picture()).all()
    assert engine.stat("contextLosses") == 1
    assert engine.page.evaluate("() => engine.gl.getError()") == 0


def test_colours_survive_the_loss(engine):
    engine.open("black").do("setLabelStyle({ fill: 1, outlinePx: 0 })")
    engine.segments({"number": 1, "color": "#ff8000"})
    engine.paint_box(1, 200, 200, 300, 300, k=2)

    lose_and_restore(engine)

    assert engine.at(250, 250) == [255, 128, 0]


def test_the_third_loss_in_a_minute_halves_the_budget(engine):
    engine.open("slices", limits={"gpuBytes": 25_000_000})
    before = engine.picture()
    modes = [engine.stat("mode")]

    for _ in range(3):
        lose_and_restore(engine)
        modes.append(engine.stat("mode"))

    assert modes == ["volume", "volume", "volume", "paged"]
    assert engine.stat("bytesGpu") <= 12_500_000 + 32 * 256 * 256 * 2
    assert (before == engine.picture()).all()


def test_a_driver_that_drops_a_texture_gets_pages(engine):
    engine.open("slices")
    before = engine.picture()
    engine.page.evaluate(
        """() => {
            const kept = WebGL2RenderingContext.prototype.getBufferSubData
            let asked = 0
            WebGL2RenderingContext.prototype.getBufferSubData = function (...args) {
                if (asked++ > 0) kept.apply(this, args)
            }
            window.mend = () => { WebGL2RenderingContext.prototype.getBufferSubData = kept }
        }"""
    )
    engine.page.evaluate("() => engine.again()")
    engine.page.wait_for_function("() => engine.viewer.stats().mode === 'paged'", timeout=5000)
    after = engine.picture()
    engine.page.evaluate("() => mend()")

    assert (before == after).all()


def test_twenty_openings_leave_one_view_and_its_workers(engine):
    engine.open("bytes", width=64, height=64)
    before = engine.picture()

    engine.page.evaluate("async () => { for (let n = 0; n < 20; n++) await engine.again() }")

    assert engine.page.evaluate("() => stage.childElementCount") == 1
    assert len(engine.page.workers) <= 4
    assert (before == engine.picture()).all()

    engine.page.evaluate("() => engine.close()")
    assert engine.page.evaluate("() => stage.childElementCount") == 0


def test_a_view_of_another_size_is_fitted_again(engine):
    engine.open("steps", nearest=True)

    engine.page.evaluate("() => engine.resize(300, 200)")
    engine.page.wait_for_function("() => engine.gl.drawingBufferWidth === 300")
    small = engine.picture()
    engine.open("steps", nearest=True, width=300, height=200)

    assert small.shape == (200, 300, 3)
    assert (small == engine.picture()).all()


def test_the_page_is_held_by_the_products_content_policy(engine):
    header = "async () => (await fetch('/')).headers.get('content-security-policy')"
    refused = "() => { try { new Worker('blob:x'); return 'started' } catch (error) { return error.name } }"

    assert "require-trusted-types-for 'script'; trusted-types maskloop" in engine.page.evaluate(header)
    assert engine.page.evaluate(refused) == "TypeError"
    engine.page.evaluate("() => { engine.violations.length = 0 }")


def test_a_view_at_rest_draws_no_frames(engine):
    engine.open("slices")
    engine.page.mouse.move(*engine.point(100, 100))
    engine.settle()
    renders = engine.stat("renders")

    engine.page.evaluate(
        "async () => { for (let n = 0; n < 20; n++) await new Promise((done) => requestAnimationFrame(done)) }"
    )

    assert engine.stat("renders") == renders


def test_a_move_of_the_pointer_does_not_draw_the_picture_again(engine):
    engine.open("slices")
    engine.brush(1, 5)
    engine.settle()
    renders = engine.stat("renders")

    for step in range(10):
        engine.page.mouse.move(100 + 10 * step, 200)
    engine.settle()

    assert engine.state("cursor") is not None
    assert engine.stat("renders") == renders


def test_a_screen_of_two_pixels_to_one_is_drawn_in_full(touch_engine, gallery):
    touch_engine.open("steps", nearest=True)

    picture = touch_engine.grey()

    assert picture.shape == (800, 1280)
    assert abs(picture[2, 492:790:5] - windowed(np.arange(60) + 200, 300, 600)).max() <= 1
