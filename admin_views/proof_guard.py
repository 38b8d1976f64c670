"""Keeps the proofs of tasks out of reach of Airflow's public API.

A task proves itself by what it writes into its state store through the execution API. Airflow's public API lets
users with the right to edit task instances write there too (the role User has it), which would let them pose as any
running task and read the secrets of any config group. What the API server keeps there of a master's child run is
guarded alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from config_store.wire import CHILD_KEY, PROOF_KEY

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_PUBLIC_API, _STATE_STORE = "/api/v2/", "/state-store"
_GUARDED = (PROOF_KEY, CHILD_KEY)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class GuardProofs:
    """Refuses every change of a proof below ``/api/v2``; the execution API, which tasks use, is not touched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it would write a proof."""
        if scope["type"] == "http" and scope["method"] not in _READING and _names_a_proof(scope["path"]):
            from admin_views.problems import problem

            answer = problem(
                403, "Refused", f"{' and '.join(_GUARDED)} are written by running tasks alone.", "ProofGuarded"
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _names_a_proof(path: str) -> bool:
    """``path`` is decoded already, so no spelling of the key gets by."""
    key = path.rpartition(_STATE_STORE)[2]
    return _PUBLIC_API in path and _STATE_STORE in path and any(guarded in key for guarded in _GUARDED)
