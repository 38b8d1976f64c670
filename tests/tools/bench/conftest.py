"""The API where Airflow's API server has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI

from admin_views.app import create_app
from tests.conftest import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_views.services import Services


@pytest.fixture
def http(services: Services) -> Iterator[httpx.Client]:
    """An API server with the store below /couture, as the admin ada sees it."""
    airflow = FastAPI()
    airflow.mount("/couture", create_app(services))
    with (
        serving(airflow) as url,
        httpx.Client(base_url=url, headers={"Authorization": "Bearer ada:Admin"}) as client,
    ):
        yield client
