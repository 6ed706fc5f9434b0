"""Nuclei with StarDist, and a chest X-ray: windowed and painted."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from tests.e2e import acts
from tests.e2e.conftest import ADMIN_PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_nuclei_are_proposed_one_is_erased_and_the_rest_exported(stack, page, shared_data, shared_models, tmp_path):
    picture = fluorescence_image(shared_data)
    with stack.client() as client:
        project = client.create_project("Nuclei", [{"name": "Nucleus", "kind": "instance"}])
    stack.cli("model", "add", str(shared_models / "stardist_2d_versatile_fluo.onnx"))
    stack.cli("import", str(picture), "--project", "Nuclei")
    with stack.client() as client:
        image_id = str(client.images(project.id)[0].id)

    acts.sign_in(page, stack.url, "admin", ADMIN_PASSWORD)
    acts.open_image(page, stack.url, image_id)
    acts.propose(page, "StarDist nuclei (2D_versatile_fluo)", "Nucleus")
    acts.accept(page)
    acts.shoot(page, "workspace-nuclei")
    stack.cli("export", "--project", "Nuclei", "--format", "png", "--variant", "instance", "-o", str(tmp_path / "a"))
    before = read_png(tmp_path / "a", mode="I;16")
    target = smallest(before)
    rows, columns = np.nonzero(before == target)
    acts.choose_tool(page, "Eraser")
    for j in range(rows.min(), rows.max() + 1, 2):
        line = columns[rows == j] if (rows == j).any() else columns
        acts.drag(page, [(float(line.min()), j, 0), (float(line.max()), j, 0)], steps=2)
    acts.wait_saved(page)
    assert acts.voxel_count(page, int(target)) == 0

    stack.cli("export", "--project", "Nuclei", "--format", "png", "--variant", "instance", "-o", str(tmp_path / "b"))
    after = read_png(tmp_path / "b", mode="I;16")
    assert target not in np.unique(after)
    assert len(np.unique(before)) > 10
    assert len(np.unique(after)) <= len(np.unique(before)) - 1


def fluorescence_image(shared_data):
    """A validation image of the fluorescence kind with more than ten nuclei."""
    import csv

    folder = shared_data / "nuclei-dsb2018"
    with (folder / "index.csv").open() as index:
        rows = [row for row in csv.DictReader(index) if row["split"] == "val" and row["kind"] == "fluorescence"]
    for row in rows:
        if 20 < int(row["nuclei"]) < 80:
            return folder / "val" / "images" / f"{row['name']}.png"
    raise AssertionError("no fluorescence image with 20 to 80 nuclei")


def read_png(folder, *, mode):
    """The only PNG of a folder, whose pixels must have this mode."""
    with Image.open(next(folder.glob("*.png"))) as picture:
        assert picture.mode == mode
        return np.asarray(picture)


def smallest(labels):
    numbers, counts = np.unique(labels[labels > 0], return_counts=True)
    return numbers[np.argmin(counts)]


def test_a_chest_x_ray_is_windowed_and_painted(stack, page, shared_data):
    picture = min((shared_data / "cxr-lungs").rglob("images/*.jpg"))
    with stack.client() as client:
        project = client.create_project("Chest", [{"name": "Lung", "kind": "semantic"}])
    stack.cli("import", str(picture), "--project", "Chest")
    with stack.client() as client:
        image = client.images(project.id)[0]
    i, j = image.shape[2] // 3, image.shape[1] // 2

    acts.sign_in(page, stack.url, "admin", ADMIN_PASSWORD)
    acts.open_image(page, stack.url, str(image.id))
    place = page.evaluate("([i, j]) => window.__maskloop.project(i, j, 0)", [i, j])
    grey = page.evaluate("({ x, y }) => window.__maskloop.probe(x, y)", place)
    page.mouse.move(place["x"], place["y"])
    page.mouse.down(button="right")
    page.mouse.move(place["x"], place["y"] + 40, steps=5)
    page.mouse.up(button="right")
    page.evaluate("() => window.__maskloop.settled()")
    windowed = page.evaluate("({ x, y }) => window.__maskloop.probe(x, y)", place)
    number = acts.start_segment(page, "Lung")
    acts.drag(page, [(i, j, 0), (i + 60, j + 40, 0)])
    acts.wait_saved(page)
    page.mouse.move(5, 5)
    page.evaluate("() => window.__maskloop.settled()")
    painted = page.evaluate("({ x, y }) => window.__maskloop.probe(x, y)", place)
    acts.shoot(page, "workspace-cxr")

    assert windowed != grey
    assert windowed[0] == windowed[1] == windowed[2]
    assert not painted[0] == painted[1] == painted[2]
    assert acts.label_at(page, i, j, 0) == number
    expect(page.get_by_text("Saved · rev").first).to_be_visible()
