"""Child runs of master DAGs: a master's task asks for its own, watches it and stops it."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.security.utils import get_authorization_scheme_param

from admin_views.api.access import ServicesDep, check_wire_version, services_of
from admin_views.problems import NotProven, Unauthenticated
from config_store.submissions import Submitter
from config_store.wire import CHILD_SCHEME, TASK_SCHEME, ChildRun, ChildStates, ChildTokens, ChildWish

router = APIRouter(prefix="/child-runs", tags=["child runs"], dependencies=[Depends(check_wire_version)])


async def proven_task(request: Request) -> Submitter:
    """The task that proves itself; no user may ask in its place."""
    credential = _credential(request, TASK_SCHEME)
    return await to_thread.run_sync(services_of(request).identity.prove_task, credential)


async def child_token(request: Request) -> str:
    """The token of a child run; raises NotProven for one that opens none, or none any more."""
    token = _credential(request, CHILD_SCHEME)
    if not await to_thread.run_sync(services_of(request).child_runs.opens, token):
        raise NotProven(
            "The token opens no child run: a later try of the task was given another one, or the run is gone."
        )
    return token


def _credential(request: Request, wanted: str) -> str:
    """What follows the scheme; raises Unauthenticated without a header, NotProven for another scheme."""
    if (header := request.headers.get("Authorization")) is None:
        raise Unauthenticated(f"This needs a credential of the scheme {wanted}.", wanted)
    scheme, credential = get_authorization_scheme_param(header)
    if scheme != wanted:
        raise NotProven(f"This needs a credential of the scheme {wanted}; users do not ask here.")
    return credential


@router.post("", status_code=201)
def start_child_run(
    services: ServicesDep, task: Annotated[Submitter, Depends(proven_task)], wish: ChildWish
) -> ChildRun:
    """Trigger the child run of a master's task, or go on with the one that an earlier try of it started.

    `Authorization: Couture-Task <task instance id>:<secret>`. Refused when the DAG is missing, paused, can't be
    imported, or would start itself through a chain of masters.
    """
    assert task.task_instance_id is not None
    return services.child_runs.start(task.task_instance_id, wish)


@router.post("/states", dependencies=[Depends(child_token)])
def read_child_states(services: ServicesDep, wanted: ChildTokens) -> ChildStates:
    """The states of many child runs, in the order of their tokens.

    `Authorization: Couture-Child <token>`, one of them.
    """
    return ChildStates(states=services.child_runs.states(wanted.tokens))


@router.post("/stop", status_code=204)
def stop_child_run(services: ServicesDep, token: Annotated[str, Depends(child_token)]) -> None:
    """Mark a child run failed, which kills its tasks; `Authorization: Couture-Child <token>`. Ended ones stay."""
    services.child_runs.stop(token)
