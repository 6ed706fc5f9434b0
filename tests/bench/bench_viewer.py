"""The workspace in software-rendered Chromium: opening, scrolling, drawing, saving. Counts painted voxels."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
from playwright.sync_api import Page, sync_playwright

from tests.bench.rows import Row, median_row
from tests.e2e import acts
from tests.e2e.conftest import ADMIN_PASSWORD, CHROMIUM_FLAGS, Stack, started_stack

SLICES = 200
RUNS = 5
STROKES = 20
VIEWPORT = {"width": 1280, "height": 800}


def measure() -> Iterator[Row]:
    """Open a CT of 512 x 512 x 200 several times, scroll it and draw on it."""
    with tempfile.TemporaryDirectory() as folder, started_stack(Path(folder) / "data") as stack:
        image_id = import_ct(stack, Path(folder))
        with browser_page() as page:
            acts.sign_in(page, stack.url, "admin", ADMIN_PASSWORD)
            yield from opening(page, stack, image_id)
            yield scrolling(page)
            yield from drawing(page)


def import_ct(stack: Stack, folder: Path) -> str:
    """Make a CT of 200 slices from the abdomen series repeated (made-up noise where the data folder is absent)."""
    nib.save(nib.Nifti1Image(ct_voxels().transpose(2, 1, 0), np.diag([1.0, 1.0, 1.0, 1.0])), folder / "ct.nii.gz")
    with stack.client() as client:
        project = client.create_project("Bench", [{"name": "Organ", "kind": "semantic"}])
        list(client.import_files(project.id, [("ct.nii.gz", folder / "ct.nii.gz")]))
        return str(client.images(project.id)[0].id)


def ct_voxels() -> np.ndarray:
    """Return (200, 512, 512) int16 like a CT."""
    shared = Path(__file__).parent.parent.parent.parent / "shared" / "data" / "ct-organs" / "abdomen-dicom"
    if shared.is_dir():
        slices = [pydicom.dcmread(path).pixel_array for path in sorted(shared.glob("*.dcm"))]
        return np.stack([slices[k % len(slices)] for k in range(SLICES)]).astype(np.int16)
    noise = np.random.default_rng(1).normal(0, 12, (SLICES, 512, 512))
    return noise.cumsum(axis=2).astype(np.int16)


@contextmanager
def browser_page() -> Iterator[Page]:
    """A page of a fresh browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        context = browser.new_context(viewport=VIEWPORT)
        yield context.new_page()
        browser.close()


def opening(page: Page, stack: Stack, image_id: str) -> Iterator[Row]:
    """From the address to the first slice and to all slices, the HTTP cache emptied each time."""
    first, everything = [], []
    for _ in range(RUNS):
        page.goto("about:blank")
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        acts.open_image(page, stack.url, image_id)
        page.wait_for_function("() => window.__maskloop.allSlices !== null", timeout=60_000)
        times = page.evaluate("() => ({ first: window.__maskloop.firstSlice, all: window.__maskloop.allSlices })")
        first.append(times["first"])
        everything.append(times["all"])
    yield median_row("open 512x512x200 CT: first slice on screen", first)
    yield median_row("open 512x512x200 CT: all slices loaded", everything)


def scrolling(page: Page) -> Row:
    """Cached slices one after another, each drawn before the next is asked for."""
    rates = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        for k in range(60, 110):
            acts.go_to_slice(page, k)
        rates.append(50 / (time.perf_counter() - begun))
    spread = f"min {min(rates):.3g}, max {max(rates):.3g}, n {RUNS}"
    return Row("scroll cached slices, 1280x800, each drawn", float(np.median(rates)), "per s", spread)


def drawing(page: Page) -> Iterator[Row]:
    """Strokes of 45 moves: our own work per move, frame time, and end of stroke to Saved."""
    number = acts.start_segment(page, "Organ")
    acts.wait_saved(page)
    saved = []
    for stroke in range(STROKES):
        row = 60 + stroke * 18
        acts.drag(page, [(100, row, 109), (300, row + 6, 109)], steps=45)
        acts.wait_saved(page)
        saved.append(page.evaluate("() => window.__maskloop.saveMs"))
    painted = acts.voxel_count(page, number)
    if painted < STROKES * 200:
        raise AssertionError(f"{STROKES} strokes painted {painted} voxels only")
    stats = page.evaluate("() => ({ paint: window.__maskloop.pointerToPaintMs, frame: window.__maskloop.frameMs })")
    for name, key in (("brush: pointer to painted voxel, our work", "paint"), ("brush: frame, 1280x800", "frame")):
        spread = f"p95 {stats[key]['p95']:.3g}, n {STROKES} strokes"
        yield Row(name, float(stats[key]["p50"]), "ms p50", spread)
    yield median_row("end of stroke to Saved, one reader", saved)
