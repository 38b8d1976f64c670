"""What is wrong with a config group, before a job finds out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from admin_views.api.access import ServicesDep, permitted
from admin_views.api.schemas import Shape
from admin_views.permissions import Resource
from admin_views.services import Caller
from config_store.group_check import check_group
from config_store.groups import get_group
from config_store.wire import Finding

router = APIRouter(prefix="/groups", tags=["config groups"])

Reader = Annotated[Caller, Depends(permitted("GET", Resource.GROUPS))]


class GroupCheck(Shape):
    """What was found in one revision of a group; no finding holds a secret or a value out of a Hadoop file."""

    group: str
    revision: int
    findings: list[Finding]


@router.get("/{name}/check")
def read_check(services: ServicesDep, _: Reader, name: str) -> GroupCheck:
    """What is wrong with the group as it stands: files, cluster, dependencies, secrets, keys; and what to do."""
    with services.database.reading() as session:
        group = get_group(session, name)
        findings = check_group(
            session, services.blobs, services.cipher, name, find_catalogue=services.key_catalogues.find
        )
    return GroupCheck(group=group.name, revision=group.revision, findings=findings)
