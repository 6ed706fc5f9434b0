"""One page with the viewer alone, one browser, one set of made-up pictures."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.e2e.engine.driver import Engine
from tests.e2e.engine.pictures import Gallery, served

FRONTEND = Path(__file__).parents[3] / "frontend"
VIEWPORT = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """The pictures."""
    return Gallery(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def engine_url(tmp_path_factory: pytest.TempPathFactory, gallery: Gallery) -> Iterator[str]:
    """The address of the page, built from the sources by the product's own Vite."""
    built = tmp_path_factory.mktemp("engine-page")
    command = ["npx", "vite", "build", "--config", "engine-page/vite.config.ts", "--outDir", str(built)]
    subprocess.run(command, cwd=FRONTEND, check=True, capture_output=True, text=True, timeout=120)
    with served(built, gallery) as url:
        yield url


@pytest.fixture(scope="session")
def engine_page(browser: Browser, engine_url: str) -> Iterator[tuple[Engine, list[str]]]:
    """The page that most tests share, and its script errors."""
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    yield Engine(page, engine_url), watch(page)
    context.close()


@pytest.fixture
def engine(engine_page: tuple[Engine, list[str]]) -> Iterator[Engine]:
    """The shared page; a script error or a refused script, style or request fails the test."""
    engine, errors = engine_page
    engine.page.mouse.move(5, 5)
    yield engine
    assert errors == []
    assert engine.page.evaluate("() => engine.violations") == []
    errors.clear()


@pytest.fixture
def touch_engine(browser: Browser, engine_url: str) -> Iterator[Engine]:
    """A page on a touch screen with two device pixels to a CSS pixel."""
    context = browser.new_context(viewport=VIEWPORT, has_touch=True, device_scale_factor=2)
    page = context.new_page()
    errors = watch(page)
    yield Engine(page, engine_url)
    context.close()
    assert errors == []


def watch(page: Page) -> list[str]:
    """Return the list that script errors will be added to."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors
