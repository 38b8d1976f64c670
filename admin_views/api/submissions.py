"""Submissions: tasks hand in requests and reports here, people read the receipts."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import Field

from admin_views.api.access import Limit, Offset, ServicesDep, check_wire_version, permitted, services_of
from admin_views.api.schemas import Page, Shape, example
from admin_views.bodies import download
from admin_views.permissions import Resource
from admin_views.problems import ForbiddenDag, NotProven, Unauthenticated
from admin_views.services import Caller
from config_store import reruns, submission_lists, submissions
from config_store.errors import reject
from config_store.moments import read_moment
from config_store.submission_lists import Filters
from config_store.submissions import Submitter
from config_store.wire import (
    SUBMISSION_SCHEME,
    TASK_SCHEME,
    Acknowledgement,
    JobRequest,
    Outcome,
    Receipt,
    ReceiptChange,
    Report,
    RerunMode,
    State,
    Summary,
    TaskIdentity,
    Ticket,
)

router = APIRouter(prefix="/submissions", tags=["submissions"])

Reader = Annotated[Caller, Depends(permitted("GET", Resource.SUBMISSIONS))]


Starter = Annotated[Caller, Depends(permitted("PUT", Resource.SUBMISSIONS))]


class ReceiptDifference(Shape):
    """What differs between two submissions; ``from`` is null where no receipt of an earlier success is kept."""

    from_: str | None = Field(alias="from")
    to: str
    changes: list[ReceiptChange]


class RerunWish(Shape):
    """With which settings a task runs again."""

    model_config = example(mode="then")

    mode: RerunMode


async def submitter_of(request: Request) -> Submitter | Caller:
    """A task by its proof, else a user with can_create on submissions."""
    scheme, credential = get_authorization_scheme_param(request.headers.get("Authorization"))
    if scheme == TASK_SCHEME:
        return await to_thread.run_sync(services_of(request).identity.prove_task, credential)
    return await permitted("POST", Resource.SUBMISSIONS)(request)


def reported_submission(submission_id: str, request: Request) -> str:
    """The submission that the token of the request opens for reports: its end may be told twice, or late."""
    return _opened(submission_id, request, ended=True)


def running_submission(submission_id: str, request: Request) -> str:
    """The submission that the token of the request opens for reading, as long as its task runs."""
    services_of(request).close_gone_tries(submission_id)
    return _opened(submission_id, request, ended=False)


def _opened(submission_id: str, request: Request, *, ended: bool) -> str:
    """Raises Unauthenticated without a token, NotProven for one that opens another submission or none any more."""
    credential = request.headers.get("Authorization")
    if credential is None:
        raise Unauthenticated("This needs the token that the submission was answered with.", SUBMISSION_SCHEME)
    scheme, token = get_authorization_scheme_param(credential)
    with services_of(request).database.reading() as session:
        opens = submissions.check_token(session, submission_id, token, ended=ended)
    if scheme != SUBMISSION_SCHEME or not opens:
        raise NotProven(
            "The token does not open this submission: it is that of another one, or the submission has ended."
        )
    return submission_id


@router.post("", status_code=201, response_model=Ticket, dependencies=[Depends(check_wire_version)])
def submit(
    services: ServicesDep, submitter: Annotated[Submitter | Caller, Depends(submitter_of)], job: JobRequest
) -> Response:
    """Resolve a job and write its receipt.

    A task proves itself by `Authorization: Couture-Task <task instance id>:<secret>`; callers outside this
    Airflow need `can_create` on `Couture Submissions` and name their task in `task`.
    """
    if isinstance(submitter, Caller):
        submitter = _outside(submitter, job)
    with services.database.writing() as session:
        ticket = submissions.submit(session, job, submitter, services.cipher)
    # A plan may hold thousands of settings: FastAPI would turn them into dictionaries first, and Airflow compresses
    # what names no encoding, which takes longer than to send it.
    identity = {"Content-Encoding": "identity"}
    return Response(ticket.model_dump_json(), status_code=201, headers=identity, media_type="application/json")


def _outside(caller: Caller, job: JobRequest) -> Submitter:
    if job.task is None:
        raise reject("task", "is needed from a caller outside this Airflow: dag_id, task_id, run_id, try_number")
    return Submitter(name=caller.name, task=job.task)


@router.get("")
def list_submissions(
    services: ServicesDep,
    _: Reader,
    dag_id: str | None = None,
    task_id: str | None = None,
    run_id: str | None = None,
    group: str | None = None,
    artifact: str | None = None,
    state: State | None = None,
    outcome: Outcome | None = None,
    submitted_by: Annotated[str | None, Query(description="task, or the user who submitted from outside")] = None,
    since: Annotated[str, Query(description="a date or time; UTC when it names no zone")] = "",
    until: Annotated[str, Query(description="a date or time before which it was made")] = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page[Summary]:
    """The submissions, newest first."""
    times = read_moment("since", since), read_moment("until", until)
    services.close_gone_tries()
    filters = Filters(dag_id, task_id, run_id, group, artifact, state, outcome, submitted_by, *times)
    with services.database.reading() as session:
        found, total = submission_lists.list_submissions(session, filters, limit=limit, offset=offset)
    return Page(items=found, total=total)


@router.get("/diff")
def diff_submissions(
    services: ServicesDep,
    _: Reader,
    to: Annotated[str, Query(description="the id of a submission")],
    from_: Annotated[
        str | None, Query(alias="from", description="the id of a submission; by default the task's last success before")
    ] = None,
) -> ReceiptDifference:
    """What differs between what two submissions ran, and who saved it."""
    with services.database.reading() as session:
        old, changes = submissions.diff_submissions(session, from_, to)
    return ReceiptDifference.model_validate({"from": old, "to": to, "changes": changes})


@router.get("/{submission_id}")
def read_submission(services: ServicesDep, _: Reader, submission_id: str) -> Receipt:
    """The receipt: what was asked, what was resolved, what ran, how it ended."""
    services.close_gone_tries(submission_id)
    with services.database.reading() as session:
        return submissions.get_receipt(session, submission_id)


@router.post("/{submission_id}/reports", dependencies=[Depends(check_wire_version)])
def report(
    services: ServicesDep, submission_id: Annotated[str, Depends(reported_submission)], told: Report
) -> Acknowledgement:
    """Add to the receipt; `Authorization: Couture-Submission <token>`. An end that was told is told for good.

    A failure, or a stop, is answered with what changed since the task last worked.
    """
    with services.database.writing() as session:
        return Acknowledgement(changed=submissions.record_report(session, submission_id, told).changed)


@router.post("/{submission_id}/rerun", status_code=202)
def run_again(services: ServicesDep, caller: Starter, submission_id: str, wish: RerunWish) -> TaskIdentity:
    """Run the submission's task again in its DAG run: as `then` (its revision and artifacts) or as `now`.

    Needs, besides, the right to clear the DAG's tasks. Nothing downstream runs again. The new receipt names the old.
    """
    services.close_gone_tries(submission_id)
    with services.deed(caller) as deed:
        asked = reruns.ask_rerun(deed.session, submission_id, wish.mode, caller.name)
        task = asked.task
        if not services.identity.may_run_task(caller, task.dag_id):
            raise ForbiddenDag(task.dag_id, "clear tasks of")
        subject = f"task {task.dag_id}.{task.task_id}"
        about = {"mode": wish.mode, "run_id": task.run_id, "submission_id": submission_id}
        deed.note("submission.rerun", subject, **about)
    try:
        services.task_runs.run_again(task)
    except Exception:
        with services.deed(caller) as deed:
            reruns.withdraw_rerun(deed.session, asked)
            deed.note("submission.rerun_withdrawn", subject, **about)
        raise
    return task


@router.get("/{submission_id}/files/{sha256}", response_class=Response, dependencies=[Depends(check_wire_version)])
def read_submission_file(
    services: ServicesDep, submission_id: Annotated[str, Depends(running_submission)], sha256: str, request: Request
) -> Response:
    """The bytes of a file of the plan, while the task runs; `Range` is supported."""
    with services.database.reading() as session:
        file = submissions.get_file(session, submission_id, sha256)
    return download(request, services.blobs, file.sha256, file.name, "application/octet-stream")
