"""Hadoop Configuration: the text of one file, edited as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from admin_views.api.access import ServicesDep
from admin_views.api.hadoop import Editor, find_file, store_file
from admin_views.bodies import read_limited
from admin_views.pages.forms import FormDep
from admin_views.pages.hadoop import GroupView, group_view, review_names
from admin_views.pages.hadoop_draft import Draft, Staged
from admin_views.pages.rendering import View, render
from config_store import groups
from config_store.errors import reject
from config_store.hadoop.file_text import edited_file, file_text
from config_store.hadoop_xml import MAX_HADOOP_BYTES
from config_store.names import unstorable

if TYPE_CHECKING:
    from admin_views.services import Caller, Services
    from config_store.content import ConfigFile

router = APIRouter(prefix="/hadoop/{name}", include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/files/{file}/text")
def text_page(
    request: Request, services: ServicesDep, caller: Editor, name: str, file: str, line: int | None = None
) -> Any:
    """The text of a file; ``line`` is where the cursor goes."""
    of = group_view(request, services, caller, name)
    stored = find_file(of.group.content, name, file)
    text = file_text(services.read_blob(stored.sha256))
    return render(of.view, "hadoop/text.html", of=of, file=file, stored=stored, text=text, line=line)


@router.post("/files/{file}/text")
def review_text(request: Request, services: ServicesDep, caller: Editor, name: str, file: str, form: FormDep) -> Any:
    """The review of an edited text as a page of its own, for browsers without scripts."""
    of, parent = group_view(request, services, caller, name), form.number("parent")
    staged = _staged(services, name, file, parent, form.text("text"))
    names = review_names(services, caller, name, Draft({file: Staged(staged.file.sha256, staged.base)}), parent)
    of = GroupView(of.view, names.pop("group"), of.names)
    return render(of.view, "hadoop/review.html", of=of, file=file, back=file, staged=staged, is_page=True, **names)


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
    staged = _staged(services, name, file, parent, _text(file, body))
    return render(View(request, caller), "hadoop/staged_text_part.html", staged=staged)


class StagedText(NamedTuple):
    """A text that was taken: the stored file, and the digest of the one that it was made from."""

    file: ConfigFile
    base: str


def _staged(services: Services, name: str, file: str, parent: int, text: str) -> StagedText:
    with services.database.reading() as session:
        before = find_file(groups.get_revision(session, name, parent).content, name, file)
    edited = edited_file(file, services.read_blob(before.sha256), text)
    return StagedText(store_file(services, file, edited), before.sha256)


def _text(file: str, body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise reject(file, f"was sent as something that is no UTF-8: {error}") from None
    if reason := unstorable(text):
        raise reject(file, reason)
    return text
