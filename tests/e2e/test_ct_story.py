"""A CT series dropped on the page, proposed, corrected, survived a crash, and exported to where it lies."""

import io
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - its own name
from playwright.sync_api import Page, expect
from tests.e2e import acts
from tests.e2e.conftest import ADMIN_PASSWORD, Stack
from tests.e2e.profile import kill_browser, profile_page

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def new_project(stack: Stack, name: str) -> str:
    with stack.client() as client:
        return str(client.create_project(name, [{"name": "Bone", "kind": "semantic"}]).id)


def image_ids(stack: Stack, project_id: str) -> dict[str, str]:
    with stack.client() as client:
        return {image.name: str(image.id) for image in client.images(project_id)}


def correct_three_slices(page: Page, slices: list[int], row: int) -> dict[tuple[int, int, int], int]:
    """Paint a short stroke on each slice; return voxels that must be painted."""
    page.get_by_role("button", name="Draw Bone").click()
    acts.choose_tool(page, "Brush")
    painted = {}
    for k in slices:
        acts.go_to_slice(page, k)
        acts.drag(page, [(100, row, k), (140, row, k)])
        painted |= {(i, row, k): 1 for i in (100, 120, 140)}
    return painted


def test_gantry_tilted_head_from_drop_to_nifti(stack, playwright_driver, shared_data, tmp_path):
    archive = shared_data / "ct-head-dicom" / "stereotaxis_55slices.zip"
    project_id = new_project(stack, "Head")
    with profile_page(playwright_driver, tmp_path / "profile") as page:
        acts.sign_in(page, stack.url, "admin", ADMIN_PASSWORD)
        page.goto(f"{stack.url}/projects/{project_id}/import")
        acts.drop_files(page, [archive])
        confirm = page.get_by_role("button", name="Import all 1 held")
        expect(confirm).to_be_visible(timeout=90_000)
        acts.shoot(page, "import")
        confirm.click()
        expect(page.get_by_text("Gantry tilt 18.5").first).to_be_visible(timeout=90_000)
        image_id = image_ids(stack, project_id)["stereotaxis_55slices"]

        acts.open_image(page, stack.url, image_id)
        acts.propose(page, "Otsu threshold", "Bone")
        acts.accept(page)
        acts.shoot(page, "workspace-ct")
        painted = correct_three_slices(page, [20, 27, 33], 60)
        acts.wait_saved(page)
        acts.go_to_slice(page, 28)
        page.context.set_offline(True)
        acts.drag(page, [(100, 60, 28), (140, 60, 28)])
        page.wait_for_function("() => window.__maskloop.saveState === 'offline'")
        painted |= {(i, 60, 28): 1 for i in (100, 120, 140)}
        assert kill_browser(tmp_path / "profile") > 0

    with profile_page(playwright_driver, tmp_path / "profile") as page:
        acts.come_back(page, stack.url, "admin", ADMIN_PASSWORD)
        acts.open_image(page, stack.url, image_id)
        acts.wait_saved(page)
        assert {voxel: acts.label_at(page, *voxel) for voxel in painted} == painted
        total = acts.voxel_count(page, 1)

    nifti = export(stack, project_id, tmp_path / "out")
    labels = np.asarray(nifti.dataobj)
    assert int(np.count_nonzero(labels == 1)) == total
    assert all(labels[voxel] == 1 for voxel in painted)
    assert (nifti.header["qform_code"], nifti.header["sform_code"]) == (0, 1)
    assert_lies_on_slices(nifti, slices_of(archive))


def slices_of(archive: Path) -> list[pydicom.Dataset]:
    """The slices of the series, by their place along the normal."""
    with zipfile.ZipFile(archive) as found:
        files = [
            found.read(entry) for entry in found.infolist() if not entry.is_dir() and "DIRFILE" not in entry.filename
        ]
    datasets = [pydicom.dcmread(io.BytesIO(content)) for content in files]

    def place(dataset: pydicom.Dataset) -> float:
        row, column = np.array(dataset.ImageOrientationPatient, dtype=float).reshape(2, 3)
        return float(np.cross(row, column) @ np.array(dataset.ImagePositionPatient, dtype=float))

    return sorted(datasets, key=place)


def assert_lies_on_slices(nifti: nib.Nifti1Image, slices: list[pydicom.Dataset]) -> None:
    """Each voxel of the mask is where its own slice says, within 0.01 mm, and on voxels brighter than the rest."""
    affine = LPS_FROM_RAS @ nifti.affine
    labels = np.asarray(nifti.dataobj)
    assert labels.shape[2] == len(slices)
    inside = []
    for k, dataset in enumerate(slices):
        row, column = np.array(dataset.ImageOrientationPatient, dtype=float).reshape(2, 3)
        between_rows, between_columns = np.array(dataset.PixelSpacing, dtype=float)
        corners = np.array([(i, j) for i in (0, dataset.Columns - 1) for j in (0, dataset.Rows - 1)])
        origin = np.array(dataset.ImagePositionPatient, dtype=float)
        truth = origin + corners[:, :1] * between_columns * row + corners[:, 1:] * between_rows * column
        ours = (affine @ np.column_stack([corners, np.full(4, k), np.ones(4)]).T).T[:, :3]
        np.testing.assert_allclose(ours, truth, atol=0.01)
        inside.append(dataset.pixel_array[labels[:, :, k].T == 1])
    everywhere = np.mean([dataset.pixel_array.mean() for dataset in slices])
    assert np.concatenate(inside).mean() > everywhere + 300


def test_abdomen_agrees_with_an_independent_reader(stack, page, shared_data, tmp_path):
    folder = shared_data / "ct-organs" / "abdomen-dicom"
    project_id = new_project(stack, "Abdomen")
    acts.sign_in(page, stack.url, "admin", ADMIN_PASSWORD)
    page.goto(f"{stack.url}/projects/{project_id}/import")
    page.get_by_label("Choose folder").set_input_files(folder)
    expect(page.get_by_text("All files are read")).to_be_visible(timeout=120_000)
    image_id = image_ids(stack, project_id)["abdomen-dicom"]

    acts.open_image(page, stack.url, image_id)
    acts.propose(page, "Otsu threshold", "Bone")
    acts.accept(page)
    painted = correct_three_slices(page, [8, 10, 12], 40)
    acts.wait_saved(page)

    export(stack, project_id, tmp_path / "out")
    mask = sitk.ReadImage(next((tmp_path / "out").glob("*.nii.gz")))
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sorted(map(str, folder.glob("*.dcm")), key=_z))
    image = reader.Execute()
    np.testing.assert_allclose(mask.GetOrigin(), image.GetOrigin(), atol=1e-3)
    np.testing.assert_allclose(mask.GetSpacing(), image.GetSpacing(), atol=1e-4)
    np.testing.assert_allclose(mask.GetDirection(), image.GetDirection(), atol=1e-5)
    labels = sitk.GetArrayFromImage(mask)
    values = sitk.GetArrayFromImage(image)
    assert values[labels == 1].mean() > values[labels == 0].mean() + 200
    assert all(mask.GetPixel(*voxel) == 1 for voxel in painted)


def _z(path: str) -> float:
    return float(pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient[2])


def export(stack: Stack, project_id: str, folder: Path) -> nib.Nifti1Image:
    """Export by the command line, as a user would; return the only NIfTI."""
    done = stack.cli("export", "--project", project_id, "--format", "nifti", "-o", str(folder), "--json")
    assert done.returncode == 0
    return nib.load(next(folder.glob("*.nii.gz")))
