"""The FastAPI app that Airflow mounts: every router, and the errors they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI

from admin_views.api import (
    artifacts,
    checks,
    groups,
    hadoop,
    hadoop_properties,
    previews,
    submissions,
    transfer,
    version,
)
from admin_views.bodies import LimitBodies
from admin_views.problems import install_handlers
from admin_views.text import check_text
from couture_ops import __version__

if TYPE_CHECKING:
    from admin_views.services import Services

API_PREFIX = "/api/v1"

DESCRIPTION = """
Central, versioned configuration for Spark jobs.

Errors are problem details (RFC 9457). Lists take `limit` and `offset` and answer `items` and `total`.
A group's revision is its `ETag`; saves carry it back in `If-Match`.
Authenticate with Airflow's bearer token (`POST /auth/token`) or its cookie.
"""


def create_app(services: Services) -> FastAPI:
    """The app on the given services; nothing is opened before the first request."""
    app = FastAPI(
        title="Couture",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=f"{API_PREFIX}/docs",
        swagger_ui_oauth2_redirect_url=None,
        redoc_url=None,
        dependencies=[Depends(check_text)],
    )
    app.state.services = services
    for router in (version, groups, checks, hadoop, hadoop_properties, artifacts, submissions, previews, transfer):
        app.include_router(router.router, prefix=API_PREFIX)
    app.add_middleware(LimitBodies)
    install_handlers(app)
    return app
