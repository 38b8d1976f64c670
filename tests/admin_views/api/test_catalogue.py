"""The keys through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config_store.catalogue.lookup import Installed
from tests.admin_views.calls import bearer, done
from tests.key_document import catalogue
from tests.stand_ins import ListedCatalogues

if TYPE_CHECKING:
    import httpx

    from admin_views.services import Services


def test_keys_by_their_beginning(api: httpx.Client, services: Services) -> None:
    assert isinstance(services.key_catalogues, ListedCatalogues)
    services.key_catalogues.installed = Installed(catalogue())
    path = "/catalogue?prefix=spark.executor&limit=1&offset=2&spark_home=spark4"
    assert done(api.get(path, headers=bearer("Viewer"))) == {
        "spark_home": "/opt/spark",
        "spark_version": "4.2.0",
        "missing": "",
        "items": [
            {
                "name": "spark.executor.memory",
                "type": "size",
                "unit": "MiB",
                "default": "1g",
                "since": "1.0.0",
                "documentation": "What spark.executor.memory is for.",
                "options": [],
            }
        ],
        "total": 3,
    }
    assert services.key_catalogues.asked == ["spark4"]


def test_without_a_catalogue_the_reason_is_told(api: httpx.Client) -> None:
    assert done(api.get("/catalogue")) == {
        "spark_home": "",
        "spark_version": "",
        "missing": "No keys are known in this test.",
        "items": [],
        "total": 0,
    }
