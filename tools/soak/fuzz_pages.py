"""Random input to what the pages read: Hadoop files and edits, pasted blocks, forms, and the pages themselves."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any, AnyStr
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import Request

from admin_views.app import API_PREFIX
from admin_views.pages.edits import read_edits
from admin_views.pages.forms import read_form
from admin_views.pages.rendering import PAGES_PREFIX
from config_store.content import SECTIONS
from config_store.errors import InvalidInput, NotFound
from config_store.hadoop.edit import PropertyEdit, edit_properties
from config_store.hadoop.reading import Files, Loaded
from config_store.hadoop.scan import scan
from config_store.hadoop.table import property_table
from config_store.names import unstorable
from config_store.pasted import MAX_SETTINGS, read_pasted
from config_store.shell_words import split_words
from tools.soak import fuzz_api
from tools.soak.fuzz_domain import ODD_NAME, TEXT, XML, Target, attack, promise

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from fastapi.routing import APIRoute
    from starlette.testclient import TestClient

    from admin_views.pages.forms import Form

FILE = "core-site.xml"
#: One page must not grow with what is sent: templates show a part of it.
MAX_ANSWER_BYTES = 20_000_000


# --- Hadoop files ---


def _hadoop(value: tuple[bytes, dict[str, PropertyEdit]]) -> None:
    """A file is refused in words, or read, and edited to one that says what was asked for."""
    content, edits = value
    table = property_table({FILE: content, "hdfs-site.xml": content})
    promise(all(fault.where and fault.message for fault in table.faults), "a fault without words")
    try:
        before = scan(FILE, content)
        edited = edit_properties(FILE, content, edits)
    except InvalidInput as error:
        promise(bool(error.faults), "a refusal without words")
        return
    except NotFound:
        return
    spread = sum(len(name) + len(edit.value or "") for name, edit in edits.items()) + len(content)
    promise(len(edited) <= 40 * spread + 1000, "an edit makes much out of little")
    scan(FILE, edited)
    if len(before.entries) == len(before.properties()):  # no include, whose fallback would have a word in this
        loaded = Loaded()
        loaded.add(Files({FILE: edited}).items(FILE))
        for name, edit in edits.items():
            found = loaded.values.get(name)
            promise(not edit.delete or found is None, "what was deleted is still there")
            promise(edit.value is None or found == edit.value, "another value than the one that was set")


_INSIDE = st.sampled_from([
    b"<property><name>a</name><value>1</value></property>",
    b"<property>\r\n <name>b</name>\r\n <value>2</value><final>true</final>\r\n</property>",
    b"<property name='c' value='3'/>", b"<property><name>a</name><value/></property>",
    b"<property><value><![CDATA[<4>]]></value><name> a </name></property>", b"<property/>",
    b"<property><name>\xc3\xa4</name><value>&#13;&lt;${a}${env.X:-${b}}</value><final>true</final></property>",
    b"<property name=\"b\"><value>1<!-- > --></value></property>", b"<!-- of the next -->", b"\n  ",
    b"<property><property><name>c</name></property><value>5</value></property>", b"<x/>", b"<?x y?>",
    b"<configuration>", b"</configuration>", b"<include href='core-site.xml'/>", b"<include href='../a.xml'/>",
    b"<include href='no.xml'><fallback><property name='a' value='f'/></fallback></include>", b"<fallback/>",
    b"<name>stray</name>", b"</property>", b"<!--", b"]]>", b"\xff", b"\0", b"&b;", b"<a>" * 101,
])  # fmt: skip
_HEADS = st.sampled_from([
    b"", b"\xef\xbb\xbf", b"<?xml version='1.0'?>\n", b"<?xml version='1.0' encoding='ISO-8859-1'?>",
    b"<?xml version='1.1'?>", b"<?xml version='1.0' encoding='utf-16'?>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
])  # fmt: skip
_WHOLE = st.tuples(_HEADS, st.lists(_INSIDE, max_size=8).map(b"".join)).map(
    lambda drawn: drawn[0] + b"<configuration>" + drawn[1] + b"</configuration>"
)
_RECODED = _WHOLE.map(lambda content: content.decode("latin-1").encode("utf-16"))
_VALUE = st.one_of(TEXT, st.sampled_from(["", "]]>", "\r\n", "<&>\"'", "\0", "\ud800", "x" * 10_000, "${a}"]))
_EDIT = st.one_of(
    st.builds(PropertyEdit, value=_VALUE, final=st.sampled_from([None, True, False])),
    st.builds(PropertyEdit, final=st.booleans()),
    st.just(PropertyEdit(delete=True)),
)
_PROPERTY = st.one_of(st.sampled_from(["a", "b", "c", "ä", "new", " a", ""]), ODD_NAME)
HADOOP = st.tuples(st.one_of(_WHOLE, _RECODED, XML), st.dictionaries(_PROPERTY, _EDIT, min_size=1, max_size=3))


# --- pasted blocks ---


def _pasted(text: str) -> None:
    """Every line becomes a setting that the store can hold, or is left with a reason."""
    pasted = read_pasted(text)
    promise(len(pasted.settings) <= MAX_SETTINGS, "more settings than are taken at once")
    for (section, name), one in pasted.settings.items():
        promise(section in SECTIONS and (one.section, one.name) == (section, name), "a setting of no section")
        promise(unstorable(name + one.value) is None, "a setting that no database holds")
    for leftover in pasted.leftovers:
        promise(bool(leftover.reason) and leftover.line >= 1, "a line is left without a reason")
    promise(len(pasted.rest) <= 2 * len(text) + len(pasted.leftovers), "what is left is longer than what came")


def _words(text: str) -> None:
    split = split_words(text)
    promise(sum(len(word.text) for word in split.words) <= len(text), "words are longer than their line")
    promise(sum(len(word.source) for word in split.words) <= len(text), "more was read than was written")


_PASTED_PIECES = st.sampled_from([
    "spark-submit ", "--conf ", "--conf=", "-c ", "spark.a=b ", "spark.a.b  c", "spark.x\\ y: z", "--driver-memory 4g ",
    "--driver-memroy ", "--jars a.jar,b.jar ", "--verbose ", "-v ", "--files ", "app.py ", "arg ", "[arguments]\n",
    "[environment]\n", "[nothing]\n", "driver-memory = 7 gig\n", "export A=b ", "A=b ",
    "$ ", "$HOME", "${X:-y}", "`ls`",
    "'", '"', "\\\n", "\\", "\\u0041", "\\ud800", "\\u0000", "\n", "\r\n", "\r", "#", "!", ";", "=", ":", " ", "\t",
    "\x0c", "\x85", "\u2028", "\0", "\ud800", "ä", "--", "-", "---", "\\" * 9, "x" * 300,
])  # fmt: skip
PASTED = st.one_of(TEXT, st.lists(_PASTED_PIECES, max_size=30).map("".join))


# --- forms ---


def _form(value: tuple[bytes, str]) -> None:
    """A body is read as a form of storable text, or refused."""
    body, kind = value

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}
    try:
        form = _answer(read_form(Request(scope, receive)))
    except InvalidInput as error:
        promise(bool(error.faults), "a refusal without words")
        return
    with suppress(InvalidInput, ValidationError):
        read_edits(form)
    with suppress(InvalidInput):
        promise(0 <= form.number("parent") < 10**9, "a number out of bounds")


def _answer(reading: Coroutine[Any, Any, Form]) -> Form:
    """What a coroutine answers that waits for nothing: an event loop for each would take longer than all else."""
    try:
        reading.send(None)
    except StopIteration as ended:
        form: Form = ended.value
        return form
    raise AssertionError("a form waits for more than its body")


_TOKENS = ("t", "new-1", "arguments.driver-memory", "..", "ä", "")
_KINDS = ("row", "section", "name", "value", "note", "final", "secret", "drop", "kept", "file", "sha256", "base", "was")
_FIELDS = st.one_of(
    st.sampled_from([f"{kind}.{token}" for kind in _KINDS for token in _TOKENS]),
    st.sampled_from(
        ["row", "parent", "note", "name", "description", "copy_of", "block", "version", "force", "revision"]
    ),
    TEXT,
)
_TEXTS = st.one_of(
    st.sampled_from([
        "t", "1", "2", "99999999999999999999", "-1", "١", "arguments", "configurations", "environment", "driver-memory",
        "7 gig", "spark.jars", "PATH", "core-site.xml", "../a.xml", "0" * 64, "prod", "on", "", " ", "\r\n", "x" * 5000,
    ]),
    ODD_NAME,
    PASTED,
)  # fmt: skip
_PAIRS = st.lists(st.tuples(_FIELDS, _TEXTS), max_size=10)


def _encoded(pairs: list[tuple[str, str]]) -> bytes:
    return urlencode(pairs, errors="surrogatepass").encode()


def _multipart(pairs: list[tuple[str, str]]) -> bytes:
    """A form with files, which no page takes: uploads go in parts."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="../{name}"\r\n\r\n{text}\r\n'
        for name, text in pairs
    ]
    return ("".join(parts) + "--b--\r\n").encode(errors="surrogatepass")


_URLENCODED = "application/x-www-form-urlencoded"
BODY = st.one_of(
    st.tuples(_PAIRS.map(_encoded), st.just(_URLENCODED)),
    st.tuples(_PAIRS.map(_multipart), st.sampled_from(["multipart/form-data; boundary=b", "multipart/form-data", "x"])),
    st.tuples(st.binary(max_size=200), st.sampled_from([_URLENCODED, "application/json", "text/xml", ""])),
    st.tuples(
        st.sampled_from([b"%", b"a=%ff", b"a=%00", b"&" * 70_000, b"row=t&" * 500, b"=", b"a=%ed%a0%80"]),
        st.just(_URLENCODED),
    ),
)

# --- each drawn value, and damaged copies of it ---

#: Inputs that come of one drawn value: itself, and the rest damaged. To draw takes ten times as long as to damage.
OF_ONE = 10


def _damaged(content: AnyStr, chance: random.Random) -> AnyStr:
    """The content with a stretch lost, doubled or moved."""
    first, last = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    last = min(last, first + 40)
    place = chance.randrange(len(content) + 1)
    stretch = content[first:last]
    kept = chance.choice((content[:first] + content[last:], content))
    return kept[:place] + chance.choice((stretch, content[:0])) + kept[place:]


def _with_copies(target: Target, damage: Callable[[Any, random.Random], Any]) -> Target:
    """Tries every value, and OF_ONE - 1 damaged copies."""

    def tried(value: tuple[Any, int]) -> None:
        drawn, seed = value
        chance = random.Random(seed)  # noqa: S311 - the same every time, and no secret
        target.attack(drawn)
        for _ in range(OF_ONE - 1):
            target.attack(damage(drawn, chance))

    return Target(st.tuples(target.values, st.integers(0, 2**32)), tried)


def _first_damaged(value: tuple[Any, Any], chance: random.Random) -> tuple[Any, Any]:
    return _damaged(value[0], chance), value[1]


DOMAIN: dict[str, Target] = {
    "Hadoop files and edits": _with_copies(Target(HADOOP, _hadoop), _first_damaged),
    "pasted blocks": _with_copies(Target(PASTED, _pasted), _damaged),
    "command lines": _with_copies(Target(PASTED, _words), _damaged),
    "form bodies": _with_copies(Target(BODY, _form), _first_damaged),
}


# --- the pages ---

#: What the pages' script sends beside forms: files, in parts or as a whole.
_SENT_BY_SCRIPT = ("/artifacts/{kind}/{name}/uploads", "/groups/{name}/hadoop/", "/groups/{name}/kerberos/")


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of every route that the pages read something by."""
    found = []
    for route in _walk(app):
        scripted = route.path.startswith(API_PREFIX) and any(part in route.path for part in _SENT_BY_SCRIPT)
        if route.path.startswith(f"{PAGES_PREFIX}/") or scripted:
            found += [(method, route.path) for method in sorted(route.methods)]
    return found


def _walk(app: FastAPI) -> Iterator[APIRoute]:
    return (route for route in app.routes if getattr(route, "methods", None))  # type: ignore[misc]  # has a path, too


def pages_target(app: FastAPI, api: TestClient, known: dict[str, list[str]]) -> Target:
    """Requests to the app: no answer is a 5xx, and none is larger than a page may be."""

    def send(
        value: tuple[tuple[str, str], dict[str, str], list[tuple[str, str]], tuple[bytes, str], int | None],
    ) -> None:
        (method, path), names, query, (body, kind), revision = value
        for place, name in names.items():
            path = path.replace(f"{{{place}}}", quote(name, safe="", errors="surrogatepass"))
        headers = {"Content-Type": kind, **({} if revision is None else {"If-Match": f'"{revision}"'})}
        content = None if method == "GET" else body
        asked = f"{path}?{_encoded(query).decode()}" if query else path
        answer = api.request(method, asked, content=content, headers=headers, follow_redirects=False)
        promise(answer.status_code < 500, f"{method} {path} is answered with {answer.status_code}")
        promise(len(answer.content) <= MAX_ANSWER_BYTES, f"{method} {path} is answered with too much")

    places = {name for _, path in routes(app) for name in _placeholders(path)}
    names = st.fixed_dictionaries({
        name: st.one_of(st.sampled_from(known.get(name, ["x"])), st.sampled_from(known.get(name, ["x"])), ODD_NAME)
        for name in sorted(places)
    })  # fmt: skip
    query = st.lists(st.tuples(st.sampled_from(_ASKED), _TEXTS), max_size=3)
    values = st.tuples(st.sampled_from(routes(app)), names, query, BODY, st.none() | st.integers(0, 5))
    return Target(values, send)


_ASKED = (
    "search", "page", "section", "key", "token", "old", "new", "saved", "hidden", "inside", "name", "note", "filename",
    "file", "dag_id", "status", "since", "offset", "limit", "part", "kind",
)  # fmt: skip


def _placeholders(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]


def attack_pages(folder: Path, count: int) -> tuple[str, int]:
    """Send that many requests to the pages; the first fault, or none, and how many were sent."""
    from starlette.testclient import TestClient

    store = folder / "store"
    app = fuzz_api.make_app(store)
    known = fuzz_api.furnish(app)
    with TestClient(app, headers={"Authorization": "Bearer ada:Admin"}) as api:
        upload = api.post(f"{API_PREFIX}/artifacts/code/etl.jar/uploads", json={"size": 40}).raise_for_status().json()
        api.put(f"{API_PREFIX}/groups/prod/hadoop/{FILE}", content=b"<configuration/>", headers={"If-Match": '"1"'})
        known |= {"upload": [upload["id"]], "number": ["1", "2"], "asset": ["pages.js"]}
        fault, sent = attack(pages_target(app, api, known), count)
    app.state.services.database.engine.dispose()
    strangers = [path.name for path in folder.iterdir() if path != store]
    return fault or (f"{strangers} were written outside of the store" if strangers else ""), sent
