"""Templates to answers: what every page knows, and the headers that keep foreign code out."""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from admin_views.permissions import Resource
from config_store.wire import HIDDEN
from couture_ops.cli.dag_tree import duration_text

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from admin_views.permissions import Action
    from admin_views.services import Caller, Services

#: Below this of the app everything is a page, and so are its errors.
PAGES_PREFIX = "/pages"
HERE = Path(__file__).parent.parent
ASSETS = HERE / "static" / "dist"
_WEB = re.compile(r"https?://[^\s\x00-\x1f]+\Z", re.IGNORECASE)

#: Nothing but our own files; no inline script or style; only Airflow, which is the same origin, may frame a page.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "HX-Request, Cookie, Authorization",
}


@dataclass(frozen=True)
class View:
    """A request for a page: who looks, and where the pages and Airflow itself lie."""

    request: Request
    caller: Caller | None = None

    @property
    def is_part(self) -> bool:
        """Whether htmx asks, for a part of the page that is open."""
        return self.request.headers.get("HX-Request") == "true"

    def may(self, action: Action, resource: Resource) -> bool:
        """Whether the caller has the permission, so that a control is shown; the routes ask for themselves."""
        services: Services = self.request.app.state.services
        return self.caller is not None and services.identity.permits(self.caller, action, resource)

    def page(self, path: str, **query: Any) -> str:
        """The address of a page of ours; parameters without a value are left out."""
        return f"{_root(self.request)}{PAGES_PREFIX}/{path}{_query(query)}"

    def api(self, path: str) -> str:
        """The address of a route of the JSON API, for what the browser sends itself."""
        return f"{_root(self.request)}/api/v1/{path}"

    def airflow(self, path: str) -> str:
        """The address of a page of Airflow."""
        return f"{_root(self.request).removesuffix('/couture')}/{path}"

    def audit(self, events: str, **filters: Any) -> str:
        """The address of Airflow's audit log with the events whose names hold ``events``; "" for who may not read it.

        ``filters``: ``user``, and ``after`` and ``before`` as moments. What a row is about Airflow can't filter by.
        """
        return self.airflow(f"events{_query({'event_type': events, **filters})}") if self._may_audit else ""

    @cached_property
    def _may_audit(self) -> bool:
        """Asked once for all links of a page."""
        services: Services = self.request.app.state.services
        return self.caller is not None and services.identity.may_read_audit_log(self.caller)

    @property
    def has_assets(self) -> bool:
        """Whether the package was built with the bundle."""
        return bool(_digest("pages.js"))

    def asset(self, name: str) -> str:
        """The address of a script or stylesheet; it changes with the content, and so may be kept for ever."""
        return f"{_root(self.request)}/static/{name}?{_digest(name)}"


def _root(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")


def _query(query: dict[str, Any]) -> str:
    said = {name: value for name, value in query.items() if value not in (None, "")}
    return f"?{urlencode(said)}" if said else ""


@cache
def _digest(name: str) -> str:
    path = ASSETS / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""


@cache
def environment() -> Environment:
    """The templates; everything they show is escaped."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # else each row of a table asks the disk whether its template changed
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "row_id": row_id,
        "iso": _iso,
        "shell": shlex.join,
        "bytes": readable_size,
        "duration": duration_text,
        "web_address": web_address,
    }
    made.globals |= {"HIDDEN": HIDDEN, "Resource": Resource}
    return made


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def web_address(address: str | None) -> str:
    """An address that others told us, where a browser may be led to it; "" for ``javascript:`` and its like.

    No Content-Security-Policy of ours helps there: a link out of the frame is followed by Airflow's own document.
    """
    return address if address and _WEB.match(address) else ""


def row_id(section: str, key: str) -> str:
    """The id of a setting's row in a document: a key may hold letters that no selector takes as they stand."""
    return f"row-{hashlib.sha256(f'{section}.{key}'.encode()).hexdigest()[:16]}"


def readable_size(size: int) -> str:
    """A size in bytes as people read it: ``7.1 MB``."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"


def render(
    view: View, template: str, *, status: int = 200, headers: dict[str, str] | None = None, **names: Any
) -> HTMLResponse:
    """The template as an answer."""
    text = environment().get_template(template).render(view=view, **names)
    return HTMLResponse(text, status, {**HEADERS, **(headers or {})})


def redirect(view: View, address: str) -> HTMLResponse:
    """Lead the browser on, within the frame: htmx by its own header, plain forms by a 303."""
    if view.is_part:
        return HTMLResponse("", 200, {**HEADERS, "HX-Redirect": address})
    return HTMLResponse("", 303, {**HEADERS, "Location": address})
