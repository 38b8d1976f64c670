"""The services as Airflow's settings say, also where these can't be right."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from admin_views.app import API_PREFIX, create_app
from tests.admin_views.calls import bearer, connect, done, problem_of
from tests.conftest import serving
from tests.stand_ins import RoleIdentity

if TYPE_CHECKING:
    from pathlib import Path

TOLD = (
    "[couture] blob_root has the scheme 'ftp', in which no blob can be made visible in one step; use a folder or one "
    "of: "
)


@pytest.mark.filterwarnings("ignore")  # Airflow's API server imports what its own dependencies deprecate
def test_a_blob_root_that_can_not_be_keeps_nobody_from_reading_why(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from admin_views.assembly import assemble_services  # brings the API server, with its warnings

    shutil.copy(empty_store, tmp_path / "store.db")
    monkeypatch.setenv("AIRFLOW__COUTURE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path / 'store.db'}")
    monkeypatch.setenv("AIRFLOW__COUTURE__BLOB_ROOT", "ftp://host/blobs")
    services = replace(assemble_services(), identity=RoleIdentity())
    with serving(create_app(services)) as url, connect(f"{url}{API_PREFIX}", bearer("Admin")) as api:
        assert done(api.get("/groups")) == {"items": [], "total": 0}
        problem = problem_of(api.post("/artifacts/code/job.py/versions", content=b"x"), 500, "StorageMisconfigured")
    assert problem["title"] == "The blob storage is not set up"
    assert problem["detail"].startswith(TOLD)
    services.database.engine.dispose()
