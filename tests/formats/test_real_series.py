"""Real series end to end, against their own headers and against readers that are not ours."""

import io
import warnings

import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK

from maskloop.formats.nifti import write_labelmap
from maskloop.imaging.affine import patient_from_voxel, tilt_deg, voxel_from_patient
from maskloop.imaging.labelmap import Labelmap
from maskloop.imaging.volume import Rescale

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")


def corners(rows, columns):
    """The corners and the middle of a slice, as (i, j)."""
    return np.array([(0, 0), (columns - 1, 0), (0, rows - 1), (columns - 1, rows - 1), (columns // 2, rows // 3)])


def places_by_own_header(dataset):
    """Patient positions of `corners` from this slice's position and orientation alone (PS3.3 C.7.6.2.1.1)."""
    row, column = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
    down, across = map(float, dataset.PixelSpacing)
    points = corners(dataset.Rows, dataset.Columns)
    start = np.array(dataset.ImagePositionPatient, float)
    return start + points[:, :1] * across * row + points[:, 1:] * down * column


@pytest.fixture
def head(shared_data, upload):
    """The head CT with its gantry tilted by 18.5 degrees."""
    return upload([shared_data / "ct-head-dicom" / "stereotaxis_55slices.zip"], allow_identified=True)


@pytest.fixture
def abdomen(shared_data, upload):
    """The abdomen CT: JPEG 2000, no series UID."""
    folder = shared_data / "ct-organs" / "abdomen-dicom"
    return upload([(path, f"abdomen-dicom/{path.name}") for path in sorted(folder.iterdir())])


def instances(read):
    """The headers of the slices of the only image, by k, from the packed originals."""
    series = read.result.series[0]
    packed = (read.scratch / series.originals).read_bytes()
    for frame in read.image.frames:
        entry = series.instances[frame.instance]
        yield frame.k, pydicom.dcmread(io.BytesIO(packed[entry.offset : entry.offset + entry.length]))


def test_the_tilted_head_is_one_volume_and_its_index_is_not_needed(head):
    assert {(item.outcome, item.code, item.files) for item in head.result.items} == {
        ("accepted", None, 54),
        ("noted", "index-file", 1),
    }
    assert head.image.shape == (54, 512, 512)
    assert tilt_deg(np.array(head.image.affine)) == pytest.approx(18.5, abs=0.01)
    assert not head.image.partial


def test_each_voxel_of_the_tilted_head_lies_where_its_own_slice_says(head):
    affine = np.array(head.image.affine)

    for k, dataset in instances(head):
        ijk = np.column_stack([corners(512, 512), np.full(5, k)])
        np.testing.assert_allclose(patient_from_voxel(affine, ijk), places_by_own_header(dataset), atol=0.01)


def test_each_slice_of_the_tilted_head_has_its_own_pixels(head):
    stored = head.stored()

    for k, dataset in instances(head):
        np.testing.assert_array_equal(stored[k], dataset.pixel_array)


def test_a_mask_of_the_tilted_head_leaves_as_a_sheared_nifti_on_the_image(head, tmp_path):
    labels = (head.stored() > 1100).astype(np.uint8)

    receipt = write_labelmap(tmp_path / "head.nii.gz", Labelmap(labels, np.array(head.image.affine)))

    image = nib.load(tmp_path / "head.nii.gz")
    for k, dataset in instances(head):
        ijk = np.column_stack([corners(512, 512), np.full(5, k)])
        lps = nib.affines.apply_affine(image.affine, ijk) * [-1, -1, 1]
        np.testing.assert_allclose(lps, places_by_own_header(dataset), atol=0.01)
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 0)
    assert receipt.voxels_different == 0


def test_simpleitk_reads_the_same_abdomen_on_the_same_grid(abdomen, shared_data):
    folder = shared_data / "ct-organs" / "abdomen-dicom"
    paths = sorted(folder.iterdir(), key=lambda path: float(pydicom.dcmread(path).ImagePositionPatient[2]))

    theirs = SimpleITK.ReadImage([str(path) for path in paths])

    image = abdomen.image
    ours = Rescale(image.rescale.slope, image.rescale.intercept).apply(abdomen.stored())
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(theirs), ours)
    for ijk in ((0, 0, 0), (511, 0, 3), (100, 400, 19)):
        lps = patient_from_voxel(np.array(image.affine), ijk)
        np.testing.assert_allclose(lps, theirs.TransformIndexToPhysicalPoint(ijk), atol=1e-3)


def test_a_mask_of_the_abdomen_lies_on_the_image_for_simpleitk(abdomen, tmp_path):
    labels = np.zeros(abdomen.image.shape, dtype=np.uint8)
    labels[3, 100:150, 300:320] = 7
    write_labelmap(tmp_path / "mask.nii.gz", Labelmap(labels, np.array(abdomen.image.affine)))

    theirs = SimpleITK.ReadImage(str(tmp_path / "mask.nii.gz"))

    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(theirs), labels)
    lps = patient_from_voxel(np.array(abdomen.image.affine), (300, 100, 3))
    np.testing.assert_allclose(theirs.TransformIndexToPhysicalPoint((300, 100, 3)), lps, atol=1e-3)


def test_the_label_file_of_the_abdomen_has_its_liver_in_the_liver(abdomen, shared_data, upload):
    labels = upload([shared_data / "ct-organs" / "abdomen-dicom_labels.nii.gz"])
    image = abdomen.image
    hounsfield = Rescale(image.rescale.slope, image.rescale.intercept).apply(abdomen.stored())
    k, j, i = np.nonzero(labels.stored() == 5)

    patient = patient_from_voxel(np.array(labels.image.affine), np.column_stack([i, j, k]))
    i, j, k = np.rint(voxel_from_patient(np.array(image.affine), patient)).astype(int).T

    assert 60 < hounsfield[k, j, i].mean() < 110


def test_the_oblique_brain_lies_where_each_slice_says(shared_data, upload):
    read = upload([shared_data / "mr-brain-dicom" / "structural_80slices.zip"], allow_identified=True)

    assert read.image.shape == (80, 384, 274)
    for k, dataset in instances(read):
        ijk = np.column_stack([corners(384, 274), np.full(5, k)])
        lps = patient_from_voxel(np.array(read.image.affine), ijk)
        np.testing.assert_allclose(lps, places_by_own_header(dataset), atol=0.01)


def test_a_tilted_series_is_where_simpleitks_stacking_is_wrong(head):
    """Why the true slice step is kept: stacking along the normal is up to 42 mm off at the last slice."""
    affine = np.array(head.image.affine)
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    along_normal = normal / np.linalg.norm(normal) * 2.5

    off = np.linalg.norm(affine[:3, 2] * 53 - along_normal * 53)

    assert off == pytest.approx(42, abs=1)


def test_no_value_of_a_header_reaches_a_log_or_a_warning(tmp_path, upload, caplog, shared_data):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        upload([shared_data / "ct-organs" / "abdomen-dicom" / "16573.dcm"])
        upload([shared_data / "dicom-zoo" / "pydicom" / "test_files" / "badVR.dcm"])

    assert caplog.text == ""
    assert [str(entry.message) for entry in warned if "Invalid value" in str(entry.message)] == []
