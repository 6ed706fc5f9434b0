"""The demo: phantoms that are what they say, files that any reader takes, and no name anywhere."""

import time

import numpy as np
import pydicom
import pytest
from PIL import Image

from maskloop.demo.anatomy import Part
from maskloop.demo.files import DemoFile, demo_files
from maskloop.demo.nuclei import nuclei_field
from maskloop.demo.torso import Phantom, chest_radiograph, torso_ct
from maskloop.imaging.affine import voxel_volume_mm3
from maskloop.imaging.methods.otsu import segment_otsu
from maskloop.imaging.methods.watershed import segment_watershed
from maskloop.inference.classical import run_classical
from maskloop.inference.segmenters import classical_spec, resolve_parameters

IDENTIFYING = ("InstitutionName", "OperatorsName", "PatientBirthDate", "PatientName", "ReferringPhysicianName")


@pytest.fixture(scope="module")
def torso() -> Phantom:
    return torso_ct()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> list[DemoFile]:
    return demo_files(tmp_path_factory.mktemp("demo"))


@pytest.mark.parametrize(
    ("part", "low_ml", "high_ml"),
    [
        (Part.LUNGS, 2500, 6500),
        (Part.LIVER, 900, 2200),
        (Part.SPLEEN, 100, 400),
        (Part.KIDNEYS, 180, 450),
        (Part.TUMOUR, 20, 90),
        (Part.HEART, 250, 800),
    ],
)
def test_organs_have_the_volumes_of_organs(torso: Phantom, part: Part, low_ml: float, high_ml: float) -> None:
    assert torso.volume.affine is not None
    volume_ml = (torso.labels == part).sum() * voxel_volume_mm3(torso.volume.affine) / 1000

    assert low_ml < volume_ml < high_ml


@pytest.mark.parametrize(
    ("part", "low_hu", "high_hu"),
    [(Part.LUNGS, -900, -750), (Part.LIVER, 95, 125), (Part.SPLEEN, 110, 140), (Part.TUMOUR, 50, 110)],
)
def test_organs_measure_what_they_should(torso: Phantom, part: Part, low_hu: float, high_hu: float) -> None:
    assert low_hu < np.median(torso.volume.voxels[torso.labels == part]) < high_hu


def test_the_liver_is_on_the_patients_right_and_the_tumour_on_the_left(torso: Phantom) -> None:
    assert torso.volume.affine is not None

    def left(part: Part) -> float:
        k, j, i = (axis.mean() for axis in np.nonzero(torso.labels == part))
        return float((torso.volume.affine @ (i, j, k, 1))[0])

    assert left(Part.LIVER) < -20
    assert left(Part.TUMOUR) > 60


def test_the_same_seed_gives_the_same_phantom(torso: Phantom) -> None:
    np.testing.assert_array_equal(torso_ct().volume.voxels, torso.volume.voxels)
    assert (torso_ct(seed=4).volume.voxels != torso.volume.voxels).any()


def test_otsu_finds_the_lungs_of_the_phantom(torso: Phantom) -> None:
    spacing = (1.6, 1.6, 4.0)
    found = segment_otsu(torso.volume.voxels, spacing=spacing, side="dark", within="body", min_diameter_mm=30)

    lungs = torso.labels == Part.LUNGS
    assert 2 * (lungs & (found > 0)).sum() / (lungs.sum() + found.sum()) > 0.85


def test_otsu_bright_in_the_body_is_bone(torso: Phantom) -> None:
    spec = classical_spec("otsu")
    assert spec is not None
    parameters = resolve_parameters(spec, {"within": "body"}, modality="CT")

    found = run_classical(
        "otsu", torso.volume.voxels, parameters=parameters, spacing=(1.6, 1.6, 4.0), modality="CT"
    ).astype(bool)

    assert np.median(torso.volume.voxels[found]) > 150
    assert found[(torso.labels == Part.BONES) & (torso.volume.voxels > 300)].mean() > 0.95


def test_each_phantom_is_made_in_five_seconds() -> None:
    for make in (torso_ct, chest_radiograph, nuclei_field):
        start = time.process_time()
        make()
        assert time.process_time() - start < 5


def test_the_radiograph_is_bright_in_the_middle_dark_in_the_lungs_and_darker_beside_the_body() -> None:
    image = chest_radiograph()
    rows, columns = image.shape

    def level(row: float, column: float) -> float:
        at_row, at_column = int(row * rows), int(column * columns)
        return float(np.median(image[at_row - 10 : at_row + 10, at_column - 10 : at_column + 10]))

    spine, right_lung, left_lung, beside = level(0.5, 0.5), level(0.35, 0.33), level(0.3, 0.68), level(0.1, 0.03)
    assert spine > right_lung > beside
    assert spine > left_lung > beside
    assert image.dtype == np.uint16
    assert image.max() > 3000


def test_the_nuclei_are_as_many_as_their_labels_and_can_be_found() -> None:
    field = nuclei_field()

    count = len(np.unique(field.labels)) - 1
    found = int(segment_watershed(field.image[np.newaxis]).max())

    assert 150 <= count <= 300
    assert 0.8 * count < found < 1.2 * count


def test_every_file_says_where_it_is_from_and_whether_it_is_synthetic(demo: list[DemoFile]) -> None:
    assert [file.synthetic for file in demo[:3]] == [True, True, True]
    assert all(file.path.exists() and file.title and file.source and file.licence for file in demo)
    assert all("Synthetic" in file.source for file in demo if file.synthetic)


def test_no_dicom_file_names_anyone(demo: list[DemoFile]) -> None:
    files = [path for file in demo for path in file.files if path.suffix == ".dcm"]

    datasets = [pydicom.dcmread(path) for path in files]

    assert len(datasets) >= 77
    assert all(dataset.PatientIdentityRemoved == "YES" for dataset in datasets)
    assert not [keyword for dataset in datasets for keyword in IDENTIFYING if dataset.get(keyword)]


def test_the_ct_series_holds_the_phantom_in_its_place(demo: list[DemoFile], torso: Phantom) -> None:
    slices = [pydicom.dcmread(path) for path in demo[0].files]

    voxels = np.stack([item.pixel_array.astype(int) + int(item.RescaleIntercept) for item in slices])

    np.testing.assert_array_equal(voxels, torso.volume.voxels)
    assert torso.volume.affine is not None
    np.testing.assert_allclose(
        [item.ImagePositionPatient for item in slices],
        [(torso.volume.affine @ (0, 0, k, 1))[:3] for k in range(len(slices))],
    )
    assert len({item.SOPInstanceUID for item in slices}) == len(slices)
    assert len({item.SeriesInstanceUID for item in slices}) == 1


def test_the_nuclei_are_a_16_bit_png(demo: list[DemoFile]) -> None:
    image = Image.open(demo[2].path)

    assert image.mode == "I;16"
    np.testing.assert_array_equal(np.asarray(image), nuclei_field().image)


def test_what_is_there_is_not_made_again(demo: list[DemoFile]) -> None:
    before = {path: path.stat().st_mtime_ns for file in demo for path in file.files}

    again = demo_files(demo[0].path.parent)

    assert {path: path.stat().st_mtime_ns for file in again for path in file.files} == before
