"""What answers here: the versions of the suite, the wire and Airflow."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from admin_views.api.access import ServicesDep, identified
from admin_views.permissions import Resource
from admin_views.services import Caller
from config_store.wire import WIRE_VERSION
from couture_ops import __version__

router = APIRouter(tags=["version"])


class Versions(BaseModel):
    """The versions of what answers."""

    couture: str
    wire_version: int
    airflow: str
    user: str
    may_submit: bool


@router.get("/version")
def read_version(services: ServicesDep, caller: Annotated[Caller, Depends(identified)]) -> Versions:
    """Which versions answer, whom they take the caller for, and whether he may submit; any user may ask."""
    return Versions(
        couture=__version__,
        wire_version=WIRE_VERSION,
        airflow=services.airflow_version,
        user=caller.name,
        may_submit=services.identity.permits(caller, "POST", Resource.SUBMISSIONS),
    )
