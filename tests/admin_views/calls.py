"""How the tests speak to the API, and what they read out of its answers."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx

from config_store.blobs.protocol import PIECE_BYTES
from config_store.database import Database
from config_store.models import Base
from tests.stand_ins import archived

CORE_SITE = (
    b"<configuration>\n  <property><name>fs.defaultFS</name><value>hdfs://a:8020</value></property>\n</configuration>\n"
)
KEYTAB = b"\x05\x02\x00\x00\x00\x2akeys of etl@EXAMPLE.COM"
KRB5_CONF = b"[libdefaults]\n  default_realm = EXAMPLE.COM\n"
JOB = b"print('hello')\n"
#: What an upload in parts brings.
IN_PARTS = b"# in parts\n"


def connect(url: str, headers: dict[str, str] | None = None) -> httpx.Client:
    """A client of the API. It knows no certificates: to read them costs more time than most tests take."""
    return httpx.Client(base_url=url, headers=headers, verify=False)


def bearer(role: str, name: str = "eve") -> dict[str, str]:
    """The header of a program that acts for a user with the role."""
    return {"Authorization": f"Bearer {name}:{role}"}


def upon(revision: int) -> dict[str, str]:
    """The header of a save that was made from the revision."""
    return {"If-Match": f'"{revision}"'}


def done(answer: httpx.Response) -> Any:
    """The body of an answer that must be a success."""
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def problem_of(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    """The problem that an answer must be, with the members that every problem has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == (f"urn:couture:problem:{name}" if name else "about:blank")
    assert problem["status"] == status
    assert problem["title"].strip()
    assert problem["detail"].strip()
    return problem


def places_of(answer: httpx.Response) -> list[str]:
    """Where the faults of an invalid input stand."""
    problem = problem_of(answer, 422, "InvalidInput")
    assert all(fault["message"].strip() for fault in problem["errors"])
    return [fault["where"] for fault in problem["errors"]]


def new_group(api: httpx.Client, name: str = "prod", **content: Any) -> Any:
    """Make a group with the content; answers it."""
    return done(api.post("/groups", json={"name": name, "content": content}))


def change(api: httpx.Client, group: str, revision: int, **changes: Any) -> httpx.Response:
    """Send a PATCH of a group's content, made from the revision."""
    return api.patch(f"/groups/{group}/content", json=changes, headers=upon(revision))


def upload(api: httpx.Client, name: str, content: bytes = JOB, kind: str = "code") -> Any:
    """Upload a version of an artifact; answers it."""
    return done(api.post(f"/artifacts/{kind}/{name}/versions", content=archived(name, content)))


def content_digest(content: bytes) -> str:
    """The header that announces the sha256 of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def begin_upload(api: httpx.Client, name: str, content: bytes, kind: str = "code", **more: Any) -> Any:
    """Begin an upload in parts and send all of them; answers the upload as it was begun."""
    path = f"/artifacts/{kind}/{name}/uploads"
    begun = done(api.post(path, json={"size": len(content), **more}))
    for number in range(1, begun["parts"] + 1):
        send_part(api, f"{path}/{begun['id']}", number, content)
    return begun


def send_part(api: httpx.Client, upload: str, number: int, content: bytes) -> None:
    """Send the part of that number of the whole content."""
    part = content[(number - 1) * PIECE_BYTES : number * PIECE_BYTES]
    done(api.put(f"{upload}/parts/{number}", content=part, headers={"Content-Digest": content_digest(part)}))


def save_file(api: httpx.Client, group: str, revision: int, content: bytes, file: str = "hadoop/core-site.xml") -> Any:
    """Save a Hadoop file, ``kerberos/keytab`` or ``kerberos/krb5.conf`` of a group; answers the group."""
    return done(api.put(f"/groups/{group}/{file}", content=content, headers=upon(revision)))


def settings_of(ticket: Any) -> dict[str, str]:
    """The settings of a plan by name: what the worker gets."""
    return {setting["name"]: setting["value"] for setting in ticket["plan"]["settings"]}


def rows_of(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the store's tables hold."""
    with database.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select())]
            for table in Base.metadata.sorted_tables
        }
