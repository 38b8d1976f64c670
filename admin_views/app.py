"""The FastAPI app that Airflow mounts: every router, and the errors they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI

from admin_views.api import (
    artifact_facts,
    artifacts,
    catalogue,
    checks,
    child_runs,
    dags,
    groups,
    hadoop,
    hadoop_properties,
    previews,
    submissions,
    transfer,
    uploads,
    version,
)
from admin_views.bodies import LimitBodies
from admin_views.pages import artifacts as artifact_pages
from admin_views.pages import assets, group_controls, quick_start
from admin_views.pages import groups as group_pages
from admin_views.pages import hadoop as hadoop_pages
from admin_views.pages import hadoop_properties as hadoop_property_pages
from admin_views.pages import hadoop_text as hadoop_text_pages
from admin_views.pages import keys as key_pages
from admin_views.pages import masters as master_pages
from admin_views.pages import parts as part_pages
from admin_views.pages import paste as paste_pages
from admin_views.pages import previews as preview_pages
from admin_views.pages import submission_names as submission_name_pages
from admin_views.pages import submissions as submission_pages
from admin_views.pages.problems import tell_in_pages
from admin_views.pages.rendering import PAGES_PREFIX
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
    nouns = (version, groups, checks, hadoop, hadoop_properties, artifacts, submissions, previews, dags, child_runs)
    for router in (*nouns, artifact_facts, uploads, catalogue, transfer):
        app.include_router(router.router, prefix=API_PREFIX)
    of_groups = (group_pages, group_controls, key_pages, paste_pages, part_pages, quick_start)
    of_hadoop = (hadoop_pages, hadoop_property_pages, hadoop_text_pages)
    of_submissions = (submission_pages, submission_name_pages, preview_pages)
    for page in (*of_groups, *of_hadoop, artifact_pages, *of_submissions, master_pages):
        app.include_router(page.router, prefix=PAGES_PREFIX)
    app.router.routes.append(assets.ROUTE)
    app.add_middleware(LimitBodies)
    install_handlers(app)
    tell_in_pages(app)
    return app
