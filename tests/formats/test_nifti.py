"""NIfTI: RAS stays inside, sform before qform, shear survives, and lies are refused."""

import gzip
import struct

import nibabel as nib
import numpy as np
import pytest

from maskloop.formats.errors import Refused
from maskloop.formats.limits import Limits
from maskloop.formats.nifti import open_nifti, pictures, read_labelmap, read_slices, unpacked, write_labelmap
from maskloop.imaging.affine import patient_from_voxel
from maskloop.imaging.labelmap import Labelmap
from tests.phantoms import asymmetric_volume, axial_affine, tilted_affine

RAS = np.array([[-0.5, 0, 0, 40.0], [0, -0.75, 0, 60.0], [0, 0, 3.0, 100.0], [0, 0, 0, 1]])


def save(path, voxels, affine=RAS, *, sform=1, qform=1, kind=nib.Nifti1Image, slope=None):
    """Write (K, J, I) voxels with nibabel, which takes (I, J, K)."""
    image = kind(voxels.transpose(2, 1, 0, *range(3, voxels.ndim)), affine)
    image.set_sform(affine, sform)
    image.set_qform(affine, qform)
    if slope is not None:
        image.header.set_slope_inter(*slope)
    nib.save(image, path)
    return path


def stored(path, target, step=0):
    """All slices of a file, as kept."""
    file = open_nifti(unpacked(path, target, Limits()), Limits())
    return np.stack(list(read_slices(file, range(file.shape[0]), step=step)))


def patched(path, offset, form, *values):
    """Overwrite header numbers."""
    raw = bytearray(path.read_bytes())
    struct.pack_into(form, raw, offset, *values)
    path.write_bytes(bytes(raw))
    return path


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_ras_becomes_lps_and_voxels_stay_where_they_are(tmp_path, ending, kind):
    volume = asymmetric_volume()
    path = save(tmp_path / f"a.{ending}", volume, kind=kind)

    file = open_nifti(unpacked(path, tmp_path / "plain", Limits()), Limits())

    np.testing.assert_allclose(file.place.affine, axial_affine() * [1, 1, 1, 1], atol=1e-5)
    np.testing.assert_array_equal(stored(path, tmp_path / "plain"), volume)


def test_the_sform_counts_and_a_disagreement_is_said(tmp_path):
    image = nib.Nifti1Image(np.zeros((4, 4, 4), np.int16), RAS)
    other = RAS.copy()
    other[0, 3] += 7
    image.set_sform(RAS, 1)
    image.set_qform(other, 1)
    nib.save(image, tmp_path / "a.nii")

    place = open_nifti(tmp_path / "a.nii", Limits()).place

    assert place.affine[0, 3] == pytest.approx(-40)
    assert "differ by up to 7.0" in place.notes[0]


def test_the_qform_counts_where_there_is_no_sform(tmp_path):
    place = open_nifti(save(tmp_path / "a.nii", np.zeros((2, 3, 4), np.int16), sform=0), Limits()).place

    np.testing.assert_allclose(place.affine, axial_affine(), atol=1e-4)
    assert place.facts == ("Place from the qform",)


def test_without_a_form_there_is_a_voxel_size_and_no_place(tmp_path):
    place = open_nifti(save(tmp_path / "a.nii", np.zeros((2, 3, 4), np.int16), sform=0, qform=0), Limits()).place

    assert place.affine is None
    assert place.spacing == pytest.approx((0.5, 0.75, 3.0))
    assert "does not say how the patient lies" in place.notes[0]


@pytest.mark.parametrize("rows", [(np.nan,) * 12, (np.inf, *[0.0] * 11), (0.0,) * 12, (1, 1, 0, 0) * 3])
def test_an_affine_that_is_none_is_refused(tmp_path, rows):
    path = patched(save(tmp_path / "a.nii", np.zeros((2, 3, 4), np.int16)), 280, "<12f", *rows)

    with pytest.raises(Refused, match="sform") as refusal:
        open_nifti(path, Limits())

    assert refusal.value.code == "bad-geometry"


@pytest.mark.parametrize(("unit", "factor"), [(1, 1000), (2, 1), (3, 0.001), (0, 1)])
def test_metres_and_micrometres_become_millimetres(tmp_path, unit, factor):
    path = patched(save(tmp_path / "a.nii", np.zeros((2, 3, 4), np.int16)), 123, "<B", unit)

    np.testing.assert_allclose(open_nifti(path, Limits()).place.spacing, np.array([0.5, 0.75, 3]) * factor, rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.array([-5, 300], np.int16), "int16"),
        (np.array([-5, 100], np.int8), "int16"),
        (np.array([0, 65535], np.uint16), "uint16"),
        (np.array([0, 255], np.uint8), "uint8"),
        (np.array([-1024, 3000], np.int32), "int16"),
        (np.array([0, 60000], np.uint32), "uint16"),
        (np.array([0, 70000], np.int32), "float32"),
        (np.array([0.5, -2.5], np.float32), "float32"),
        (np.array([0.5, -2.5], np.float64), "float32"),
    ],
)
def test_the_kept_type_holds_every_value(tmp_path, given, kept):
    path = save(tmp_path / "a.nii", given.reshape(1, 1, 2))

    voxels = stored(path, tmp_path / "plain")

    assert voxels.dtype == kept
    np.testing.assert_array_equal(voxels.ravel(), given)


def test_big_endian_files_are_read(tmp_path):
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    nib.save(nib.Nifti1Image(asymmetric_volume().transpose(2, 1, 0), RAS, header), tmp_path / "a.nii")

    np.testing.assert_array_equal(stored(tmp_path / "a.nii", tmp_path / "plain"), asymmetric_volume())


def test_a_scale_is_kept_beside_the_stored_values(tmp_path):
    path = save(tmp_path / "a.nii", np.ones((1, 2, 2), np.int16))
    patched(path, 112, "<2f", 0.5, -3.0)

    file = open_nifti(path, Limits())

    assert (file.slope, file.intercept, file.dtype) == (0.5, -3.0, "int16")


def test_each_step_of_a_fourth_axis_is_an_image(tmp_path):
    voxels = np.random.default_rng(1).integers(0, 99, (3, 4, 5, 2), dtype=np.int16)
    path = save(tmp_path / "a.nii", voxels)

    file = open_nifti(path, Limits())

    assert [picture.label for picture in pictures(file)] == ["step 1", "step 2"]
    np.testing.assert_array_equal(stored(path, tmp_path / "plain", step=1), voxels[..., 1])
    assert "fourth axis of 2 steps" in file.notes[0]


def test_colour_is_read_and_transparency_dropped(tmp_path):
    colours = np.zeros((2, 3, 4), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1"), ("A", "u1")])
    colours["G"], colours["A"] = 7, 255
    path = save(tmp_path / "a.nii", colours)

    file = open_nifti(path, Limits())

    assert stored(path, tmp_path / "plain")[0, 0, 0].tolist() == [0, 7, 0]
    assert file.notes == ("Transparency was dropped",)


@pytest.mark.parametrize(
    ("offset", "form", "values", "code"),
    [
        (40, "<8h", (9, 4, 4, 4, 1, 1, 1, 1), "nifti-shape"),
        (40, "<8h", (3, 4, -4, 4, 1, 1, 1, 1), "nifti-shape"),
        (40, "<8h", (5, 4, 3, 2, 1, 3, 1, 1), "nifti-shape"),
        (40, "<8h", (3, 32000, 32000, 30000, 1, 1, 1, 1), "too-large"),
        (40, "<8h", (3, 400, 400, 400, 1, 1, 1, 1), "pixels-missing"),
        (70, "<h", (1792,), "unsupported-pixels"),
        (70, "<h", (999,), "unsupported-pixels"),
        (108, "<f", (1e9,), "nifti-damaged"),
    ],
)
def test_headers_that_lie_are_refused_with_their_code(tmp_path, offset, form, values, code):
    path = patched(save(tmp_path / "a.nii", np.zeros((2, 3, 4), np.int16)), offset, form, *values)

    with pytest.raises(Refused) as refusal:
        open_nifti(path, Limits())

    assert refusal.value.code == code


def test_a_cut_gzip_stream_is_refused(tmp_path):
    path = save(tmp_path / "a.nii.gz", asymmetric_volume())
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(Refused) as refusal:
        unpacked(path, tmp_path / "plain", Limits())

    assert refusal.value.code == "nifti-damaged"


def test_a_gzip_bomb_is_stopped(tmp_path):
    path = tmp_path / "bomb.nii.gz"
    with gzip.open(path, "wb", compresslevel=9) as stream:
        for _ in range(80):
            stream.write(bytes(2**20))

    with pytest.raises(Refused) as refusal:
        unpacked(path, tmp_path / "plain", Limits())

    assert refusal.value.code == "archive-bomb"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_a_labelmap_comes_back_with_a_clean_receipt(tmp_path, dtype, ending):
    labels = (asymmetric_volume() // 100).astype(dtype)

    receipt = write_labelmap(tmp_path / f"a.{ending}", Labelmap(labels, axial_affine()))

    again = read_labelmap(tmp_path / f"a.{ending}")
    np.testing.assert_array_equal(again.labels, labels)
    np.testing.assert_allclose(again.affine, axial_affine())
    assert again.labels.dtype == dtype
    assert (receipt.voxels_different, receipt.voxels_compared, receipt.axes) == (0, labels.size, "LPS")
    assert receipt.is_clean


def test_left_stays_left_in_what_others_read(tmp_path):
    labels = (asymmetric_volume() // 100).astype(np.uint8)
    write_labelmap(tmp_path / "a.nii.gz", Labelmap(labels, axial_affine()))

    image = nib.load(tmp_path / "a.nii.gz")
    i, j, k = np.argwhere(np.asarray(image.dataobj) == 9).mean(axis=0)

    assert nib.aff2axcodes(image.affine) == ("L", "P", "S")
    assert (image.affine @ (i, j, k, 1))[0] < (image.affine @ (23.5, j, k, 1))[0], "in RAS the left is where x falls"


def test_a_sheared_grid_is_an_sform_alone(tmp_path):
    labels = (asymmetric_volume() // 100).astype(np.uint8)
    write_labelmap(tmp_path / "a.nii.gz", Labelmap(labels, tilted_affine()))

    image = nib.load(tmp_path / "a.nii.gz")
    ijk = np.array([[0, 0, 0], [47, 39, 6], [20, 3, 5]])
    theirs = nib.affines.apply_affine(image.affine, ijk) * [-1, -1, 1]

    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 0)
    np.testing.assert_allclose(theirs, patient_from_voxel(tilted_affine(), ijk), atol=1e-3)


def test_an_orthonormal_grid_has_both_forms(tmp_path):
    write_labelmap(tmp_path / "a.nii", Labelmap(np.zeros((2, 3, 4), np.uint8), axial_affine()))

    header = nib.load(tmp_path / "a.nii").header

    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, 1)
    np.testing.assert_allclose(header.get_qform(), header.get_sform(), atol=1e-5)


def test_labels_without_a_place_claim_none(tmp_path):
    receipt = write_labelmap(tmp_path / "a.nii", Labelmap(np.ones((2, 3, 4), np.uint8)))

    header = nib.load(tmp_path / "a.nii").header
    assert (int(header["sform_code"]), int(header["qform_code"]), receipt.spacing) == (0, 0, None)
