"""Spark Dependencies and Code Artifacts: uploads, versions, what one holds, whom the next one reaches, deletions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from admin_views.api import artifact_facts
from admin_views.api import artifacts as api
from admin_views.api.access import ServicesDep
from admin_views.api.artifacts import RESOURCES, Creator, Deleter, Editor, Reader
from admin_views.pages.forms import FormDep
from admin_views.pages.paging import PageNumber, count_pages
from admin_views.pages.rendering import View, redirect, render
from config_store import artifacts
from config_store.artifacts import SUFFIXES, ArtifactKind
from config_store.errors import InvalidInput
from config_store.insides import is_archive
from config_store.reach import find_reach
from config_store.usage import last_use_by_version

if TYPE_CHECKING:
    from admin_views.permissions import Action
    from admin_views.services import Caller

router = APIRouter(prefix="/artifacts/{kind}", include_in_schema=False, default_response_class=HTMLResponse)

PAGE_SIZE = 50
TITLES = {ArtifactKind.CODE: "Code Artifacts", ArtifactKind.DEPENDENCY: "Spark Dependencies"}


@dataclass(frozen=True)
class KindView:
    """What all pages of a kind know: its words, and which controls the caller has."""

    view: View
    kind: ArtifactKind
    limit: int

    @property
    def title(self) -> str:
        """As Airflow's menu calls it."""
        return TITLES[self.kind]

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What names of the kind end with."""
        return SUFFIXES[self.kind]

    def may(self, action: Action) -> bool:
        """Whether the caller has the permission on the kind."""
        return self.view.may(action, RESOURCES[self.kind])

    def page(self, path: str = "", **query: Any) -> str:
        """The address of a page of the kind."""
        return self.view.page(f"artifacts/{self.kind}{path}", **query)

    def api(self, path: str = "") -> str:
        """The address of a route of the kind."""
        return self.view.api(f"artifacts/{self.kind}{path}")


def _of(request: Request, services: ServicesDep, caller: Caller, kind: ArtifactKind) -> KindView:
    return KindView(View(request, caller), kind, services.max_upload_bytes)


@router.get("")
def list_page(
    request: Request,
    services: ServicesDep,
    caller: Reader,
    kind: ArtifactKind,
    search: str = "",
    hidden: bool = False,
    page: PageNumber = 1,
) -> Any:
    """The artifacts of a kind by name; ``search`` matches anywhere in a name, ``hidden`` lists deleted ones too."""
    first = (page - 1) * PAGE_SIZE
    with services.database.reading() as session:
        found, total = artifacts.list_artifacts(
            session, kind, search=search, hidden=hidden, limit=PAGE_SIZE, offset=first
        )
    of = _of(request, services, caller, kind)
    return render(
        of.view,
        "artifacts/list.html",
        of=of,
        found=found,
        total=total,
        search=search,
        hidden=hidden,
        page=page,
        pages=count_pages(total, PAGE_SIZE),
        first=first + 1,
    )


@router.get("/reach")
def reach_part(request: Request, services: ServicesDep, caller: Creator, kind: ArtifactKind, name: str) -> Any:
    """What an upload of that name would change for whom, or what is wrong with the name; asked before the upload."""
    of = _of(request, services, caller, kind)
    try:
        reach = artifact_facts.reach_of(services, kind, name)
    except InvalidInput as refused:
        return render(of.view, "faults_part.html", status=422, faults=refused.told)
    # no links: to follow one would leave the files that wait
    return render(of.view, "artifacts/reach_part.html", of=of, reach=reach, links=False)


@router.get("/{name}")
def artifact_page(
    request: Request,
    services: ServicesDep,
    caller: Reader,
    kind: ArtifactKind,
    name: str,
    page: PageNumber = 1,
    inside: int | None = None,
    deleted: str = "",
    restored: str = "",
) -> Any:
    """One artifact: versions, who uses them, whom the next one reaches; ``inside`` opens a version.

    ``deleted`` and ``restored`` name what was done a moment ago: a version's number, or ``all``.
    """
    with services.database.reading() as session:
        artifact, versions = artifacts.get_artifact(session, kind, name)
        shown = versions[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        uses = last_use_by_version(session, [version.id for version in shown])
        reach = find_reach(session, kind, name)
    of = _of(request, services, caller, kind)
    return render(
        of.view,
        "artifacts/artifact.html",
        of=of,
        artifact=artifact,
        versions=shown,
        uses=uses,
        reach=reach,
        links=True,
        page=page,
        pages=count_pages(len(versions), PAGE_SIZE),
        inside=inside,
        deleted=deleted,
        restored=restored,
        is_archive=is_archive(name),
    )


@router.get("/{name}/versions/{version}/inside")
def inside_part(
    request: Request, services: ServicesDep, caller: Reader, kind: ArtifactKind, name: str, version: int
) -> Any:
    """What a version holds."""
    found = artifact_facts.read_inside(services, caller, kind, name, version)
    return render(View(request, caller), "artifacts/inside_part.html", name=name, found=found)


@router.post("/{name}/delete")
def delete(
    request: Request, services: ServicesDep, caller: Deleter, kind: ArtifactKind, name: str, form: FormDep
) -> Any:
    """Hide one version, or all where the form names none."""
    number = form.number("version") if form.text("version") else None
    api.hide(services, caller, kind, name, number, form.text("force") == "1")
    of = _of(request, services, caller, kind)
    return redirect(of.view, of.page(f"/{name}", deleted=number or "all"))


@router.post("/{name}/restore")
def restore(
    request: Request, services: ServicesDep, caller: Editor, kind: ArtifactKind, name: str, form: FormDep
) -> Any:
    """Take the newest deletion back, or that of one version."""
    number = form.number("version") if form.text("version") else None
    api.restore(services, caller, kind, name, number)
    of = _of(request, services, caller, kind)
    return redirect(of.view, of.page(f"/{name}", restored=number or "all"))
