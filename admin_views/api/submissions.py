"""Submissions: tasks hand in requests and reports here, people read the receipts."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import Field

from admin_views.api.access import Limit, Offset, ServicesDep, check_wire_version, permitted, services_of
from admin_views.api.schemas import ChangeShape, Page, Shape, change_shapes
from admin_views.bodies import download
from admin_views.permissions import Resource
from admin_views.problems import NotProven, Unauthenticated
from admin_views.services import Caller
from config_store import submissions
from config_store.errors import reject
from config_store.receipts import diff_receipts
from config_store.submissions import Filters, Submitter
from config_store.wire import (
    SUBMISSION_SCHEME,
    TASK_SCHEME,
    JobRequest,
    Outcome,
    Receipt,
    Report,
    State,
    Summary,
    Ticket,
)

router = APIRouter(prefix="/submissions", tags=["submissions"])

Reader = Annotated[Caller, Depends(permitted("GET", Resource.SUBMISSIONS))]


class ReceiptDifference(Shape):
    """What differs between two submissions."""

    from_: str = Field(alias="from")
    to: str
    changes: list[ChangeShape]


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


@router.post("", status_code=201, dependencies=[Depends(check_wire_version)])
def submit(
    services: ServicesDep, submitter: Annotated[Submitter | Caller, Depends(submitter_of)], job: JobRequest
) -> Ticket:
    """Resolve a job and write its receipt.

    A task proves itself by `Authorization: Couture-Task <task instance id>:<secret>`; callers outside this
    Airflow need `can_create` on `Couture Submissions` and name their task in `task`.
    """
    if isinstance(submitter, Caller):
        submitter = _outside(submitter, job)
    with services.database.writing() as session:
        return submissions.submit(session, job, submitter, services.cipher)


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
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page[Summary]:
    """The submissions, newest first."""
    services.close_gone_tries()
    filters = Filters(dag_id, task_id, run_id, group, artifact, state, outcome)
    with services.database.reading() as session:
        found, total = submissions.list_submissions(session, filters, limit=limit, offset=offset)
    return Page(items=found, total=total)


@router.get("/diff")
def diff_submissions(
    services: ServicesDep,
    _: Reader,
    from_: Annotated[str, Query(alias="from", description="the id of a submission")],
    to: Annotated[str, Query(description="the id of a submission")],
) -> ReceiptDifference:
    """What differs between what two submissions ran."""
    with services.database.reading() as session:
        old, new = submissions.get_receipt(session, from_), submissions.get_receipt(session, to)
    changes = change_shapes(diff_receipts(old, new))
    return ReceiptDifference.model_validate({"from": from_, "to": to, "changes": changes})


@router.get("/{submission_id}")
def read_submission(services: ServicesDep, _: Reader, submission_id: str) -> Receipt:
    """The receipt: what was asked, what was resolved, what ran, how it ended."""
    services.close_gone_tries(submission_id)
    with services.database.reading() as session:
        return submissions.get_receipt(session, submission_id)


@router.post("/{submission_id}/reports", status_code=204, dependencies=[Depends(check_wire_version)])
def report(services: ServicesDep, submission_id: Annotated[str, Depends(reported_submission)], told: Report) -> None:
    """Add to the receipt; `Authorization: Couture-Submission <token>`. An end that was told is told for good."""
    with services.database.writing() as session:
        submissions.record_report(session, submission_id, told)


@router.get("/{submission_id}/files/{sha256}", response_class=Response, dependencies=[Depends(check_wire_version)])
def read_submission_file(
    services: ServicesDep, submission_id: Annotated[str, Depends(running_submission)], sha256: str, request: Request
) -> Response:
    """The bytes of a file of the plan, while the task runs; `Range` is supported."""
    with services.database.reading() as session:
        file = submissions.get_file(session, submission_id, sha256)
    return download(request, services.blobs, file.sha256, file.name, "application/octet-stream")
