"""A browser with a profile on disk that can be killed like a crashed one, and opened again."""

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Error, Page, Playwright
from tests.e2e.conftest import CHROMIUM_FLAGS


@contextmanager
def profile_page(playwright: Playwright, folder: Path) -> Iterator[Page]:
    """Open a page of the profile in `folder`."""
    context = playwright.chromium.launch_persistent_context(
        folder,
        executable_path=shutil.which("chromium"),
        args=CHROMIUM_FLAGS,
        viewport={"width": 1440, "height": 900},
        accept_downloads=True,
    )
    yield context.pages[0] if context.pages else context.new_page()
    with contextlib.suppress(Error):  # a killed browser cannot be closed
        context.close()


def kill_browser(folder: Path) -> int:
    """Kill every process of the profile with SIGKILL; return how many there were."""
    killed = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"--user-data-dir={folder}".encode() in (entry / "cmdline").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
                killed += 1
    return killed
