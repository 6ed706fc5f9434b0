"""The front end as it is served: a fresh nonce, assets for ever, and nothing outside its folder."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from maskloop.api.problems import install_problem_handlers
from maskloop.api.static import front_end

INDEX = '<meta property="csp-nonce" nonce="__CSP_NONCE__" /><div id="root"></div>'


@pytest.fixture
def pages(tmp_path):
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "assets" / "main-Bx93kQ2a.js").write_text("1")
    (folder / "logo.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("no")
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(front_end(folder))
    return TestClient(app, base_url="http://localhost:8000")


def test_each_page_has_a_nonce_of_its_own_in_policy_and_markup(pages):
    first, second = pages.get("/"), pages.get("/")

    nonces = [answer.text.split('nonce="')[1].split('"')[0] for answer in (first, second)]
    assert nonces[0] != nonces[1]
    assert f"'nonce-{nonces[0]}'" in first.headers["content-security-policy"]
    assert "unsafe-inline" not in first.headers["content-security-policy"]
    assert "require-trusted-types-for 'script'" in first.headers["content-security-policy"]
    assert first.headers["cache-control"] == "no-store"


def test_a_worker_may_fetch_under_the_policy_of_its_own_script(pages):
    policy = pages.get("/assets/main-Bx93kQ2a.js").headers["content-security-policy"]

    assert "connect-src 'self'" in policy
    assert "script-src 'self'" in policy


def test_the_address_of_a_screen_is_the_page(pages):
    assert '<div id="root">' in pages.get("/projects/018f/annotate/9").text


def test_hashed_assets_are_immutable_and_others_are_asked_for_again(pages):
    assert "immutable" in pages.get("/assets/main-Bx93kQ2a.js").headers["cache-control"]
    assert pages.get("/logo.svg").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/..%2fsecret.txt"]
)
def test_nothing_outside_the_folder_is_served(pages, path):
    assert pages.get(path).text != "no"


@pytest.mark.parametrize("path", ["/assets/gone-12345678.js", "/api/v1/nowhere", "/dicom-web/x"])
def test_what_is_no_screen_is_404(pages, path):
    answer = pages.get(path)

    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"
