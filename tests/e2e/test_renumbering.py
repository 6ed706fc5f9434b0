"""The numbers run out while somebody draws offline: they are freed, and her strokes come in under the new ones."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.e2e import acts
from tests.e2e.conftest import ADMIN_PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def drawing(stack, page: Page, tmp_path):
    """A page with the image of a project of nuclei and one semantic label, and its segmentation's address."""
    picture = tmp_path / "cells.png"
    Image.fromarray(np.linspace(0, 255, 300 * 400).reshape(300, 400).astype(np.uint8)).save(picture)
    with stack.client() as client:
        labels = [{"name": "Nucleus", "kind": "instance"}, {"name": "Vessel", "kind": "semantic"}]
        project = client.create_project("Many numbers", labels)
    stack.cli("import", str(picture), "--project", "Many numbers")
    with stack.client() as client:
        image_id = str(client.images(project.id)[0].id)
    acts.sign_in(page, stack.url, "admin", ADMIN_PASSWORD)
    acts.open_image(page, stack.url, image_id)
    acts.start_segment(page, "Vessel")
    segmentation_id = page.evaluate("() => window.__maskloop.segmentationId")
    with stack.api() as api:
        label_id = next(
            label["id"]
            for label in api.get(f"/projects/{project.id}/labels").json()["items"]
            if label["name"] == "Nucleus"
        )
        yield page, api, f"/segmentations/{segmentation_id}", label_id


def test_strokes_drawn_before_a_renumbering_come_in_after_it(drawing):
    page, api, at, label_id = drawing
    vessel = page.evaluate("() => window.__maskloop.activeNumber")
    page.get_by_role("button", name="New Nucleus").click()
    page.wait_for_function("(vessel) => window.__maskloop.activeNumber !== vessel", arg=vessel)
    nucleus = page.evaluate("() => window.__maskloop.activeNumber")
    assert nucleus > vessel
    acts.drag(page, [(50, 50, 0), (90, 50, 0)])
    acts.wait_saved(page)

    page.context.set_offline(True)
    acts.drag(page, [(50, 200, 0), (90, 200, 0)])
    expect(page.get_by_text("kept on this computer").first).to_be_visible(timeout=30_000)
    left = 65_535 - api.get(at).json()["segments"][-1]["last_number"]
    api.post(f"{at}/numbers", json={"label_id": label_id, "count": left}).raise_for_status()
    refused = api.post(f"{at}/numbers", json={"label_id": label_id, "count": 1})
    assert refused.json()["code"] == "numbers-exhausted"
    _wait_for(api, refused.json()["job_id"])
    page.context.set_offline(False)
    acts.wait_saved(page)
    page.wait_for_function("() => window.__maskloop.labelAt(70, 200, 0) === window.__maskloop.labelAt(70, 50, 0)")

    renamed = acts.label_at(page, 70, 50, 0)
    assert renamed == vessel + 1
    segments = api.get(at).json()
    assert segments["numbering"] > 0
    row = next(row for row in segments["segments"] if row["number"] <= renamed <= row["last_number"])
    assert row["label_id"] == label_id
    acts.drag(page, [(200, 120, 0), (240, 120, 0)])
    acts.wait_saved(page)
    assert acts.label_at(page, 220, 120, 0) == renamed
    acts.shoot(page, "renumbered")


def _wait_for(api, job_id: str) -> None:
    for _ in range(600):
        if (state := api.get(f"/jobs/{job_id}").json()["state"]) not in ("queued", "running"):
            assert state == "succeeded"
            return
        with api.stream("GET", f"/jobs/{job_id}/events") as events:
            next(events.iter_lines())
    pytest.fail("the job did not end")
