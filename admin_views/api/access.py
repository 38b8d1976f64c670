"""What every route asks for first: the services, the caller, and his permission."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Header, Query, Request

from admin_views.problems import CrossSite, Forbidden, PreconditionMissing
from admin_views.services import Caller, Services
from config_store.errors import WireVersionMismatch, reject
from config_store.wire import WIRE_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from typing import Any

    from admin_views.permissions import Action, Resource

# Proxies that compress make an ETag weak (W/"7"); a revision is the same, compressed or not.
_ETAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def services_of(request: Request) -> Services:
    """The services that ``create_app`` was given."""
    services: Services = request.app.state.services
    return services


async def identified(request: Request) -> Caller:
    """The authenticated user; a change through the cookie must come from our own pages."""
    caller = await services_of(request).identity.caller(request)
    # Airflow takes the cookie unless a bearer token is there; browsers add `Authorization: Basic` by themselves
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    by_token = scheme.lower() == "bearer" and token.strip()
    if request.method not in _SAFE_METHODS and not by_token:
        _check_same_origin(request)
    request.state.caller = caller  # the page of a later fault shows him where he may go on
    return caller


def _check_same_origin(request: Request) -> None:
    """Browsers name the origin of every change they send; a token in a header needs no such proof."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    # the browser's own judgement counts where there is one: it knows the scheme, too
    same = site in ("same-origin", "none") if site else _is_host(request, origin)
    if not same:
        raise CrossSite("This change was asked for by another site through your login; nothing was done.")


def _is_host(request: Request, origin: str | None) -> bool:
    return origin is not None and origin.partition("://")[2] == request.headers.get("Host", "")


def permitted(action: Action, resource: Resource) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """A dependency that answers the caller when he has the permission, else raises Forbidden."""
    from anyio import to_thread

    async def check(request: Request) -> Caller:
        caller = await identified(request)
        # the auth manager asks the database
        if not await to_thread.run_sync(services_of(request).identity.permits, caller, action, resource):
            raise Forbidden(action, resource)
        return caller

    check.permission = (action, resource)  # type: ignore[attr-defined]  # the test of all routes reads it
    return check


def demand(services: Services, caller: Caller, needs: Iterable[tuple[Action, Resource]], why: str = "") -> None:
    """Raise Forbidden, which begins with the sentence ``why``, unless the caller has all the permissions."""
    for action, resource in dict.fromkeys(needs):
        if not services.identity.permits(caller, action, resource):
            raise Forbidden(action, resource, why)


def expected_revision(
    if_match: Annotated[str | None, Header(description='The revision the change was made from, `"7"`')] = None,
) -> int:
    """The revision of ``If-Match``; raises PreconditionMissing without one."""
    if if_match is None:
        raise PreconditionMissing(
            "A save says which revision it was made from: send the group's ETag back in If-Match."
        )
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise reject("If-Match", f"{if_match[:50]!r} is no revision; send the group's ETag as it was received")
    return int(match.group(1))


def check_wire_version(
    couture_wire_version: Annotated[str | None, Header(description="The wire version the caller speaks")] = None,
) -> None:
    """Raise WireVersionMismatch when a worker names another version; a caller that names none is a plain client."""
    if couture_wire_version is not None and couture_wire_version != str(WIRE_VERSION):
        raise WireVersionMismatch(couture_wire_version[:20], WIRE_VERSION)


ServicesDep = Annotated[Services, Depends(services_of)]
RevisionDep = Annotated[int, Depends(expected_revision)]
Limit = Annotated[int, Query(ge=1, le=1000, description="how many items a page holds")]
Offset = Annotated[int, Query(ge=0, le=10**9, description="how many items to pass over")]
