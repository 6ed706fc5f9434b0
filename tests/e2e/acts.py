"""What a person does in a story, and what a story reads."""

import base64
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


def come_back(page: Page, url: str, login: str, password: str) -> None:
    """Open the address again in an old profile: the session may have survived, or the form is there."""
    page.goto(url)
    form = page.get_by_label("Login or e-mail")
    expect(page.get_by_role("navigation").first.or_(form)).to_be_visible(timeout=30_000)
    if form.is_visible():
        sign_in(page, url, login, password)


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


def drop_files(page: Page, paths: Sequence[Path]) -> None:
    """Drop files on the page as a person does: a real `drop` event with their bytes."""
    files = [{"name": path.name, "content": base64.b64encode(path.read_bytes()).decode()} for path in paths]
    transfer = page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer()
            for (const { name, content } of files) {
                const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))
                transfer.items.add(new File([bytes], name))
            }
            return transfer
        }""",
        files,
    )
    zone = page.get_by_test_id("drop-zone")
    zone.dispatch_event("dragover", {"dataTransfer": transfer})
    zone.dispatch_event("drop", {"dataTransfer": transfer})


def propose(page: Page, segmenter: str, label: str) -> None:
    """Run a segmenter from the Assist panel and wait for its proposal."""
    assist = page.get_by_role("region", name="Assist")
    assist.get_by_label("Method or model").select_option(label=segmenter)
    assist.get_by_label("Label", exact=True).select_option(label=label)
    assist.get_by_role("button", name="Propose").click()
    expect(page.get_by_role("article", name="proposal")).to_be_visible(timeout=120_000)


def accept(page: Page) -> None:
    """Accept the proposal and wait until it is a revision."""
    before = page.evaluate("() => window.__maskloop.revision")
    page.get_by_role("article", name="proposal").get_by_role("button", name="Accept").click()
    page.wait_for_function("(before) => window.__maskloop.revision > before", arg=before, timeout=60_000)
    page.evaluate("() => window.__maskloop.settled()")


def choose_tool(page: Page, name: str) -> None:
    """Take a tool from the rail."""
    page.get_by_role("toolbar", name="Tools").get_by_role("button", name=name, exact=True).click()


def start_segment(page: Page, label: str) -> int:
    """Start the segment of a label and take the brush at once, as a hurried reader does; return its number."""
    page.get_by_role("button", name=f"Start {label}").click()
    choose_tool(page, "Brush")
    page.wait_for_function("() => window.__maskloop.activeNumber !== null")
    return page.evaluate("() => window.__maskloop.activeNumber")


def go_to_slice(page: Page, k: int) -> None:
    """Show slice k (from 0)."""
    page.evaluate("(k) => window.__maskloop.setSlice(k)", k)
    page.evaluate("() => window.__maskloop.settled()")
