"""Frames to images, pure: places decide, gaps and doubles are found, a tilt is one grid."""

from dataclasses import replace

import numpy as np
import pytest

from maskloop.formats.dicom_frames import Frame
from maskloop.formats.dicom_group import group_frames
from maskloop.imaging.affine import is_sheared

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
TILTED = (1.0, 0.0, 0.0, 0.0, 0.9483237, -0.3173047)
CT = ("CT", 64, 64, "int16", "1", "1.2.3", "HU")


def frame(number: int, z: float, **changes) -> Frame:
    """An axial CT slice at (0, 0, z)."""
    plain = Frame(
        instance=number,
        index=0,
        series="s",
        signature=CT,
        number=number,
        position=(0.0, 0.0, z),
        orientation=AXIAL,
        pixel_spacing=(0.5, 0.75),
        spacing_source="pixel",
        thickness=3.0,
    )
    return replace(plain, **changes)


def stack(places, **changes) -> list[Frame]:
    """Slices at these z, numbered against their order."""
    return [frame(100 - number, z, **changes) for number, z in enumerate(places)]


def test_slices_are_sorted_by_place_not_by_number():
    shuffled = [frame(1, 6.0), frame(2, 0.0), frame(3, 9.0), frame(4, 3.0)]

    (group,) = group_frames(shuffled)

    assert [f.position[2] for f in group.frames] == [0, 3, 6, 9]
    np.testing.assert_allclose(group.stack.affine @ (1, 1, 2, 1), (0.75, 0.5, 6.0, 1))
    assert group.stack.spacing == (0.75, 0.5, 3.0)
    assert not group.stack.partial


def test_k_grows_along_the_normal():
    frames = [replace(f, orientation=CORONAL, position=(0.0, f.position[2], 0.0)) for f in stack([0, 2, 4])]

    (group,) = group_frames(frames)

    assert [f.position[1] for f in group.frames] == [0, 2, 4]


def test_a_tilted_gantry_is_one_sheared_grid_with_the_true_step():
    frames = [replace(f, orientation=TILTED, position=(-123.5, -15.6, f.position[2])) for f in stack([0, 2.5, 5, 7.5])]

    (group,) = group_frames(frames)

    assert is_sheared(group.stack.affine)
    np.testing.assert_allclose(group.stack.affine[:3, 2], (0, 0, 2.5), atol=1e-9)
    assert "Gantry tilt 18.5°" in " ".join(group.stack.facts)
    assert not group.stack.notes


def test_series_sizes_types_and_frames_of_reference_are_kept_apart():
    other_size = replace(frame(9, 0), signature=("CT", 32, 64, *CT[3:]))
    other_space = replace(frame(10, 3), signature=(*CT[:5], "9.9.9", "HU"))

    groups = group_frames([*stack([0, 3]), replace(frame(7, 3), series="t"), other_size, other_space])

    assert sorted(len(group.frames) for group in groups) == [1, 1, 1, 2]


def test_a_localizer_of_another_orientation_is_its_own_image():
    scout = frame(99, 0, orientation=CORONAL)

    groups = group_frames([*stack([0, 3, 6]), scout])

    assert sorted(len(group.frames) for group in groups) == [1, 3]


def test_rounding_of_cosines_does_not_split_a_stack():
    rounded = (1.0, 0.0, 0.00001, 0.0, 1.0, 0.00002)

    assert len(group_frames([*stack([0, 3]), frame(5, 6, orientation=rounded)])) == 1


def test_other_pixel_spacing_is_another_image():
    assert len(group_frames([*stack([0, 3]), *stack([6, 9], pixel_spacing=(0.5, 0.5))])) == 2


@pytest.mark.parametrize("name", ["time", "b_value", "echo"])
def test_time_b_value_and_echo_make_images_of_their_own(name):
    frames = [*stack([0, 3, 6], **{name: 1.0}), *stack([0, 3, 6], **{name: 2.0})]

    groups = group_frames(frames)

    word = {"time": "time", "b_value": "b", "echo": "echo"}[name]
    assert [group.label for group in groups] == [f"{word} 1", f"{word} 2"]
    assert all(len(group.frames) == 3 and group.stack.affine is not None for group in groups)


def test_a_value_that_differs_in_every_slice_does_not_shatter_a_stack():
    frames = [replace(f, time=float(number)) for number, f in enumerate(stack([0, 3, 6, 9]))]

    (group,) = group_frames(frames)

    assert len(group.frames) == 4


def test_doubles_are_told_apart_by_what_differs():
    frames = [
        replace(frame(n, z), tie_breakers=(("image type", kind),))
        for n, (z, kind) in enumerate((z, kind) for z in (0, 3, 6) for kind in ("M", "P"))
    ]

    groups = group_frames(frames)

    assert [group.label for group in groups] == ["image type 1", "image type 2"]
    assert all(not group.notes for group in groups)


def test_doubles_without_any_difference_are_told_apart_by_order_and_said():
    frames = [*stack([0, 3, 6]), *stack([0, 3, 6])]

    groups = group_frames(frames)

    assert [len(group.frames) for group in groups] == [3, 3]
    assert groups[0].notes == ("2 slices lie at each place. They were told apart by their order",)


def test_one_doubled_slice_goes_apart_and_the_stack_stays_whole():
    groups = group_frames([*stack([0, 3, 6, 9]), frame(7, 3)])

    assert sorted(len(group.frames) for group in groups) == [1, 4]
    assert "place that is taken" in groups[0].notes[0]


def test_a_missing_slice_leaves_its_place_empty_and_marks_the_image_partial():
    (group,) = group_frames(stack([0, 3, 6, 12, 15]))

    assert [f is None for f in group.frames] == [False, False, False, True, False, False]
    assert group.stack.partial
    assert group.stack.notes[0].startswith("One slice is missing between z 6 and 12")
    np.testing.assert_allclose((group.stack.affine @ (0, 0, 5, 1))[:3], (0, 0, 15))


def test_a_large_gap_makes_two_partial_images():
    groups = group_frames(stack([*range(0, 30, 3), *range(90, 120, 3)]))

    assert [len(group.frames) for group in groups] == [10, 10]
    assert all(group.stack.partial for group in groups)


def test_a_change_of_spacing_makes_two_images_each_with_its_own_step():
    groups = group_frames(stack([0, 5, 10, 15, 20, 22.5, 25, 27.5]))

    assert [group.stack.spacing[2] for group in groups] == [5.0, 2.5]
    assert sum(len(group.frames) for group in groups) == 8


def test_uneven_spacing_throughout_has_no_physical_size():
    places = np.cumsum([1, 4, 2, 7, 3, 9, 1.5, 6, 2.2, 8, 3.3, 5.1])

    (group,) = group_frames(stack([float(z) for z in places]))

    assert group.stack.affine is None
    assert group.stack.spacing is None
    assert "unevenly spaced" in group.stack.notes[0]


def test_small_jitter_is_said_in_millimetres():
    (group,) = group_frames(stack([0, 3, 6.05, 9, 12]))

    assert group.stack.affine is not None
    assert "0.05" in group.stack.notes[0]


def test_one_slice_is_as_deep_as_it_is_thick():
    (group,) = group_frames([frame(1, 5)])

    np.testing.assert_allclose(group.stack.affine[:3, 2], (0, 0, 3))


def test_one_slice_without_thickness_has_no_volume_but_a_size():
    (group,) = group_frames([frame(1, 5, thickness=None)])

    assert group.stack.affine is None
    assert group.stack.spacing == (0.75, 0.5, 1.0)


def test_slices_without_a_place_make_a_stack_by_number_without_size():
    frames = [replace(f, position=None, orientation=None) for f in stack([0, 3, 6])]

    (group,) = group_frames(frames)

    assert [f.number for f in group.frames] == [98, 99, 100]
    assert group.stack.affine is None
    assert "no position" in group.notes[0]


def test_radiographs_of_a_series_are_one_image_each():
    signature = ("DX", *CT[1:])
    frames = [replace(f, position=None, orientation=None, signature=signature) for f in stack([0, 3, 6])]

    assert [len(group.frames) for group in group_frames(frames)] == [1, 1, 1]


def test_ten_thousand_frames_are_grouped_in_a_moment():
    frames = [frame(n, 0.1 * n) for n in range(10_000)]

    (group,) = group_frames(frames)

    assert len(group.frames) == 10_000
