"""Keeps Python's garbage collector from walking all of Airflow again and again.

An API server holds some 650,000 objects that stay until its end. A full collection looks at each of them, which
takes about 0.4 s, and every thread of the server waits; a submission with a thousand settings brings one about every
fiftieth time. Frozen once, when everything is loaded, they are passed over. Airflow does the same in its DAG
processor and in its LocalExecutor.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class FreezeHeap:
    """Freezes what the process holds at the first request, when all of Airflow's own app is loaded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._is_frozen = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if not self._is_frozen:
            self._is_frozen = True
            gc.collect()
            gc.freeze()
        await self._app(scope, receive, send)
