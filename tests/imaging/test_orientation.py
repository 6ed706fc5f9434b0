"""Letters: positive axes are left, back and head."""

import json
from pathlib import Path

import numpy as np
import pytest

from maskloop.imaging.orientation import (
    AS_STORED,
    axis_letters,
    direction_letters,
    edge_letters,
    on_screen,
    opposite,
    plane_name,
    screen_axes,
)
from tests.phantoms import axial_affine, tilted_affine

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "orientations.json").read_text())


@pytest.mark.parametrize(
    ("direction", "letters"),
    [((1, 0, 0), "L"), ((-1, 0, 0), "R"), ((0, 1, 0), "P"), ((0, -2, 0), "A"), ((0, 0, 1), "S"), ((0, 0, -1), "I")],
)
def test_each_axis_has_its_letter(direction, letters):
    assert direction_letters(direction) == letters


def test_oblique_directions_name_the_largest_share_first():
    assert direction_letters((0.3, 0.9, 0.0)) == "PL"
    assert direction_letters((0.01, 1, 0)) == "P"


def test_an_axial_slice_shows_the_right_side_on_the_left_and_the_front_on_top():
    edges = edge_letters(axial_affine())

    assert edges == ("R", "L", "A", "P")


def test_a_tilted_gantry_is_still_axial_and_leans_to_the_feet():
    assert plane_name(tilted_affine()) == "axial"
    assert edge_letters(tilted_affine()).bottom == "PI"
    assert axis_letters(tilted_affine()) == "LPS"


def test_sagittal_and_coronal_planes_have_their_names():
    sagittal, coronal = np.eye(4), np.eye(4)
    sagittal[:3, :3] = np.column_stack([(0, 1, 0), (0, 0, -1), (1, 0, 0)])
    coronal[:3, :3] = np.column_stack([(1, 0, 0), (0, 0, -1), (0, 1, 0)])

    assert (plane_name(sagittal), plane_name(coronal)) == ("sagittal", "coronal")
    assert (axis_letters(sagittal), axis_letters(coronal)) == ("PIL", "LIP")


def test_opposite_turns_every_letter():
    assert opposite("PLS") == "ARI"


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_a_slice_is_turned_as_the_viewer_turns_it(case):
    affine = np.array(case["affine"])

    axes = screen_axes(affine)

    assert plane_name(affine) == case["plane"]
    assert axes.transposed == (case["right"]["axis"] == "j")
    assert axes.mirrored == (case["right"]["sign"] < 0)
    assert axes.upside_down == (case["down"]["sign"] < 0)


def test_a_slice_without_a_place_is_shown_as_stored():
    plane = np.arange(6).reshape(2, 3)

    assert screen_axes(None) == AS_STORED
    assert (on_screen(plane, AS_STORED) == plane).all()


def test_a_tie_between_planes_goes_to_axial():
    half = np.sqrt(0.5)
    affine = np.eye(4)
    affine[:3, 1] = (0, half, half)
    affine[:3, 2] = (0, -half, half)

    assert plane_name(affine) == "axial"
