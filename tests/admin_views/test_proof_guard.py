"""Which requests to Airflow's API would write a task's proof."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from admin_views.proof_guard import GuardProofs
from tests.conftest import serving

TASK = "/api/v2/dags/d/dagRuns/r/taskInstances/t"


@pytest.fixture(scope="module")
def guarded() -> FastAPI:
    """An app that passes whatever the guard lets through."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "PUT", "PATCH", "DELETE", "POST"])
    def passed(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.method)

    app.add_middleware(GuardProofs)
    return app


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", f"{TASK}/state-store/couture_proof", 403),
        ("PUT", f"{TASK}/state-store/couture%5Fproof", 403),
        ("PUT", f"{TASK}/state-store/%63outure_proof", 403),
        ("PATCH", f"{TASK}/3/state-store/couture_proof", 403),
        ("DELETE", f"{TASK}/state-store/couture_proof", 403),
        ("PUT", f"{TASK}/state-store/couture_child", 403),
        ("GET", f"{TASK}/state-store/couture_proof", 200),
        ("PUT", f"{TASK}/state-store/mine", 200),
        ("PUT", "/execution/store/task/01/couture_proof", 200),
    ],
)
def test_only_tasks_write_proofs(guarded: FastAPI, method: str, path: str, status: int) -> None:
    with serving(guarded) as url:
        assert httpx.request(method, url + path).status_code == status
