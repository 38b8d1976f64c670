"""What Airflow loads in each of its processes: cheap, because only the API server ever needs more."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from admin_views.listener import ChildStopper

URL_PREFIX = "/couture"

#: Entry of Airflow's menu, category, where Airflow shows it, the page of ours.
MENU = (
    ("Spark Configuration", "admin", "spark-configuration", "groups"),
    ("Spark Dependencies", "admin", "spark-dependencies", "artifacts/dependencies"),
    ("Hadoop Configuration", "admin", "hadoop-configuration", "hadoop"),
    ("Code Artifacts", "admin", "code-artifacts", "artifacts/code"),
    ("Spark Submissions", "browse", "spark-submissions", "submissions"),
    ("Master DAGs", "browse", "master-dags", "masters"),
)
#: Where Airflow shows a tab, the tab's address there, the page of ours; Airflow fills in the names between braces.
TABS = (
    ("dag", "child-dags", "masters/{DAG_ID}?tab=dag"),
    ("dag_run", "child-dag-runs", "masters/{DAG_ID}?tab=run&run={RUN_ID}"),
)
TAB_NAME = "Child DAGs"


class CouturePlugin(AirflowPlugin):
    """Mounts our app below ``/couture`` in Airflow's API server."""

    name = "couture"
    listeners = [ChildStopper()]  # Airflow declares a plain list

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]  # Airflow declares a plain list
        """Built when the API server asks for it; workers and the scheduler never do."""
        from admin_views.app import create_app
        from admin_views.assembly import assemble_services
        from admin_views.frozen_heap import FreezeHeap

        app = create_app(assemble_services())
        app.add_middleware(FreezeHeap)
        return [{"app": app, "url_prefix": URL_PREFIX, "name": "couture"}]

    @cached_property
    def external_views(self) -> list[dict[str, Any]]:  # type: ignore[override]  # as above
        """The pages that Airflow's menu and the tabs of its DAGs and DAG runs offer, each in a frame."""
        from urllib.parse import urlsplit

        from airflow.configuration import conf

        pages = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/") + f"{URL_PREFIX}/pages"
        menu = [
            {"name": name, "href": f"{pages}/{page}", "destination": "nav", "category": category, "url_route": route}
            for name, category, route, page in MENU
        ]
        tabs = [
            {"name": TAB_NAME, "href": f"{pages}/{page}", "destination": place, "url_route": route}
            for place, route, page in TABS
        ]
        return menu + tabs

    @cached_property
    def fastapi_root_middlewares(self) -> list[dict[str, Any]]:  # type: ignore[override]  # as above
        """Keeps Airflow's public API from writing the proofs of tasks."""
        from admin_views.proof_guard import GuardProofs

        return [{"name": "couture proofs", "middleware": GuardProofs, "args": [], "kwargs": {}}]
