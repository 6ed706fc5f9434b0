"""The web application: every router under /api/v1, the health answers, and the built front end."""

from fastapi import APIRouter, FastAPI

from maskloop import __version__
from maskloop.api.problems import install_problem_handlers
from maskloop.projects import access

API = "/api/v1"


def routers() -> list[APIRouter]:
    """Return the router of every domain, imported here so that `maskloop` the client never imports FastAPI."""
    return []


def create_app() -> FastAPI:
    """Return the application of this process."""
    app = FastAPI(
        title="Maskloop",
        version=__version__,
        description="Not for diagnostic use. Research and annotation only.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.access = access.check
    install_problem_handlers(app)
    for router in routers():
        app.include_router(router, prefix=API)
    return app
