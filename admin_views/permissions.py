"""Which permission each deed needs, and which role has it."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from config_store.diff import Change

Action = Literal["GET", "POST", "PUT", "DELETE"]

#: How auth managers that think in permissions (Flask-AppBuilder) name the actions.
ACTION_NAMES: dict[Action, str] = {
    "GET": "can_read",
    "POST": "can_create",
    "PUT": "can_edit",
    "DELETE": "can_delete",
}


class Resource(StrEnum):
    """What permissions are about."""

    GROUPS = "Couture Config Groups"
    HADOOP = "Couture Hadoop Configs"
    DEPENDENCIES = "Couture Dependencies"
    CODE = "Couture Code Artifacts"
    SUBMISSIONS = "Couture Submissions"


WORKER_ROLE = "Couture Worker"
#: For teams that ship their own code: what User has, and uploads of code artifacts.
DEVELOPER_ROLE = "Couture Developer"

_READ: tuple[tuple[Action, Resource], ...] = tuple(("GET", resource) for resource in Resource)
_PREVIEW: tuple[tuple[Action, Resource], ...] = (("PUT", Resource.SUBMISSIONS),)
_CHANGE: tuple[tuple[Action, Resource], ...] = tuple(
    (action, resource)
    for resource in (Resource.GROUPS, Resource.HADOOP, Resource.DEPENDENCIES, Resource.CODE)
    for action in ACTION_NAMES
    if action != "GET"
)

_UPLOAD_CODE: tuple[tuple[Action, Resource], ...] = (("POST", Resource.CODE),)
_SUBMIT: tuple[tuple[Action, Resource], ...] = (("POST", Resource.SUBMISSIONS),)

#: What ``airflow couture init`` gives to Airflow's roles. Submitting from outside is for programs: who may do
#: it gets plans with their secrets. Admin has it because Flask-AppBuilder gives Admin whatever exists.
ROLES: dict[str, tuple[tuple[Action, Resource], ...]] = {
    "Viewer": _READ,
    "User": (*_READ, *_PREVIEW),
    DEVELOPER_ROLE: (*_READ, *_PREVIEW, *_UPLOAD_CODE),
    "Op": (*_READ, *_PREVIEW, *_CHANGE),
    "Admin": (*_READ, *_PREVIEW, *_CHANGE, *_SUBMIT),
    WORKER_ROLE: _SUBMIT,
}
#: Airflow fills its menu from a list of plugins that only these may read; without it our pages stay unseen.
READS_PLUGINS = ("Viewer", "User", DEVELOPER_ROLE, "Op", "Admin")

_FILE_CHANGE = re.compile(r"(hadoop_files\.|keytab|krb5_conf)")


def file_needs(changes: Iterable[Change]) -> Iterator[tuple[Action, Resource]]:
    """What the changes of a group's Hadoop files, keytab and krb5.conf need, by whatever way they come.

    ``changes`` are those of a content as ``diff_contents`` tells them without a look into the files.
    """
    for change in changes:
        if _FILE_CHANGE.match(change.where):
            yield ("DELETE" if change.new is None else "PUT"), Resource.HADOOP
