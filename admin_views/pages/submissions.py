"""Spark Submissions: the list with its filters, one receipt, what differs from another, running it again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from admin_views.api import submissions as api
from admin_views.api.access import ServicesDep
from admin_views.api.submissions import Reader, RerunWish, Starter
from admin_views.pages.forms import FormDep
from admin_views.pages.paging import PageNumber
from admin_views.pages.plan_view import PlanView
from admin_views.pages.rendering import View, redirect, render
from admin_views.permissions import Resource
from config_store import reruns
from config_store.errors import InvalidInput, reject
from config_store.moments import read_moment
from config_store.submission_lists import Filters, count_submissions, read_place, read_stretch
from config_store.submissions import diff_submissions, get_progress, get_receipt
from config_store.wire import Outcome, RerunMode, State, TaskIdentity

if TYPE_CHECKING:
    from config_store.submission_lists import Stretch

router = APIRouter(prefix="/submissions", include_in_schema=False, default_response_class=HTMLResponse)

PAGE_SIZE = 50
#: Beyond that many the list says that there are more.
COUNTED = 1_000
#: The word for every state but the last one.
LIVE = "live"
#: A comparison offers this many of the task's other submissions.
_OTHERS = 50
#: So many differences are shown.
MAX_CHANGES = 200


@dataclass(frozen=True)
class Asked:
    """The filters as the address has them; empty stands for all."""

    dag: str = ""
    task: str = ""
    run: str = ""
    group: str = ""
    artifact: str = ""
    status: str = ""
    by: str = ""
    since: str = ""
    until: str = ""

    def filters(self) -> Filters:
        """As the store reads them; raises InvalidInput for a status or time that is none."""
        state, outcome = _status("" if self.status == LIVE else self.status)
        return Filters(
            dag_id=self.dag or None,
            task_id=self.task or None,
            run_id=self.run or None,
            group=self.group or None,
            artifact=self.artifact or None,
            state=state,
            outcome=outcome,
            submitted_by=self.by or None,
            since=read_moment("since", self.since),
            until=read_moment("until", self.until),
            live=self.status == LIVE,
        )


def _status(word: str) -> tuple[State | None, Outcome | None]:
    """An outcome implies that the submission has ended, so one word serves for both."""
    if not word:
        return None, None
    if word in list(Outcome):
        return None, Outcome(word)
    if word in list(State):
        return State(word), None
    raise reject("status", f"{word[:50]!r} is none of {', '.join([LIVE, *State, *Outcome])}")


AskedDep = Annotated[Asked, Depends()]


@router.get("")
def list_page(
    request: Request,
    services: ServicesDep,
    caller: Reader,
    asked: AskedDep,
    older: str = "",
    newer: str = "",
    told: str = "",
) -> Any:
    """The submissions, newest first, from a place in the list on; htmx gets the list alone.

    ``told`` says what was done a moment ago: ``again``, a task was cleared.
    """
    view = View(request, caller)
    try:
        filters = asked.filters()
    except InvalidInput as refused:
        if view.is_part:
            raise
        return render(view, "submissions/list.html", status=422, **_form(asked), faults=refused.told, told="")
    behind, before = read_place("older", older), read_place("newer", newer)
    services.close_gone_tries()
    with services.database.reading() as session:
        stretch = read_stretch(session, filters, limit=PAGE_SIZE, older=behind, newer=before)
        total = count_submissions(session, filters, COUNTED)
    return render(
        view,
        "submissions/list_part.html" if view.is_part else "submissions/list.html",
        **_form(asked),
        filters=asdict(asked),
        stretch=stretch,
        older=older,
        newer=newer,
        total=f"{total:,}" if total < COUNTED else f"{COUNTED:,} and more",
        is_only=total == 1,
        live=_refreshes(stretch),
        faults=(),
        told=told,
    )


def _form(asked: Asked) -> dict[str, Any]:
    """The filters as they were typed, and what the selector offers."""
    return {"asked": asked, "statuses": [LIVE, *(state for state in State if state is not State.ENDED), *Outcome]}


def _refreshes(stretch: Stretch) -> str:
    """How often the list is asked for anew: soon while something runs, seldom where new ones would appear."""
    if any(summary.state is not State.ENDED for summary in stretch.items):
        return "3s"
    return "15s" if stretch.newer is None else ""


@router.get("/{submission_id}")
def receipt_page(
    request: Request,
    services: ServicesDep,
    caller: Reader,
    submission_id: str,
    against: str | None = None,
    search: str = "",
    page: PageNumber = 1,
) -> Any:
    """One receipt, its settings in pages; ``against`` names what it is compared with, by default the last success."""
    services.close_gone_tries(submission_id)
    view = View(request, caller)
    with services.database.reading() as session:  # one, so that a plan of thousands of settings is read once
        receipt = get_receipt(session, submission_id)
        compared, changes = diff_submissions(session, against or None, submission_id)
        same_task = Filters(dag_id=receipt.task.dag_id, task_id=receipt.task.task_id)
        others = read_stretch(session, same_task, limit=_OTHERS).items
        again = reruns.look_ahead(session, receipt)
    return render(
        view,
        "submissions/receipt.html",
        receipt=receipt,
        compared=compared,
        changes=changes,
        most_changes=MAX_CHANGES,
        against=against or "",
        others=[other for other in others if other.submission_id != submission_id],
        live=receipt.state is not State.ENDED,
        task_path=task_path(receipt.task),
        shown=PlanView(receipt.plan, search, page),
        may_run=view.may("PUT", Resource.SUBMISSIONS),
        again=again,
    )


@router.get("/{submission_id}/progress")
def progress_part(request: Request, services: ServicesDep, caller: Reader, submission_id: str) -> Any:
    """How far it is; when it has ended, the whole page is asked for anew."""
    services.close_gone_tries(submission_id)
    with services.database.reading() as session:
        receipt = get_progress(session, submission_id)
    live = receipt.state is not State.ENDED
    headers = {} if live else {"HX-Refresh": "true"}
    return render(View(request, caller), "submissions/progress_part.html", headers=headers, receipt=receipt, live=live)


@router.post("/{submission_id}/rerun")
def rerun(request: Request, services: ServicesDep, caller: Starter, submission_id: str, form: FormDep) -> Any:
    """Run the task again, as then or as now."""
    mode = form.text("mode")
    if mode not in list(RerunMode):
        raise reject("mode", f"{mode[:50]!r} is none of {', '.join(RerunMode)}")
    task = api.run_again(services, caller, submission_id, RerunWish(mode=RerunMode(mode)))
    view = View(request, caller)
    return redirect(view, view.page("submissions", dag=task.dag_id, task=task.task_id, run=task.run_id, told="again"))


def task_path(task: TaskIdentity) -> str:
    """Where Airflow shows the try of the task instance, behind its address."""
    mapped = f"/mapped/{task.map_index}" if task.map_index >= 0 else ""
    dag, run, name = (quote(part, safe="") for part in (task.dag_id, task.run_id, task.task_id))
    return f"dags/{dag}/runs/{run}/tasks/{name}{mapped}?try_number={task.try_number}"
