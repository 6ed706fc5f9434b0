"""Two browsers on one image: strokes apart merge, strokes on the same voxels are a conflict that is shown."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from tests.e2e import acts
from tests.e2e.conftest import ADMIN_PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
SECOND = ("second@example.org", "another long password")


@pytest.fixture
def two_pages(stack, browser):
    """The administrator and a second reader, each in a browser profile of their own."""
    stack.add_user(*SECOND)
    contexts = [browser.new_context(viewport={"width": 1280, "height": 800}) for _ in range(2)]
    pages = [context.new_page() for context in contexts]
    acts.sign_in(pages[0], stack.url, "admin", ADMIN_PASSWORD)
    yield pages
    for context in contexts:
        context.close()


def test_two_readers_merge_and_meet(stack, two_pages, tmp_path):
    first, second = two_pages
    picture = tmp_path / "field.png"
    Image.fromarray(np.linspace(0, 255, 300 * 400).reshape(300, 400).astype(np.uint8)).save(picture)
    with stack.client() as client:
        labels = [{"name": "One", "kind": "semantic"}, {"name": "Two", "kind": "semantic"}]
        project = client.create_project("Two readers", labels)
    with stack.api() as api:
        users = {user["login"]: user["id"] for user in api.get("/users").json()["items"]}
        api.put(f"/projects/{project.id}/members/{users[SECOND[0]]}", json={"role": "annotator"}).raise_for_status()
    stack.cli("import", str(picture), "--project", "Two readers")
    with stack.client() as client:
        image_id = str(client.images(project.id)[0].id)
    acts.sign_in(second, stack.url, *SECOND)
    for page, label in ((first, "One"), (second, "Two")):
        acts.open_image(page, stack.url, image_id)
        acts.start_segment(page, label)
        expect(page.get_by_role("button", name=f"Draw {label}")).to_have_count(1)

    acts.drag(first, [(50, 50, 0), (90, 50, 0)])
    acts.drag(second, [(50, 200, 0), (90, 200, 0)])
    acts.wait_saved(first)
    acts.wait_saved(second)
    for page in two_pages:
        page.wait_for_function(
            "() => window.__maskloop.labelAt(70, 50, 0) > 0 && window.__maskloop.labelAt(70, 200, 0) > 0"
        )
    mine, theirs = acts.label_at(first, 70, 50, 0), acts.label_at(first, 70, 200, 0)
    assert mine != theirs

    second.context.set_offline(True)
    acts.drag(second, [(200, 120, 0), (240, 120, 0)])
    expect(second.get_by_text("kept on this computer").first).to_be_visible(timeout=30_000)
    acts.drag(first, [(200, 120, 0), (240, 120, 0)])
    acts.wait_saved(first)
    second.context.set_offline(False)
    expect(second.get_by_role("dialog", name="Which of the two?")).to_be_visible(timeout=60_000)
    acts.shoot(second, "conflict")
    second.get_by_role("button", name="All mine").click()
    second.get_by_role("button", name="Merge").click()
    acts.wait_saved(second)
    first.wait_for_function("(number) => window.__maskloop.labelAt(220, 120, 0) === number", arg=theirs)

    with stack.api() as api:
        segmentation_id = first.evaluate("() => window.__maskloop.segmentationId")
        history = api.get(f"/segmentations/{segmentation_id}/revisions").json()["items"]
    assert len({revision["seq"] for revision in history}) == len(history)
    assert acts.label_at(second, 70, 50, 0) == mine
