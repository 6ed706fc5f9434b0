"""Windows: percentiles, clipping, inversion, and the ones everybody knows."""

import numpy as np
import pytest

from maskloop.imaging.window import Window, apply_window, checked_window, percentile_window, presets_for


def test_black_grey_and_white_of_a_window():
    values = np.array([-200.0, -160.0, 40.0, 240.0, 3000.0])

    assert apply_window(values, Window(40, 400)).tolist() == [0, 0, 128, 255, 255]
    assert apply_window(values, Window(40, 400), invert=True).tolist() == [255, 255, 127, 0, 0]


def test_what_is_not_a_number_is_black():
    assert apply_window(np.array([np.nan, np.inf, -np.inf]), Window(0, 10)).tolist() == [0, 255, 0]


def test_percentiles_leave_the_outliers_out():
    values = np.append(np.linspace(0, 100, 10_001), [1e6, -1e6])

    window = percentile_window(values)

    assert window is not None
    assert window.low == pytest.approx(0.5, abs=0.1)
    assert window.high == pytest.approx(99.5, abs=0.1)


def test_mostly_background_still_shows_the_rest():
    values = np.zeros(10_000)
    values[0] = 50

    assert percentile_window(values) == Window(25, 50)


def test_one_value_alone_has_a_window_and_nothing_has_none():
    assert percentile_window(np.full(5, 7)) == Window(7, 1)
    assert percentile_window(np.array([np.nan])) is None


@pytest.mark.parametrize(("center", "width"), [(np.nan, 1), (0, 0), (0, -5), (0, np.inf), (1e12, 1)])
def test_numbers_that_make_no_window(center, width):
    assert checked_window(center, width) is None


def test_only_hounsfield_units_have_fixed_presets():
    names = [preset.name for preset in presets_for("CT", unit="HU")]

    assert {"Lung", "Bone", "Brain"} <= set(names)
    assert presets_for("CT", unit=None) == presets_for("MR", unit=None) == ()
