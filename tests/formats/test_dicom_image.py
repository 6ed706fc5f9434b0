"""DICOM in every syntax that we can write, single and multi-frame: voxels, places and display come through."""

import gzip
import json

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tests.phantoms import (
    SeriesPlan,
    asymmetric_volume,
    axial_affine,
    noisy_slices,
    save,
    tilted_affine,
    write_enhanced,
    write_projection,
    write_series,
)

SYNTAXES = [
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLSLossless,
    JPEG2000Lossless,
]


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: UID(uid).name)
def test_every_syntax_gives_the_same_voxels_on_the_same_tilted_grid(tmp_path, upload, syntax):
    voxels = noisy_slices((5, 33, 47))
    paths = write_series(tmp_path / "series", voxels, tilted_affine(), SeriesPlan(transfer_syntax=syntax))

    read = upload(paths)

    np.testing.assert_array_equal(read.stored(), voxels)
    np.testing.assert_allclose(read.image.affine, tilted_affine(), atol=1e-6)
    assert read.item.outcome == "accepted"
    assert read.result.series[0].instances[0].transfer_syntax == syntax


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEGLSLossless])
def test_an_enhanced_object_is_one_volume_sorted_by_place(tmp_path, upload, syntax):
    voxels = noisy_slices((4, 20, 30))
    path = write_enhanced(tmp_path / "enhanced", voxels, axial_affine(), SeriesPlan(transfer_syntax=syntax))

    read = upload([path])

    np.testing.assert_array_equal(read.stored(), voxels)
    np.testing.assert_allclose(read.image.affine, axial_affine())
    assert [(row.k, row.frame) for row in read.image.frames] == [(0, 4), (1, 3), (2, 2), (3, 1)]
    assert (read.image.unit, read.image.rescale.intercept) == ("HU", (-1024.0,))


def test_left_stays_left_through_reading(tmp_path, upload):
    volume = asymmetric_volume()
    read = upload(write_series(tmp_path / "series", volume, axial_affine()))

    stored, affine = read.stored(), np.array(read.image.affine)
    k, j, i = (float(place.mean()) for place in np.nonzero(stored == 900))
    left = affine @ (i, j, k, 1)
    k, j, i = (float(place.mean()) for place in np.nonzero(stored == 500))
    head = affine @ (i, j, k, 1)
    middle = affine @ (23.5, 19.5, 3, 1)

    assert left[0] > middle[0] + 5, "left is where x grows"
    assert head[2] > middle[2] + 3, "the head is where z grows"


def test_each_slice_keeps_its_own_slope(tmp_path, upload):
    voxels = noisy_slices((3, 8, 8))
    paths = write_series(tmp_path / "pet", voxels, axial_affine(), SeriesPlan(modality="PT", extra={"Units": "BQML"}))
    for number, path in enumerate(paths):
        dataset = pydicom.dcmread(path)
        dataset.RescaleSlope, dataset.RescaleIntercept = 0.5 + number, 0
        dataset.save_as(path)

    read = upload(paths)

    assert read.image.rescale.slope == (0.5, 1.5, 2.5)
    assert read.image.unit == "Bq/ml"


def test_the_window_of_the_file_comes_first_and_ct_presets_follow(tmp_path, upload):
    extra = {"WindowCenter": [40, 300], "WindowWidth": [350, 1500]}
    read = upload(write_series(tmp_path / "s", noisy_slices((2, 8, 8)), axial_affine(), SeriesPlan(extra=extra)))

    assert (read.image.window.center, read.image.window.width) == (40, 350)
    assert [preset.name for preset in read.image.presets][:3] == ["From the file 1", "From the file 2", "Soft tissue"]


def test_bits_above_those_stored_are_no_part_of_the_values(tmp_path, upload):
    clean = noisy_slices((1, 8, 8)).astype(np.uint16)
    overlaid = clean | 0x8000
    extra = {"BitsStored": 12, "HighBit": 11}

    read = upload(write_series(tmp_path / "s", overlaid, axial_affine(), SeriesPlan(extra=extra)))

    np.testing.assert_array_equal(read.stored(), clean)


def test_values_that_sit_high_in_their_word_are_shifted_down(tmp_path, upload):
    values = noisy_slices((1, 8, 8)).astype(np.uint16)
    extra = {"BitsStored": 12, "HighBit": 15}

    read = upload(write_series(tmp_path / "s", values << 4, axial_affine(), SeriesPlan(extra=extra)))

    np.testing.assert_array_equal(read.stored(), values)


def test_a_modality_table_is_applied(tmp_path, upload):
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [4, 0, 16], "US"
    table.LUTData = np.array([100, 300, 700, 65535], dtype="<u2").tobytes()
    pixels = np.array([[[0, 1], [2, 3]]], dtype=np.uint16)
    plan = SeriesPlan(extra={"ModalityLUTSequence": Items([table])})

    read = upload(write_series(tmp_path / "s", pixels, axial_affine(), plan))

    assert read.stored().tolist() == [[[100, 300], [700, 65535]]]
    assert (read.image.rescale.slope, read.image.rescale.intercept) == ((1.0,), (0.0,))


def test_a_palette_becomes_colour(tmp_path, upload):
    paths = write_series(tmp_path / "s", np.array([[[0, 1], [2, 1]]], dtype=np.uint16), axial_affine())
    dataset = pydicom.dcmread(paths[0])
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    for place, values in enumerate(((0, 255, 9), (7, 0, 99), (1, 2, 3))):
        dataset.add_new(0x00281101 + place, "US", [3, 0, 16])
        dataset.add_new(0x00281201 + place, "OW", (np.array(values, dtype="<u2") << 8).tobytes())
    dataset.save_as(paths[0])

    read = upload(paths)

    assert read.stored()[0].tolist() == [[[0, 7, 1], [255, 0, 2]], [[9, 99, 3], [255, 0, 2]]]
    assert read.image.photometric == "RGB"


def test_monochrome1_is_kept_as_a_flag(tmp_path, upload):
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8)
    path = write_projection(tmp_path / "dx", pixels, PhotometricInterpretation="MONOCHROME1")

    read = upload([path])

    np.testing.assert_array_equal(read.stored()[0], pixels)
    assert read.image.photometric == "MONOCHROME1"


@pytest.mark.parametrize(
    ("elements", "spacing", "source"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.3]}, (0.3, 0.2, 1.0), "detector"),
        ({"ImagerPixelSpacing": [0.2, 0.3], "PixelSpacing": [0.2, 0.3]}, (0.3, 0.2, 1.0), "detector"),
        ({"ImagerPixelSpacing": [0.2, 0.3], "PixelSpacing": [0.1, 0.15]}, (0.15, 0.1, 1.0), "pixel"),
        ({"PixelSpacing": [0.1, 0.15]}, (0.15, 0.1, 1.0), "pixel"),
        ({}, None, None),
    ],
)
def test_the_detectors_spacing_is_not_the_patients(tmp_path, upload, elements, spacing, source):
    path = write_projection(tmp_path / "dx", np.ones((8, 8), dtype=np.uint16), **elements)

    image = upload([path]).image

    assert (image.spacing, image.spacing_source, image.affine) == (spacing, source, None)
    assert image.kind == "planar"


@pytest.mark.parametrize("spacing", [[0, 0], [-1, 1], ["nan", "1"], [1e9, 1]])
def test_impossible_pixel_spacing_is_imported_without_size_and_said(tmp_path, upload, spacing):
    paths = write_series(tmp_path / "s", noisy_slices((3, 8, 8)), axial_affine())
    for path in paths:
        dataset = pydicom.dcmread(path)
        texts = [str(value) for value in spacing]
        dataset["PixelSpacing"] = pydicom.DataElement(0x00280030, "DS", texts, validation_mode=0)
        dataset.save_as(path)

    read = upload(paths)

    assert read.item.outcome == "noted"
    assert "Imported without physical size" in read.item.reason
    assert read.image.affine is None


def test_a_missing_slice_is_empty_air_in_its_place(tmp_path, upload):
    paths = write_series(tmp_path / "s", noisy_slices((6, 8, 8)), axial_affine(), SeriesPlan(), skip=[4])

    read = upload(paths)

    assert read.image.shape == (6, 8, 8)
    assert (read.image.missing, read.image.partial) == ((4,), True)
    assert (read.stored()[4] == 0).all(), "stored 0 is -1024 HU"
    assert "One slice is missing" in read.item.reason
    assert "5 of 6 slices" in read.item.what


def test_a_series_without_uids_is_put_together_and_gets_ones_that_stay(tmp_path, upload):
    paths = write_series(tmp_path / "s", noisy_slices((3, 8, 8)), axial_affine())
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.SeriesInstanceUID = dataset.StudyInstanceUID = ""
        dataset.save_as(path)

    first, second = upload(paths), upload(paths)

    assert first.image.shape == (3, 8, 8)
    assert first.result.series[0].series_uid.startswith("2.25.")
    assert first.result.series[0].series_uid == second.result.series[0].series_uid


def test_the_originals_are_packed_byte_for_byte_and_findable(tmp_path, upload):
    paths = write_series(tmp_path / "s", noisy_slices((3, 8, 8)), axial_affine())

    read = upload(paths)

    series = read.result.series[0]
    packed = (read.scratch / series.originals).read_bytes()
    parts = {packed[one.offset : one.offset + one.length] for one in series.instances}
    assert parts == {path.read_bytes() for path in paths}
    assert sum(one.length for one in series.instances) == series.originals_bytes


def test_the_kept_header_is_dicom_json_in_the_order_of_the_instances(tmp_path, upload):
    paths = write_series(tmp_path / "s", noisy_slices((3, 8, 8)), axial_affine())

    series = upload(paths).result.series[0]
    headers = json.loads(gzip.decompress((tmp_path / "scratch-0" / series.dicom_json).read_bytes()))

    assert [header["00080018"]["Value"][0] for header in headers] == [one.uid for one in series.instances]
    assert headers[0]["00280030"] == {"vr": "DS", "Value": [0.75, 0.5]}


def test_frames_point_to_their_instance_and_place(tmp_path, upload):
    paths = write_series(tmp_path / "s", noisy_slices((3, 8, 8)), axial_affine())

    read = upload(paths)

    for row in read.image.frames:
        instance = read.result.series[0].instances[row.instance]
        assert instance.uid == row.sop_uid
        np.testing.assert_allclose(row.position, (-40, -60, 100 + 3 * row.k))


def test_a_picture_of_one_bit_is_an_image(tmp_path, upload):
    paths = write_series(tmp_path / "s", np.zeros((1, 8, 16), dtype=np.uint16), axial_affine())
    dataset = pydicom.dcmread(paths[0])
    dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.7.1", "OT"
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = 0
    dataset.PixelRepresentation = 0
    dataset.PixelData = bytes(range(16))
    save(dataset, paths[0], ExplicitVRLittleEndian)

    stored = upload(paths).stored()

    assert stored.dtype == np.uint8
    assert set(np.unique(stored)) == {0, 1}


def test_a_segmentation_is_known_and_waits(tmp_path, upload):
    plan = SeriesPlan(modality="SEG", sop_class=UID("1.2.840.10008.5.1.4.1.1.66.4"))

    read = upload(write_series(tmp_path / "s", noisy_slices((1, 8, 8)), axial_affine(), plan))

    assert (read.item.outcome, read.item.code) == ("refused", "label-object")
    assert "not read yet" in read.item.reason
