"""The places where planted secrets are looked for: each is read whole, and a secret in it is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from admin_views.app import create_app
from couture_ops.cli.connection import Api, Server
from tests.conftest import serving
from tools.soak import canary
from tools.soak.trials import canaries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_views.services import Services


@pytest.fixture
def planted(services: Services) -> Iterator[Api]:
    """A store with the planted groups."""
    app = FastAPI()
    app.mount("/couture", create_app(services))
    with serving(app) as url:
        api = Api(Server(url, "ada:Admin", "the test"))
        canaries.plant(api)
        yield api
        api.close()


def submit(api: Api, run_id: str, **job: Any) -> None:
    task = {"dag_id": run_id, "task_id": "job", "run_id": run_id}
    request = {"language": "python", "application_uri": "/job.py", "task": task, **job}
    api.send("POST", "submissions", json=request)


def test_an_export_is_read_as_the_files_that_it_packs(planted: Api) -> None:
    places = canaries.export(planted)
    assert sorted(places) == [
        "export couture.yaml",
        "export groups/soak-keytab.yaml",
        "export groups/soak-secrets.yaml",
        "export groups/soak-secrets/core-site.xml",
    ]
    assert canary.hits(canary.PLANTED, places) == []
    assert canaries._lacking(places) == []
    assert canaries._lacking({}) == ["the export lacks soak-secrets", "the export lacks soak-keytab"]


def test_a_secret_in_an_export_is_found(planted: Api) -> None:
    change = {"environment": {"PLAIN": {"value": canary.GROUP_ENVIRONMENT, "secret": False}}}
    planted.send("PATCH", "groups", canaries.GROUP, "content", json=change, revision=3)
    assert canary.hits(canary.PLANTED, canaries.export(planted)) == [
        "group_environment stands in export groups/soak-secrets.yaml"
    ]


def test_differences_of_submissions_are_read(planted: Api) -> None:
    submit(planted, "one", config_group=canaries.GROUP)
    planted.send("POST", "groups", json={"name": "other"})
    submit(planted, "two", config_group="other", spark_configurations={"spark.a": canary.REFUSED})
    places = canaries.differences(planted, "one", "two")
    assert len(places) == 6
    told = b"".join(places.values())
    assert b"spark.soak.marked" in told
    found = {hit.partition(" stands in ")[0] for hit in canary.hits(canary.PLANTED, places)}
    assert found == {"refused value"}  # nobody said that this one is a secret
