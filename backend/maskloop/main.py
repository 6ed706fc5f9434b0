"""The web application: every router under /api/v1, the health answers, and the built front end."""

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from maskloop import __version__
from maskloop.api import health
from maskloop.api.openapi import describe
from maskloop.api.problems import install_problem_handlers
from maskloop.api.protection import Protection
from maskloop.api.static import front_end, front_end_folder
from maskloop.core.settings import get_settings
from maskloop.projects import access

API = "/api/v1"
DESCRIPTION = "Label and segment medical images. Not for diagnostic use. Research and annotation only."


def routers() -> list[APIRouter]:
    """Return the router of every domain, imported here so that `maskloop` the client never imports FastAPI.

    Those that are asked most come first: a path is compared with one route after another.
    """
    from maskloop.audit.routes import router as audit
    from maskloop.export.routes import router as export
    from maskloop.images.routes import router as images
    from maskloop.images.tus import router as tus
    from maskloop.images.upload_routes import router as uploads
    from maskloop.jobs.routes import router as jobs
    from maskloop.models.routes import router as models
    from maskloop.projects.routes import router as projects
    from maskloop.segmentations.proposal_routes import router as proposals
    from maskloop.segmentations.routes import router as segmentations
    from maskloop.users.routes import router as users
    from maskloop.worklist.routes import router as worklist

    return [
        *(segmentations, images, proposals, jobs, worklist, tus, uploads),
        *(projects, users, export, models, audit, health.router),
    ]


def api_routes() -> list[APIRoute]:
    """Return every route below /api/v1, with paths relative to it."""
    return [route for router in routers() for route in router.routes if isinstance(route, APIRoute)]


def create_app() -> FastAPI:
    """Return the application of this process. Raises RuntimeError when a route has no entry in the policy."""
    access.require_complete(api_routes())
    app = FastAPI(
        title="Maskloop",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.access = access.check
    actions = {
        (method, API + route.path): access.action_of(route) for route in api_routes() for method in route.methods or ()
    }
    app.openapi = lambda: describe(app, actions)  # type: ignore[method-assign]
    install_problem_handlers(app)
    for router in routers():
        app.include_router(router, prefix=API)
    app.include_router(health.probes)
    app.include_router(front_end(front_end_folder()))
    app.add_middleware(
        Protection,
        public=frozenset((method, API + path) for method, path in access.PUBLIC),
        public_url=get_settings().public_url,
        observe=health.get_metrics().observe,
    )
    return app
