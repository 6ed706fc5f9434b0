"""What a person does in a story, and what a story reads."""

from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, expect

SHOTS = Path(__file__).parent.parent.parent / "test-out"
Voxel = tuple[float, float, float]


def sign_in(page: Page, url: str, login: str, password: str) -> None:
    """Sign in through the form."""
    page.goto(url)
    page.get_by_label("Login or e-mail").fill(login)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("navigation").first).to_be_visible()


def open_image(page: Page, url: str, image_id: str) -> None:
    """Open the workspace and wait until the current slice is sharp."""
    page.goto(f"{url}/annotate/{image_id}")
    settle(page)


def settle(page: Page) -> None:
    """Wait until everything asked for is drawn and every stroke is on its way."""
    page.wait_for_function("() => window.__maskloop !== undefined && window.__maskloop.firstSlice !== null")
    page.evaluate("() => window.__maskloop.settled()")


def wait_saved(page: Page) -> int:
    """Wait until the save state is `saved`; return the revision."""
    page.wait_for_function("() => window.__maskloop.saveState === 'saved' && window.__maskloop.journalLength === 0")
    return page.evaluate("() => window.__maskloop.revision")


def drag(page: Page, voxels: Sequence[Voxel], *, steps: int = 6) -> None:
    """Draw through real pointer events at the places of voxels (i, j, k) of the current slice."""
    points = [page.evaluate("([i, j, k]) => window.__maskloop.project(i, j, k)", list(voxel)) for voxel in voxels]
    page.mouse.move(points[0]["x"], points[0]["y"])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(point["x"], point["y"], steps=steps)
    page.mouse.up()


def label_at(page: Page, i: int, j: int, k: int) -> int:
    """Return the segment number of a voxel as the browser has it."""
    return page.evaluate("([i, j, k]) => window.__maskloop.labelAt(i, j, k)", [i, j, k])


def voxel_count(page: Page, number: int) -> int:
    """Return how many voxels a segment has in the browser."""
    return page.evaluate("(number) => window.__maskloop.voxelCount(number)", number)


def shoot(page: Page, name: str) -> None:
    """Keep a screenshot of the story, for people and for the README."""
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
