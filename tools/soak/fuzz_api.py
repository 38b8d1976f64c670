"""Requests that schemathesis makes of the OpenAPI document, to an app in this process, as each role."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from admin_views.app import API_PREFIX, create_app
from admin_views.permissions import ROLES as KNOWN_ROLES
from config_store.submissions import Submitter
from config_store.wire import TaskIdentity
from tools.soak.plain_server import KEY_FILE, make_store
from tools.soak.stand_ins import RoleIdentity, services_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI

NOBODY, TASK = "nobody", "a task"
ROLES = (*KNOWN_ROLES, TASK, NOBODY)
PROOF = "ti-1:secret"
#: What stands in the store, by the names that paths have for it: else no request would get far.
KNOWN: dict[str, list[str]] = {
    "name": ["prod", "spare", "etl.jar", "job.py"],
    "file": ["core-site.xml"],
    "kind": ["code", "dependencies"],
    "version": ["1"],
    "number": ["1", "2"],
    "dag_id": ["sales"],
    "task_id": ["load"],
}
GROUP = {
    "name": "prod",
    "content": {"arguments": {"driver-memory": "1g"}, "configurations": {"spark.my.password": "canary"}},
}
JOB = {"language": "python", "code_artifact": "job.py", "config_group": "prod"}
#: How many requests a route gets before the next one's turn.
TURN = 2


@schemathesis.serializer("application/gzip")
def _bytes_as_they_are(_context: Any, value: Any) -> bytes:
    """A body of a kind that schemathesis does not know; a value that is no text or bytes is sent as its text."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@dataclass
class Answers:
    """How many requests were answered, with which statuses, and every answer that is a fault."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """The statuses in words."""
        return ", ".join(f"{count:,} x {status}" for status, count in sorted(self.statuses.items()))


def make_app(folder: Path) -> FastAPI:
    """The app on an empty store in the folder."""
    make_store(folder)
    task = TaskIdentity(dag_id="sales", task_id="load", run_id="manual__1")
    identity = RoleIdentity({PROOF: Submitter(name="task", task=task, task_instance_id="ti-1")})
    return create_app(services_in(folder, (folder / KEY_FILE).read_text(), identity))


def attack(folder: Path, requests: int) -> Answers:
    """Send about that many requests, all routes and roles in turns."""
    app = make_app(folder)
    schema: Any = schemathesis.openapi.from_asgi(f"{API_PREFIX}/openapi.json", app)
    schema.config.generation.update(modes=None)
    known = furnish(app)
    operations = [found.ok() for found in schema.get_all_operations()]
    answers = Answers()
    rounds = max(1, requests // (len(operations) * len(ROLES) * TURN))
    for number in range(rounds):
        for operation, role in itertools.product(operations, ROLES):
            _send(operation, role, number, known, answers)
    app.state.services.database.engine.dispose()
    return answers


def furnish(app: FastAPI) -> dict[str, list[str]]:
    """One of everything in the store; answers the names of path parameters with what stands there."""
    from starlette.testclient import TestClient

    with TestClient(app, headers={"Authorization": "Bearer ada:Admin"}) as api:
        api.post(f"{API_PREFIX}/artifacts/code/job.py/versions", content=b"pass\n").raise_for_status()
        api.post(f"{API_PREFIX}/groups", json=GROUP).raise_for_status()
        api.post(f"{API_PREFIX}/groups", json={"name": "spare"}).raise_for_status()
        headers = {"Authorization": f"Couture-Task {PROOF}"}
        ticket = api.post(f"{API_PREFIX}/submissions", json=JOB, headers=headers).raise_for_status().json()
    return {
        **KNOWN,
        "submission_id": [ticket["submission_id"]],
        "sha256": [ticket["plan"]["application"]["sha256"]],
        "token": [ticket["token"]],
    }


def _headers(role: str, path: str, known: dict[str, list[str]]) -> dict[str, str]:
    if role == NOBODY:
        return {}
    if role == TASK:
        own = "{submission_id}" in path
        return {"Authorization": f"Couture-Submission {known['token'][0]}" if own else f"Couture-Task {PROOF}"}
    return {"Authorization": f"Bearer eve:{role}"}


def _send(operation: Any, role: str, number: int, known: dict[str, list[str]], answers: Answers) -> None:
    """One turn of a route and role."""
    places = [name for name in known if f"{{{name}}}" in operation.path]
    named = st.fixed_dictionaries({name: st.sampled_from(known[name]) for name in places})

    @seed(hash_of(operation.label, role, number))
    @settings(
        max_examples=TURN,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(operation.as_strategy(), st.none() | named, st.none() | st.integers(0, 9))
    def send(case: Any, names: dict[str, str] | None, revision: int | None) -> None:
        if names is not None:
            case.path_parameters = {**(case.path_parameters or {}), **names}
        headers = _headers(role, operation.path, known)
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        answer = case.call(headers=headers)
        answers.requests += 1
        answers.statuses[answer.status_code] += 1
        answers.faults += _faults(operation, role, case, answer)

    send()


def _faults(operation: Any, role: str, case: Any, answer: Any) -> Iterator[str]:
    if answer.status_code >= 500:
        yield f"{operation.label} as {role}: {answer.status_code} {answer.text[:300]} to {case.as_curl_command()[:600]}"


def hash_of(*parts: object) -> int:
    """The same number for the same parts in every process."""
    import zlib

    return zlib.crc32(repr(parts).encode())
