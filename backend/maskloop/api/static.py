"""The built front end: hashed assets for ever, and for every screen's address the page with a fresh nonce."""

import re
import secrets
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from maskloop.core.errors import NotFound

PACKAGE = Path(__file__).parent.parent
NONCE_MARK = "__CSP_NONCE__"
HASHED = re.compile(r"-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
NO_PAGE = ("api/", "dicom-web", "monai", "ls/")  # an unknown address below these is no screen

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
    "require-trusted-types-for 'script'; trusted-types maskloop"
)

# A worker lives under the policy of its own script's answer, not under the page's.
SCRIPT_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def front_end_folder() -> Path:
    """Return the built front end: inside the package in a wheel, frontend/dist in a checkout."""
    bundled = PACKAGE / "static"
    return bundled if bundled.is_dir() else PACKAGE.parent.parent / "frontend" / "dist"


def front_end(folder: Path) -> APIRouter:
    """Return the routes that serve `folder`; they come after all others."""
    router = APIRouter(include_in_schema=False)
    root = folder.resolve()

    @router.get("/{path:path}")
    def page(path: str) -> Response:
        if path.startswith(NO_PAGE):
            raise NotFound("There is nothing at this address.")
        wanted = (root / path).resolve()
        if path and path != "index.html" and wanted.is_relative_to(root) and wanted.is_file():
            return FileResponse(
                wanted, headers={"Cache-Control": _caching(path), "Content-Security-Policy": SCRIPT_POLICY}
            )
        if "." in path.rsplit("/", 1)[-1] and path != "index.html":
            raise NotFound("There is nothing at this address.")
        return _index(root)

    return router


def _caching(path: str) -> str:
    if path.startswith("assets/") and HASHED.search(path):
        return "public, max-age=31536000, immutable"
    return "no-cache"


def _index(root: Path) -> Response:
    index = root / "index.html"
    if not index.is_file():
        raise NotFound("The front end is not built. Run `make setup`.", code="front-end-missing")
    nonce = secrets.token_urlsafe(18)
    html = index.read_text(encoding="utf-8").replace(NONCE_MARK, nonce)
    headers = {"Content-Security-Policy": POLICY.format(nonce=nonce), "Cache-Control": "no-store"}
    return HTMLResponse(html, headers=headers)
