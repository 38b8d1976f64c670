"""Hadoop Configuration: the text of one file, edited as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from admin_views.api.access import ServicesDep
from admin_views.api.hadoop import Editor, find_file, store_file
from admin_views.bodies import read_limited
from admin_views.pages.hadoop import group_view
from admin_views.pages.rendering import render
from config_store import groups
from config_store.errors import reject
from config_store.hadoop.file_text import edited_file, file_text
from config_store.hadoop_xml import MAX_HADOOP_BYTES
from config_store.names import unstorable

if TYPE_CHECKING:
    from admin_views.services import Caller, Services

router = APIRouter(prefix="/hadoop/{name}", include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/files/{file}/text")
def text_page(
    request: Request, services: ServicesDep, caller: Editor, name: str, file: str, line: int | None = None
) -> Any:
    """The text of a file; ``line`` is where the cursor goes."""
    of = group_view(request, services, caller, name)
    stored = find_file(of.group.content, name, file)
    text = file_text(services.read_blob(stored.sha256))
    return render(of.view, "hadoop/text.html", of=of, file=file, stored=stored, text=text, line=line, saved=None)


@router.post("/text/{file}")
async def stage_text(request: Request, services: ServicesDep, caller: Editor, name: str, file: str, parent: int) -> Any:
    """Take a file's edited text, the body in UTF-8, and answer what a review needs of it.

    ``parent`` is the revision that the text was opened at: encoding and line ends are those of its file.
    """
    body = await read_limited(request, MAX_HADOOP_BYTES)
    return await to_thread.run_sync(_stage, request, services, caller, name, file, parent, body)


def _stage(
    request: Request, services: Services, caller: Caller, name: str, file: str, parent: int, body: bytes
) -> HTMLResponse:
    of = group_view(request, services, caller, name)
    with services.database.reading() as session:
        before = find_file(groups.get_revision(session, name, parent).content, name, file)
    edited = edited_file(file, services.read_blob(before.sha256), _text(file, body))
    stored = store_file(services, file, edited)
    return render(of.view, "hadoop/staged_text_part.html", of=of, file=stored, base=before.sha256)


def _text(file: str, body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise reject(file, f"was sent as something that is no UTF-8: {error}") from None
    if reason := unstorable(text):
        raise reject(file, reason)
    return text
