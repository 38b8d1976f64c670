"""What Airflow's interface is told of our pages."""

from __future__ import annotations

import pytest

from admin_views.plugin import CouturePlugin


@pytest.mark.parametrize(
    ("base_url", "pages"),
    [
        ("http://here:8080", "/couture/pages"),
        ("https://there/airflow/", "/airflow/couture/pages"),
    ],
)
def test_the_menu_and_the_tabs_lead_to_the_pages(monkeypatch: pytest.MonkeyPatch, base_url: str, pages: str) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    views = CouturePlugin().external_views
    assert [(view["name"], view["destination"], view.get("category"), view["href"]) for view in views] == [
        ("Spark Configuration", "nav", "admin", f"{pages}/groups"),
        ("Spark Dependencies", "nav", "admin", f"{pages}/artifacts/dependencies"),
        ("Hadoop Configuration", "nav", "admin", f"{pages}/hadoop"),
        ("Code Artifacts", "nav", "admin", f"{pages}/artifacts/code"),
        ("Spark Submissions", "nav", "browse", f"{pages}/submissions"),
        ("Master DAGs", "nav", "browse", f"{pages}/masters"),
        ("Child DAGs", "dag", None, f"{pages}/masters/{{DAG_ID}}?tab=dag"),
        ("Child DAGs", "dag_run", None, f"{pages}/masters/{{DAG_ID}}?tab=run&run={{RUN_ID}}"),
    ]
    assert len({view["url_route"] for view in views}) == len(views)  # Airflow loads no second one
