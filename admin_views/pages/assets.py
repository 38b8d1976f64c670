"""The scripts and styles that tools/bootstrap.sh bundled; they hold nothing secret, so anybody may fetch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from admin_views.pages.rendering import ASSETS

if TYPE_CHECKING:
    from starlette.requests import Request

_SCRIPT = "text/javascript"
MEDIA_TYPES = {"theme.js": _SCRIPT, "pages.js": _SCRIPT, "editor.js": _SCRIPT, "pages.css": "text/css"}
#: Their addresses change with their content.
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


async def send_asset(request: Request) -> Response:
    """One of these files."""
    name = request.path_params["name"]
    if name not in MEDIA_TYPES or not (ASSETS / name).is_file():
        raise HTTPException(404)
    return FileResponse(ASSETS / name, headers=_HEADERS, media_type=MEDIA_TYPES[name])


#: Not one of FastAPI's routes: no dependency is to be asked.
ROUTE = Route("/static/{name}", send_asset, methods=["GET"])
