"""The running service and a real browser. Stories wait for `settled()` or a counter, never for time."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from maskloop import Client
from maskloop.embedded.children import free_port

REPOSITORY = Path(__file__).parent.parent.parent
ADMIN_PASSWORD = "correct horse battery"
CHROMIUM_FLAGS = [
    *("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    *("--disable-background-networking", "--disable-component-update", "--no-first-run", "--disable-sync"),
]


@dataclass(frozen=True)
class Stack:
    """`maskloop up` on a fresh folder."""

    url: str
    token: str
    data_dir: Path

    def client(self) -> Client:
        """The SDK, as the administrator."""
        return Client(self.url, self.token)

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the program as a user would."""
        environment = {**os.environ, "MASKLOOP_URL": self.url, "MASKLOOP_TOKEN": self.token}
        command = [sys.executable, "-m", "maskloop.cli", *arguments]
        return subprocess.run(command, env=environment, text=True, capture_output=True, check=check, timeout=300)

    def api(self) -> httpx.Client:
        """Plain HTTP, as the administrator."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url + "/api/v1", headers=headers, timeout=60)

    def add_user(self, login: str, password: str) -> None:
        """Add a member."""
        with self.api() as api:
            api.post(
                "/users", json={"login": login, "name": login.split("@")[0], "role": "member", "password": password}
            ).raise_for_status()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole service, started as a user starts it."""
    with started_stack(tmp_path_factory.mktemp("stack") / "data") as stack:
        yield stack


@contextmanager
def started_stack(data_dir: Path) -> Iterator[Stack]:
    """Run `maskloop up` on a folder while the block runs. Raises RuntimeError if it does not get ready."""
    if not (REPOSITORY / "frontend" / "dist" / "index.html").exists():
        raise RuntimeError("the front end is not built: make setup")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MASKLOOP_")}
    environment = {**clean, "MASKLOOP_ADMIN_PASSWORD": ADMIN_PASSWORD}
    command = [sys.executable, "-m", "maskloop.cli", "up", "--data-dir", str(data_dir), "--port", str(free_port())]
    up = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 90
        while not (data_dir / "endpoint.json").exists():
            if up.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"`maskloop up` did not get ready (exit {up.poll()})")
            time.sleep(0.1)
        url = json.loads((data_dir / "endpoint.json").read_text())["url"]
        make_token = ["-m", "maskloop.cli", "token", "add", "--user", "admin", "--data-dir", str(data_dir)]
        made = subprocess.run([sys.executable, *make_token], env=clean, text=True, capture_output=True, check=True)
        yield Stack(url, made.stdout.strip(), data_dir)
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(30)


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """The driver of browsers."""
    if shutil.which("chromium") is None:
        pytest.fail("Chromium is missing: make chromium")
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    """Debian's Chromium, software-rendered."""
    browser = playwright_driver.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a fresh profile; a script error fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []
