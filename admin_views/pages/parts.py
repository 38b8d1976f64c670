"""What a group has beside its tables, to be edited in place: jars and python files in order, Spark home, Kerberos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from admin_views.api.access import ServicesDep
from admin_views.api.groups import Editor, Reader
from admin_views.pages.edits import LISTS, PARTS, TEXTS
from admin_views.pages.rendering import View, render
from admin_views.permissions import Resource
from config_store import groups
from config_store.artifacts import ArtifactKind, get_artifact, list_artifacts, list_versions
from config_store.content import JAR_SUFFIXES, PY_FILE_SUFFIXES, Dependency
from config_store.errors import reject
from config_store.names import check_file_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from config_store.artifacts import Version
    from config_store.content import Content

router = APIRouter(prefix="/groups/{name}", include_in_schema=False, default_response_class=HTMLResponse)

SUFFIXES = {"jars": JAR_SUFFIXES, "py_files": PY_FILE_SUFFIXES}
#: So many dependencies are proposed at once.
MAX_PROPOSED = 12
Field = Annotated[str, Query(max_length=50)]


@dataclass(frozen=True)
class Choice:
    """A chosen dependency with the versions it has, newest first; none when it is not there any more."""

    dependency: Dependency
    versions: tuple[Version, ...]

    @property
    def newest(self) -> int | None:
        """The version that counts when none is pinned."""
        return next((version.version for version in self.versions if not version.hidden), None)

    @property
    def pinned(self) -> Version | None:
        """The version that the group stays at."""
        return next((version for version in self.versions if version.version == self.dependency.version), None)


def choices(session: Session, content: Content) -> dict[str, list[Choice]]:
    """The chosen dependencies of each list, with their versions."""
    chosen: dict[str, Sequence[Dependency]] = {field: getattr(content, field) for field in LISTS}
    names = {dependency.name for listed in chosen.values() for dependency in listed}
    versions = list_versions(session, ArtifactKind.DEPENDENCY, names)
    return {
        field: [Choice(dependency, tuple(versions.get(dependency.name, ()))) for dependency in listed]
        for field, listed in chosen.items()
    }


def _check(field: str, known: Sequence[str]) -> None:
    if field not in known:
        raise reject("field", f"{field[:50]!r} is none of {', '.join(known)}")


@router.get("/part")
def part(request: Request, services: ServicesDep, caller: Reader, name: str, field: Field) -> Any:
    """One part as it stands: what undoing an edit shows again."""
    return _part(request, services, caller, name, field, "groups/part.html")


@router.get("/part/edit")
def part_edit(request: Request, services: ServicesDep, caller: Editor, name: str, field: Field) -> Any:
    """One part as fields."""
    template = "list" if field in LISTS else "text" if field in TEXTS else "file"
    return _part(request, services, caller, name, field, f"groups/part_{template}.html")


def _part(request: Request, services: ServicesDep, caller: Reader, name: str, field: str, template: str) -> Any:
    _check(field, list(PARTS))
    with services.database.reading() as session:
        content = groups.get_group(session, name).content
        chosen = choices(session, content)
    view = View(request, caller)
    names: dict[str, Any] = {"title": PARTS[field], "field": field, "content": content, "chosen": chosen.get(field, [])}
    return render(view, template, group=name, may_edit=view.may("PUT", Resource.GROUPS), **names)


@router.get("/choices")
def choices_part(request: Request, services: ServicesDep, _: Editor, name: str, field: Field, search: str = "") -> Any:
    """The uploaded dependencies that may be chosen for a list, as options of a list box; ``name`` is the group's."""
    _check(field, list(LISTS))
    with services.database.reading() as session:
        groups.get_group(session, name)
        found, _total = list_artifacts(
            session, ArtifactKind.DEPENDENCY, search=search.strip(), suffixes=SUFFIXES[field], limit=MAX_PROPOSED
        )
    return render(View(request), "groups/choices_part.html", artifacts=found, field=field)


@router.get("/choice")
def choice_part(request: Request, services: ServicesDep, caller: Editor, name: str, field: Field, search: str) -> Any:
    """One more entry of a list: the dependency ``search``; raises NotFound with what is near."""
    _check(field, list(LISTS))
    wanted = check_file_name(search.strip(), SUFFIXES[field], field)
    with services.database.reading() as session:
        groups.get_group(session, name)
        _, versions = get_artifact(session, ArtifactKind.DEPENDENCY, wanted)
    choice = Choice(Dependency(wanted), tuple(versions))
    return render(View(request, caller), "groups/choice_part.html", choice=choice, field=field)
