"""A config group as a whole: describe it, make it the default, delete it after a look at who uses it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from admin_views.api import groups as api
from admin_views.api.access import ServicesDep
from admin_views.api.groups import Deleter, Description, Editor
from admin_views.pages.forms import FormDep
from admin_views.pages.rendering import View, redirect, render
from config_store import groups
from config_store.usage import tasks_using_group

router = APIRouter(prefix="/groups/{name}", include_in_schema=False, default_response_class=HTMLResponse)


@router.post("/describe")
def describe(request: Request, services: ServicesDep, caller: Editor, name: str, form: FormDep) -> Any:
    """Change the description, which is no part of a revision."""
    api.describe_group(services, caller, name, Description(description=form.text("description")))
    view = View(request, caller)
    return redirect(view, view.page(f"groups/{name}", told="described"))


@router.post("/default")
def make_default(request: Request, services: ServicesDep, caller: Editor, name: str) -> Any:
    """Make it the group of jobs that name none."""
    api.make_default(services, caller, name)
    view = View(request, caller)
    return redirect(view, view.page(f"groups/{name}", told="default"))


@router.get("/delete")
def deletion_page(request: Request, services: ServicesDep, caller: Deleter, name: str) -> Any:
    """Who uses the group, before it is deleted."""
    with services.database.reading() as session:
        group = groups.get_group(session, name)
        tasks = tasks_using_group(session, name)
    return render(View(request, caller), "groups/delete.html", group=group, tasks=tasks)


@router.post("/delete")
def delete(request: Request, services: ServicesDep, caller: Deleter, name: str, form: FormDep) -> Any:
    """Hide the group; ``force`` says that its users were seen."""
    api.delete_group(services, caller, name, force=form.text("force") == "1")
    view = View(request, caller)
    return redirect(view, view.page("groups", deleted=name))


@router.post("/restore")
def restore(request: Request, services: ServicesDep, caller: Deleter, name: str) -> Any:
    """Take the deletion back."""
    api.restore_group(services, caller, name)
    view = View(request, caller)
    return redirect(view, view.page(f"groups/{name}", told="restored"))
