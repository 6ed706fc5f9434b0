"""The runner's export: files, receipts, and what could not be written."""

import json

import nibabel as nib
import numpy as np
import pytest

from maskloop.formats.export_ops import write_export
from maskloop.formats.raster_write import read_png
from tests.phantoms import axial_affine, noisy_slices, write_series

SEGMENTS = [
    {"number": 1, "last_number": 1, "name": "Liver", "color": "#ff0000", "label": "Liver", "code": None},
    {"number": 10, "last_number": 20, "name": "Nucleus", "color": "#00ff00", "label": "Nucleus", "code": None},
    {"number": 12, "last_number": 12, "name": "The odd one", "color": "#0000ff", "label": "Nucleus", "code": None},
]


def item(scratch, labels, stem="case", **changes):
    """One labelmap staged as the export job does."""
    np.save(scratch / f"{stem}.npy", labels)
    plain = {"stem": stem, "labels": f"{stem}.npy", "affine": axial_affine().tolist(), "kind": "volume"}
    return {**plain, "segments": SEGMENTS, "image": None, **changes}


def export(scratch, items, form="nifti", variant="semantic"):
    """Run the operation as the runner does, JSON in and out."""
    args = json.loads(json.dumps({"format": form, "variant": variant, "items": items}))
    return json.loads(json.dumps(write_export(args, scratch, lambda _fraction, _step: None), allow_nan=False))


@pytest.fixture
def labels():
    """Two slices with a semantic segment and three instances."""
    made = np.zeros((2, 6, 8), dtype=np.uint16)
    made[0, 1:3, 1:3], made[0, 4, 4], made[1, 5, 7], made[1, 0, 0] = 1, 10, 12, 20
    return made


def test_nifti_holds_the_numbers_and_the_receipt_says_so(tmp_path, labels):
    answer = export(tmp_path, [item(tmp_path, labels)])

    (file,) = answer["files"]
    image = nib.load(tmp_path / "out" / "case.nii.gz")
    np.testing.assert_array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), labels)
    assert (file["item"], file["name"], file["receipt"]["voxels_different"]) == (0, "case.nii.gz", 0)
    assert file["receipt"]["spacing"] == [0.5, 0.75, 3.0]


def test_semantic_png_has_one_number_for_all_instances_of_a_label(tmp_path, labels):
    answer = export(tmp_path, [item(tmp_path, labels)], "png")

    assert [file["name"] for file in answer["files"]] == ["case_0000.png", "case_0001.png"]
    assert set(np.unique(read_png(tmp_path / "out" / "case_0000.png"))) == {0, 1, 10}
    assert set(np.unique(read_png(tmp_path / "out" / "case_0001.png"))) == {0, 10}


def test_instance_png_keeps_every_number_in_16_bits(tmp_path, labels):
    export(tmp_path, [item(tmp_path, labels)], "png", "instance")

    written = read_png(tmp_path / "out" / "case_0001.png")
    assert written.dtype == np.uint16
    np.testing.assert_array_equal(written, labels[1])


def test_a_planar_image_is_one_png_without_a_slice_number(tmp_path, labels):
    answer = export(tmp_path, [item(tmp_path, labels[:1], affine=None, kind="planar")], "png")

    assert [file["name"] for file in answer["files"]] == ["case.png"]


def test_an_overlay_draws_segments_in_their_colours_on_the_image(tmp_path, upload):
    read = upload(write_series(tmp_path / "s", np.full((1, 6, 8), 1024, dtype=np.int16), axial_affine()))
    labels = np.zeros((1, 6, 8), dtype=np.uint16)
    labels[0, 2, 2], labels[0, 3, 3] = 1, 12
    (tmp_path / "0.mlpx").write_bytes((read.scratch / read.image.pixels.path).read_bytes())
    display = {"window": {"center": 0, "width": 100}, "photometric": "MONOCHROME2"}
    rescale = {"slope": [1.0], "intercept": [-1024.0]}

    export(tmp_path, [item(tmp_path, labels, image="0.mlpx", display=display, rescale=rescale)], "png", "overlay")

    drawn = read_png(tmp_path / "out" / "case.png")
    assert drawn[0, 0].tolist() == [128, 128, 128]
    assert drawn[2, 2].tolist() == [185, 70, 70]
    assert drawn[3, 3].tolist() == [70, 70, 185], "the narrower block gives the colour"


def test_one_that_cannot_be_written_is_named_and_the_others_are_there(tmp_path, labels):
    broken = item(tmp_path, labels, "broken", affine=np.zeros((4, 4)).tolist())

    answer = export(tmp_path, [broken, item(tmp_path, labels)])

    (failed,) = answer["failed"]
    assert (failed["item"], failed["code"]) == (0, "bad-geometry")
    assert [file["item"] for file in answer["files"]] == [1]


def test_labels_painted_on_noise_come_back_exactly_for_every_grid(tmp_path):
    labels = (noisy_slices((3, 33, 47)) % 7).astype(np.uint16)

    answer = export(tmp_path, [item(tmp_path, labels)])

    assert answer["files"][0]["receipt"]["voxels_compared"] == labels.size
