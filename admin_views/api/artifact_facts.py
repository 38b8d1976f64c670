"""What is known of artifacts beyond their versions: what one holds, and whom the next one reaches."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from admin_views.api.access import ServicesDep
from admin_views.api.artifacts import Reader
from admin_views.api.schemas import Shape
from config_store import artifacts
from config_store.artifacts import ArtifactKind
from config_store.insides import look_inside
from config_store.reach import Reach, TaskReach, find_reach, jvm_to_meet

router = APIRouter(prefix="/artifacts/{kind}/{name}", tags=["artifacts"])


class MemberShape(Shape):
    """A file in an archive; `size` in bytes, as the archive claims."""

    name: str
    size: int


class JvmShape(Shape):
    """The JVM that a version will meet: the oldest one that ran the artifact's tasks last, else the newest known."""

    version: str
    release: int
    seen: str = Field(description="where it was seen")
    too_old: bool = Field(description="the version needs a newer one")


class InsideShape(Shape):
    """What a version holds; lists are cut at some length, counts are whole unless `cut`."""

    fault: str | None = Field(description="why it can't be read; null when it can")
    files: int
    unpacked: int
    members: list[MemberShape]
    attributes: dict[str, str] = Field(description="of a jar's manifest, or of a wheel's metadata")
    mains: list[str] = Field(description="classes with a public static void main(String[])")
    java: int | None = Field(description="the Java release that its classes need")
    classes: int
    classes_read: int
    cut: bool
    jvm: JvmShape | None


class PinShape(Shape):
    """A group that stays at versions of a dependency."""

    group: str
    versions: list[int]


class TaskReachShape(Shape):
    """A task of the last 30 days; `pinned`: the version that it stays at."""

    dag_id: str
    task_id: str
    group: str
    last_used: datetime
    version: int
    pinned: int | None
    follows: bool
    java: str | None


class ReachShape(Shape):
    """Whom a new version reaches: groups that take the newest, tasks that ran with it; `newest` is what it replaces."""

    newest: int | None
    following: list[str]
    pinned: list[PinShape]
    tasks: list[TaskReachShape]


@router.get("/reach")
def read_reach(services: ServicesDep, _: Reader, kind: ArtifactKind, name: str) -> ReachShape:
    """What a new version would change, for whom; the name need not exist yet."""
    reach = reach_of(services, kind, name)
    return ReachShape(
        newest=reach.newest,
        following=list(reach.following),
        pinned=[PinShape(group=group, versions=list(versions)) for group, versions in reach.pinned],
        tasks=[_task_shape(task) for task in reach.tasks],
    )


@router.get("/versions/{version}/inside")
def read_inside(services: ServicesDep, _: Reader, kind: ArtifactKind, name: str, version: int) -> InsideShape:
    """What a jar, zip, egg or wheel holds: names and sizes, never contents; which Java its classes need."""
    with services.database.reading() as session:
        found = artifacts.get_version(session, kind, name, version)
        jvm = jvm_to_meet(session, find_reach(session, kind, name))
    with services.blobs.open(found.sha256) as blob:
        inside = look_inside(blob, found.name)
    return InsideShape(
        **{field: getattr(inside, field) for field in InsideShape.model_fields if field not in ("members", "jvm")},
        members=[MemberShape(name=member.name, size=member.size) for member in inside.members],
        jvm=JvmShape(**jvm._asdict(), too_old=inside.java > jvm.release) if jvm and inside.java is not None else None,
    )


def reach_of(services: ServicesDep, kind: ArtifactKind, name: str) -> Reach:
    """Whom a new version reaches; raises InvalidInput for what is no name."""
    with services.database.reading() as session:
        return find_reach(session, kind, name)


def _task_shape(task: TaskReach) -> TaskReachShape:
    return TaskReachShape(**{field: getattr(task, field) for field in TaskReachShape.model_fields})
