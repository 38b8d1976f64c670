"""A config store as workers meet it: the real API below ``/couture``, behind a real socket."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

import httpx
import pytest
from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from admin_views.app import create_app
from admin_views.plugin import URL_PREFIX
from config_store.wire import Receipt
from couture_ops.client import API_PATH
from tests.conftest import serving
from tests.stand_ins import RoleIdentity, archived, task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from starlette.types import ASGIApp, Receive, Scope, Send

    from admin_views.services import Services


class LiveStore:
    """Behind ``url``; ``asked`` are the requests of workers so far, ``is_away`` says which get a 503 for an answer."""

    def __init__(self, services: Services) -> None:
        self.asked: list[str] = []
        self.is_away: Callable[[str], bool] = lambda _: False
        self._services = services
        self.app = app = FastAPI()
        app.mount(URL_PREFIX, create_app(services))
        app.add_middleware(Gate, store=self)
        app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)  # as Airflow's API server does
        self._server = ExitStack()
        self.url = self._server.enter_context(serving(app))

    def stop(self) -> None:
        """End the server; harmless when it has ended."""
        self._server.close()

    def add_task(self, task_id: str = "load", **more: Any) -> str:
        """A running task; answers the Authorization header that proves it."""
        identity = cast("RoleIdentity", self._services.identity)
        identified = f"ti-of-{task_id}-{more.get('run_id', '')}"
        return identity.add_task(f"{identified}:secret", task(task_id=task_id, **more))["Authorization"]

    def admin(self, method: str, path: str, **request: Any) -> httpx.Response:
        """An answer to the admin ada."""
        headers = {"Authorization": "Bearer ada:Admin", **request.pop("headers", {})}
        return httpx.request(method, f"{self.url}{API_PATH}{path}", headers=headers, **request).raise_for_status()

    def upload(self, name: str, content: bytes, kind: str = "code") -> None:
        """A new version of an artifact."""
        self.admin("POST", f"/artifacts/{kind}/{name}/versions", content=archived(name, content))

    def create_group(self, name: str, **content: Any) -> None:
        """A new config group; the first is the default one."""
        self.admin("POST", "/groups", json={"name": name, "content": content})

    def change_group(self, name: str, **change: Any) -> None:
        """Set and remove settings of a group, on top of its newest revision."""
        revision = self.admin("GET", f"/groups/{name}").json()["revision"]
        self.admin("PATCH", f"/groups/{name}/content", json=change, headers={"If-Match": f'"{revision}"'})

    def put_file(self, path: str, content: bytes) -> None:
        """A Hadoop or Kerberos file of a group."""
        group = "/".join(path.split("/")[:3])
        etag = self.admin("GET", group).headers["ETag"]
        self.admin("PUT", path, content=content, headers={"If-Match": etag})

    def receipts(self) -> list[Receipt]:
        """All receipts, the newest first."""
        ids = [item["submission_id"] for item in self.admin("GET", "/submissions").json()["items"]]
        return [Receipt.model_validate_json(self.admin("GET", f"/submissions/{i}").content) for i in ids]


class Gate:
    """Notes the requests of workers, and turns them away while the store is away."""

    def __init__(self, app: ASGIApp, store: LiveStore) -> None:
        self._app, self._store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or b"couture-wire-version" not in dict(scope["headers"]):
            await self._app(scope, receive, send)
            return
        asked = f"{scope['method']} {scope['path'].removeprefix(API_PATH)}"
        self._store.asked.append(asked)
        if self._store.is_away(asked):
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send)


@pytest.fixture
def store(services: Services) -> Iterator[LiveStore]:
    """An empty store."""
    live = LiveStore(services)
    yield live
    live.stop()
