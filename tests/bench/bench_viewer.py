"""The workspace in software-rendered Chromium: opening, scrolling, drawing, saving. Counts painted voxels.

A plain page that windows every voxel on a 2-D canvas is measured in the same browser, as the nearest fair peer.
"""

import base64
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
MOVES = 45
PEER_SLICES = 50
VIEWPORT = {"width": 1280, "height": 800}


def measure() -> Iterator[Row]:
    """Open a CT of 512 x 512 x 200 several times, scroll it and draw on it."""
    with tempfile.TemporaryDirectory() as folder, started_stack(Path(folder) / "data") as stack:
        image_id = import_ct(stack, Path(folder))
        with browser_page() as page:
            acts.sign_in(page, stack.url, "admin", ADMIN_PASSWORD)
            yield from opening(page, stack, image_id)
            plain = plain_page(page)
            acts.open_image(page, stack.url, image_id)
            page.wait_for_function("() => window.__maskloop.allSlices !== null", timeout=60_000)
            yield from scrolling(page, plain)
            yield from drawing(page, plain)


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
    """Open the image several times, the HTTP cache emptied each time."""
    first, from_address, everything = [], [], []
    for _ in range(RUNS):
        page.goto("about:blank")
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        acts.open_image(page, stack.url, image_id)
        page.wait_for_function("() => window.__maskloop.allSlices !== null", timeout=60_000)
        times = page.evaluate(
            """() => ({
                first: window.__maskloop.firstSlice,
                all: window.__maskloop.allSlices,
                address: performance.getEntriesByName('maskloop:firstSlice')[0].startTime,
            })"""
        )
        first.append(times["first"])
        from_address.append(times["address"])
        everything.append(times["all"])
    yield median_row("open 512x512x200 CT: first slice on screen", first, at_most=1000)
    yield median_row("open 512x512x200 CT: first slice, from the address", from_address)
    yield median_row("open 512x512x200 CT: all slices loaded", everything, at_most=3000)


def scrolling(page: Page, plain: "PlainPage") -> Iterator[Row]:
    """Cached slices one after another: each on screen before the next is asked for, and each at full quality."""
    rates = [run_slices(page, "window.__maskloop", range(60, 110)) for _ in range(RUNS)]
    peer = float(np.median(plain.slices))
    yield spread_row("scroll cached slices, 1280x800, while moving", rates, "per s", peer=peer, at_least=24)
    rest = []
    for k in range(60, 80):
        begun = time.perf_counter()
        acts.go_to_slice(page, k)
        rest.append((time.perf_counter() - begun) * 1000)
    yield median_row("scroll one slice, 1280x800, to rest at full quality", rest)


def run_slices(page: Page, viewer: str, slices: range) -> float:
    """Return slices a second of a viewer that has `setSlice` and `drawn`."""
    seconds = page.evaluate(
        f"""async ([first, end]) => {{
            const begun = performance.now()
            for (let k = first; k < end; k++) {{
                {viewer}.setSlice(k)
                await {viewer}.drawn()
            }}
            return (performance.now() - begun) / 1000
        }}""",
        [slices.start, slices.stop],
    )
    return len(slices) / seconds


def spread_row(
    name: str, values: list[float], unit: str, *, peer: float | None = None, at_least: float | None = None
) -> Row:
    """Return the median of a few runs."""
    spread = f"min {min(values):.3g}, max {max(values):.3g}, n {len(values)}"
    return Row(name, float(np.median(values)), unit, spread, peer=peer, at_least=at_least)


def drawing(page: Page, plain: "PlainPage") -> Iterator[Row]:
    """Strokes of 45 moves: our own work per move, frame time, and end of stroke to Saved."""
    number = acts.start_segment(page, "Organ")
    acts.wait_saved(page)
    saved, rates = [], []
    for stroke in range(STROKES):
        row = 60 + stroke * 18
        begun = time.perf_counter()
        acts.drag(page, [(100, row, 109), (300, row + 6, 109)], steps=MOVES)
        rates.append(MOVES / (time.perf_counter() - begun))
        acts.wait_saved(page)
        saved.append(page.evaluate("() => window.__maskloop.saveMs"))
    painted = acts.voxel_count(page, number)
    if painted < STROKES * 200:
        raise AssertionError(f"{STROKES} strokes painted {painted} voxels only")
    for name, key, share, at_most in (
        ("brush: our own work for a move", "strokeMs", "p95", 16.0),
        ("brush: frame, 1280x800", "frameMs", "p50", 60.0),
        ("brush: pointer to pixels on screen", "pointerToPaintMs", "p50", None),
    ):
        times = page.evaluate("(key) => window.__maskloop[key]", key)
        spread = f"p50 {times['p50']:.3g}, p95 {times['p95']:.3g}, n {STROKES} strokes"
        yield Row(name, float(times[share]), f"ms {share}", spread, at_most=at_most)
    yield spread_row("brush: moves of the pointer", rates, "per s", peer=float(np.median(plain.moves)))
    yield median_row("end of stroke to Saved, one reader", saved, p95_at_most=100)


@dataclass(frozen=True)
class PlainPage:
    """What a plain page does in the same browser: slices a second and moves of a brush a second, a few runs each."""

    slices: list[float]
    moves: list[float]


def plain_page(page: Page) -> PlainPage:
    """Measure the same slices in the same browser, the plain way: a 2-D canvas, every voxel windowed for each frame."""
    voxels = ct_voxels()[60 : 60 + PEER_SLICES]
    page.goto("about:blank")
    page.set_content((Path(__file__).parent / "plain_page.html").read_text())
    page.evaluate(
        "(slices) => plain.load(slices)", [base64.b64encode(plane.astype("<i2").tobytes()).decode() for plane in voxels]
    )
    slices = [run_slices(page, "plain", range(PEER_SLICES)) for _ in range(RUNS)]
    moves = []
    for stroke in range(6):
        row = 100 + stroke * 60
        begun = time.perf_counter()
        page.mouse.move(200, row)
        page.mouse.down()
        page.mouse.move(480, row + 6, steps=MOVES)
        page.mouse.up()
        moves.append(MOVES / (time.perf_counter() - begun))
    if page.evaluate("() => plain.painted()") < 6 * 200:
        raise AssertionError("the plain page painted nothing")
    return PlainPage(slices, moves)
