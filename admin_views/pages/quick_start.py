"""The way of a newcomer: a group with its master, the cluster's XML files, and a test that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from admin_views.api import groups as api
from admin_views.api.access import ServicesDep
from admin_views.api.groups import Creator, NewGroup, Reader
from admin_views.api.schemas import SettingShape, WritableContent
from admin_views.pages.forms import FormDep
from admin_views.pages.rendering import View, redirect, render
from config_store import groups
from config_store.errors import reject
from config_store.group_check import CHECK_NAMES, check_group
from config_store.target_check import target_fault

if TYPE_CHECKING:
    from admin_views.pages.forms import Form

router = APIRouter(prefix="/groups", include_in_schema=False, default_response_class=HTMLResponse)

#: Check -> what it asks in plain words, and what is done here when the answer is no.
CHECKS = {
    "files": ("Are the stored files there?", "Upload the files named here once more."),
    "hadoop": (
        "Do the Hadoop files lead to the cluster?",
        "Upload the cluster's own core-site.xml, hdfs-site.xml and yarn-site.xml in step 2, then test again.",
    ),
    "target": ("Would Spark take the master?", "Change the arguments of the group under Settings, then test again."),
    "dependencies": (
        "Are the chosen jars and python files there?",
        "Upload them under Spark Dependencies, or take them off the group under Settings.",
    ),
    "secrets": ("Can the secrets be read?", "Set those named here again under Settings."),
    "keys": ("Does Spark know the keys?", "Correct those named here under Settings."),
}
Count = Annotated[int, Query(ge=0, le=1000)]


@router.post("")
def create(request: Request, services: ServicesDep, caller: Creator, form: FormDep) -> Any:
    """Make a group: with a master, to go on with its files and the test, or as a copy of another."""
    copy_of = form.text("copy_of") or None
    new = NewGroup(
        name=form.text("name").strip(),
        description=form.text("description"),
        copy_of=copy_of,
        content=_first_content(form, copy_of),
    )
    made = api.create_group(services, caller, new, Response())
    view = View(request, caller)
    return redirect(view, view.page(f"groups/{made.name}" if copy_of else f"groups/{made.name}/start"))


def _first_content(form: Form, copy_of: str | None) -> WritableContent | None:
    master = form.text("master").strip()
    if not master:
        return None
    if copy_of:
        raise reject("master", f"a copy has the master of {copy_of!r}; leave it empty here, and change it afterwards")
    return WritableContent(arguments={"master": SettingShape(value=master)})


@router.get("/{name}/start")
def start_page(request: Request, services: ServicesDep, caller: Reader, name: str) -> Any:
    """What a new group still needs: files for its cluster, and a test."""
    with services.database.reading() as session:
        group = groups.get_group(session, name)
    view = View(request, caller)
    master = group.content.arguments.get("master")
    odd = target_fault("master", master.value) if master and not master.secret else None
    return render(view, "groups/start.html", group=group, master=master, odd=odd, checks=len(CHECK_NAMES))


@router.get("/{name}/test")
def check_part(
    request: Request, services: ServicesDep, caller: Reader, name: str, at: Count = 0, faults: Count = 0, odd: Count = 0
) -> Any:
    """One check of the group, and the call for the next; ``faults`` and ``odd``: what those before it found."""
    if at >= len(CHECK_NAMES):
        raise reject("at", f"{at} is no check; they are numbered 0 to {len(CHECK_NAMES) - 1}")
    check = CHECK_NAMES[at]
    with services.database.reading() as session:
        findings = check_group(
            session, services.blobs, services.cipher, name, find_catalogue=services.key_catalogues.find, only=check
        )
    question, advice = CHECKS[check]
    faults += sum(finding.verdict == "fault" for finding in findings)
    odd += sum(finding.verdict == "warning" for finding in findings)
    names: dict[str, Any] = {
        "findings": findings,
        "question": question,
        "advice": advice,
        "done": at + 1,
        "checks": len(CHECK_NAMES),
    }
    view = View(request, caller)
    later = CHECKS[CHECK_NAMES[at + 1]][0] if at + 1 < len(CHECK_NAMES) else ""
    return render(view, "groups/test_part.html", group=name, faults=faults, odd=odd, later=later, **names)
