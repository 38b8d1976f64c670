"""A small real server that speaks the store's API from memory, and remembers what it was asked."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

API = "/couture/api/v1"
TOKEN = "airflow-token"
PASSWORD = "open sesame"
SAVED_AT = "2026-03-01T12:00:05Z"
#: Bodies above this are counted and hashed, not kept.
KEPT_BYTES = 1 << 20

Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A request as it came; ``path`` is still percent-encoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    size: int

    @property
    def line(self) -> str:
        """Method and path below the API's prefix."""
        return f"{self.method} {self.path.removeprefix(API)}"

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What goes back. ``body`` is sent as JSON unless it is bytes."""

    status: int
    body: Any = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def problem(status: int, title: str, detail: str = "", **members: Any) -> Answer:
    """An error as the API tells it."""
    body = {"type": "urn:couture:problem", "title": title, "status": status, "detail": detail, **members}
    return Answer(status, body, "application/problem+json")


def setting(value: str | None, *, final: bool = False, secret: bool = False, note: str = "") -> Json:
    """A Setting."""
    return {"value": value, "final": final, "secret": secret, "note": note}


def empty_content() -> Json:
    """The content of a new group."""
    return {
        "arguments": {},
        "configurations": {},
        "environment": {},
        "jars": [],
        "py_files": [],
        "hadoop_files": [],
        "principal": "",
        "keytab": None,
        "krb5_conf": None,
        "spark_home": None,
    }


def stored_file(name: str, content: bytes) -> Json:
    """A file as a content lists it."""
    return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


class Store:
    """Groups and artifacts in memory; the rules that the client can see."""

    def __init__(self) -> None:
        self.groups: dict[str, Json] = {}
        self.deleted: dict[str, Json] = {}
        self.revisions: dict[str, list[Json]] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.artifacts: dict[tuple[str, str], list[Json]] = {}
        self.bytes_of: dict[str, bytes] = {}
        #: What every answer with a whole group finds odd.
        self.remarks: list[Json] = []

    def add_group(self, name: str, content: Json | None = None, description: str = "", note: str = "") -> Json:
        """A new group at revision 1."""
        self.groups[name] = {"name": name, "description": description, "is_default": not self.groups}
        self.revisions[name] = []
        return self.save(name, {**empty_content(), **(content or {})}, note)

    def save(self, name: str, content: Json, note: str = "", author: str = "anna") -> Json:
        """A new revision of a group; the group's detail."""
        revisions = self.revisions[name]
        revisions.append(
            {
                "number": len(revisions) + 1,
                "parent": len(revisions) or None,
                "author": author,
                "created_at": SAVED_AT,
                "note": note,
                "content": copy.deepcopy(content),
            }
        )
        return self.detail(name)

    def content(self, name: str) -> Json:
        """A copy of the current content, secrets with their values."""
        return cast("Json", copy.deepcopy(self.revisions[name][-1]["content"]))

    def group(self, name: str) -> Json:
        """A group without its content."""
        newest = self.revisions[name][-1]
        changed = {"revision": newest["number"], "updated_by": newest["author"], "updated_at": SAVED_AT}
        return {**self.groups[name], **changed}

    def detail(self, name: str) -> Json:
        """A group with its content, secrets without their values."""
        content = self.content(name)
        for section in ("arguments", "configurations", "environment"):
            for one in content[section].values():
                one["value"] = None if one["secret"] else one["value"]
        return {**self.group(name), "content": content, "remarks": self.remarks}

    def replaced(self, name: str, new: Json) -> Json:
        """The content after a PUT."""
        content = {**empty_content(), **self.content(name)}
        for section in ("arguments", "configurations", "environment"):
            content[section] = self._settings(content[section], new.get(section, {}), {})
        for key in ("jars", "py_files", "principal", "spark_home"):
            content[key] = new.get(key, empty_content()[key])
        return content

    def changed(self, name: str, changes: Json) -> Json:
        """The content after a PATCH."""
        content = self.content(name)
        for section in ("arguments", "configurations", "environment"):
            content[section] = self._settings(content[section], changes.get(section, {}), content[section])
        for key in ("jars", "py_files", "principal", "spark_home"):
            content[key] = changes.get(key, content[key])
        return content

    @staticmethod
    def _settings(old: Json, new: Json, kept: Json) -> Json:
        result = dict(kept)
        for key, value in new.items():
            if value is None:
                result.pop(key, None)
                continue
            shape = setting(value) if isinstance(value, str) else {**setting(None), **value}
            shape["secret"] = shape["secret"] or "password" in key
            result[key] = {**shape, "value": old[key]["value"] if shape["value"] is None else shape["value"]}
        return result

    def add_version(self, kind: str, name: str, sha256: str, size: int, note: str = "") -> tuple[bool, Json]:
        """A new version unless the newest has the same content."""
        history = self.artifacts.setdefault((kind, name), [])
        if history and history[0]["sha256"] == sha256:
            return False, history[0]
        version = {
            "version": len(history) + 1,
            "sha256": sha256,
            "size": size,
            "uploaded_by": "anna",
            "uploaded_at": SAVED_AT,
            "note": note,
            "hidden": False,
        }
        history.insert(0, version)
        return True, version

    def artifact(self, kind: str, name: str) -> Json:
        """An artifact by its newest version."""
        history = self.artifacts[kind, name]
        return {"kind": kind, "name": name, **history[0], "versions": len(history)}


class StoreServer(ThreadingHTTPServer):
    """The server on a free port. ``answers`` wins over the store: ``"GET /version"`` -> Answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.store = Store()
        self.asked: list[Asked] = []
        self.answers: dict[str, Answer] = {}
        #: Called once, when the next request of that line is decided: what others do meanwhile.
        self.meanwhile: dict[str, Callable[[], object]] = {}
        #: Closes the connection instead of answering.
        self.break_at = ""
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the server and its port."""
        self.shutdown()
        self.server_close()
        self._thread.join()

    def lines(self) -> list[str]:
        """Method and path of each request so far."""
        return [asked.line for asked in self.asked]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: StoreServer

    def log_message(self, *_args: Any) -> None:
        """Nothing: the requests are remembered."""

    def handle_one(self) -> None:
        """Reads, remembers, answers."""
        asked = self._read()
        self.server.asked.append(asked)
        if asked.line == self.server.break_at:
            self.close_connection = True
            return
        answer = self._answer(asked)
        self.server.meanwhile.pop(asked.line, do_nothing)()
        self.send_response(answer.status)
        headers = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.content))}
        for name, value in (answer.headers if answer.status == 204 else {**headers, **answer.headers}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content if answer.status != 204 else b"")

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every do_GET, do_POST, … that the base class looks for."""
        if name.startswith("do_"):
            return self.handle_one
        raise AttributeError(name)

    def _read(self) -> Asked:
        parts = urlsplit(self.path)
        size, left, kept, digest = int(self.headers.get("Content-Length", 0)), 0, b"", hashlib.sha256()
        left = size
        while left and (block := self.rfile.read(min(left, KEPT_BYTES))):
            digest.update(block)
            left -= len(block)
            kept = kept + block if size <= KEPT_BYTES else b""
        self.digest = digest
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Asked(self.command, parts.path, query, dict(self.headers.items()), kept, size)

    def _answer(self, asked: Asked) -> Answer:
        if asked.line in self.server.answers:
            return self.server.answers[asked.line]
        if asked.line == "POST /auth/token":
            good = asked.json["password"] == PASSWORD
            return Answer(201, {"access_token": TOKEN}) if good else Answer(401, {"detail": "Invalid credentials"})
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return problem(401, "Not authenticated", "Nobody known asks.")
        names = [unquote(name) for name in asked.path.removeprefix(API).strip("/").split("/")]
        for pattern, route in ROUTES.items():
            if match := re.fullmatch(pattern, f"{asked.method} " + "/".join(names)):
                return route(self, asked, *match.groups())
        return problem(404, "Not Found")

    @property
    def store(self) -> Store:
        """The server's store."""
        return self.server.store

    def version(self, _asked: Asked) -> Answer:
        """GET /version"""
        return Answer(200, {"couture": "0.1.0", "wire_version": 1, "airflow": "3.3.2"})

    def groups(self, asked: Asked) -> Answer:
        """GET /groups"""
        return page([self.store.group(name) for name in self.store.groups], asked)

    def new_group(self, asked: Asked) -> Answer:
        """POST /groups"""
        new = asked.json
        content = self.store.content(new["copy_of"]) if new["copy_of"] else None
        return Answer(201, self.store.add_group(new["name"], content, new["description"], new["note"]))

    def group(self, asked: Asked, name: str) -> Answer:
        """GET, PATCH, DELETE /groups/{g}"""
        if name not in self.store.groups:
            return problem(404, "Unknown config group", f"There is no config group '{name}'. Did you mean: prod?")
        if asked.method == "DELETE":
            self.store.deleted[name] = self.store.groups.pop(name)
            return Answer(204)
        if asked.method == "PATCH":
            self.store.groups[name]["description"] = asked.json["description"]
            return Answer(200, self.store.group(name))
        return self._detail(name)

    def restore_group(self, _asked: Asked, name: str) -> Answer:
        """POST /groups/{g}/restore"""
        self.store.groups[name] = self.store.deleted.pop(name)
        return Answer(200, self.store.group(name))

    def default(self, _asked: Asked, name: str) -> Answer:
        """POST /groups/{g}/default"""
        for group in self.store.groups.values():
            group["is_default"] = group["name"] == name
        return Answer(200, self.store.group(name))

    def revisions(self, asked: Asked, name: str) -> Answer:
        """GET /groups/{g}/revisions"""
        newest_first = reversed(self.store.revisions[name])
        return page([{k: v for k, v in r.items() if k != "content"} for r in newest_first], asked)

    def content(self, asked: Asked, name: str) -> Answer:
        """PUT, PATCH /groups/{g}/content"""
        body = asked.json
        if asked.method == "PUT":
            return self._save(asked, name, self.store.replaced(name, body["content"]), body["note"])
        return self._save(asked, name, self.store.changed(name, body), body["note"])

    def rollback(self, asked: Asked, name: str) -> Answer:
        """POST /groups/{g}/rollback"""
        former = self.store.revisions[name][asked.json["revision"] - 1]["content"]
        return self._save(asked, name, former, asked.json["note"])

    def hadoop_list(self, asked: Asked, name: str) -> Answer:
        """GET /groups/{g}/hadoop"""
        return page(self.store.content(name)["hadoop_files"], asked)

    def hadoop_file(self, asked: Asked, name: str, file: str) -> Answer:
        """GET, PUT, DELETE /groups/{g}/hadoop/{file}"""
        if asked.method == "GET":
            return Answer(200, self.store.files[name, file], "application/xml")
        content = self.store.content(name)
        content["hadoop_files"] = [one for one in content["hadoop_files"] if one["name"] != file]
        if asked.query.get("dry_run"):
            return Answer(200, self.store.detail(name))
        if asked.method == "PUT":
            self.store.files[name, file] = asked.body
            content["hadoop_files"].append(stored_file(file, asked.body))
        return self._save(asked, name, content, asked.query["note"])

    def kerberos(self, asked: Asked, name: str, file: str) -> Answer:
        """PUT, DELETE /groups/{g}/kerberos/{keytab|krb5.conf}"""
        content = self.store.content(name)
        field_name = "keytab" if file == "keytab" else "krb5_conf"
        put = asked.method == "PUT"
        content[field_name] = stored_file(asked.query.get("filename", file), asked.body) if put else None
        return self._save(asked, name, content, asked.query["note"])

    def _save(self, asked: Asked, name: str, content: Json, note: str) -> Answer:
        newest = self.store.revisions[name][-1]
        expected = asked.headers.get("If-Match")
        if expected is None:
            return problem(428, "If-Match is missing")
        if expected != f'"{newest["number"]}"':
            members = {"current_revision": newest["number"], "saved_by": newest["author"]}
            members |= {"saved_at": SAVED_AT, "note": newest["note"], "changes": newest.get("changes", [])}
            return problem(409, "Somebody else saved meanwhile", "Nothing was saved.", **members)
        if content != newest["content"]:
            self.store.save(name, content, note)
        return self._detail(name)

    def _detail(self, name: str) -> Answer:
        detail = self.store.detail(name)
        return Answer(200, detail, headers={"ETag": f'"{detail["revision"]}"'})

    def artifacts(self, asked: Asked, kind: str) -> Answer:
        """GET /artifacts/{kind}"""
        return page([self.store.artifact(*key) for key in self.store.artifacts if key[0] == kind], asked)

    def artifact(self, asked: Asked, kind: str, name: str) -> Answer:
        """GET, DELETE /artifacts/{kind}/{name}"""
        if (kind, name) not in self.store.artifacts:
            return problem(404, "Not found", f"There is no artifact '{name}'.")
        if asked.method == "DELETE":
            return Answer(204)
        used_by = {"groups": ["prod"], "dags": [{"dag_id": "ratings_dag", "last_used": SAVED_AT}]}
        history = self.store.artifacts[kind, name]
        return Answer(200, {**self.store.artifact(kind, name), "history": history, "used_by": used_by})

    def upload(self, asked: Asked, kind: str, name: str) -> Answer:
        """POST /artifacts/{kind}/{name}/versions"""
        announced = f"sha-256=:{base64.b64encode(self.digest.digest()).decode()}:"
        if asked.headers["Content-Digest"] != announced:
            return problem(422, "The content is damaged")
        sha256 = self.digest.hexdigest()
        self.store.bytes_of[sha256] = asked.body
        is_new, version = self.store.add_version(kind, name, sha256, asked.size, asked.query.get("note", ""))
        return Answer(201 if is_new else 200, version)

    def download(self, _asked: Asked, kind: str, name: str, number: str) -> Answer:
        """GET /artifacts/{kind}/{name}/versions/{v}/content"""
        version = next(v for v in self.store.artifacts[kind, name] if v["version"] == int(number))
        return Answer(200, self.store.bytes_of[version["sha256"]], "application/octet-stream")

    def no_content(self, _asked: Asked, *_names: str) -> Answer:
        """DELETE of a version"""
        return Answer(204)

    def restore(self, _asked: Asked, kind: str, name: str) -> Answer:
        """POST /artifacts/{kind}/{name}/restore"""
        return Answer(200, self.store.artifact(kind, name))


def do_nothing() -> None:
    """What others do meanwhile, mostly."""


def page(items: list[Json], asked: Asked) -> Answer:
    """A page of a list."""
    offset, limit = int(asked.query.get("offset", 0)), int(asked.query.get("limit", 50))
    return Answer(200, {"items": items[offset : offset + limit], "total": len(items)})


#: Method and decoded path -> method of the handler.
ROUTES: dict[str, Callable[..., Answer]] = {
    r"GET version": Handler.version,
    r"GET groups": Handler.groups,
    r"POST groups": Handler.new_group,
    r"(?:GET|PATCH|DELETE) groups/([^/]+)": Handler.group,
    r"POST groups/([^/]+)/default": Handler.default,
    r"POST groups/([^/]+)/restore": Handler.restore_group,
    r"GET groups/([^/]+)/revisions": Handler.revisions,
    r"(?:PUT|PATCH) groups/([^/]+)/content": Handler.content,
    r"POST groups/([^/]+)/rollback": Handler.rollback,
    r"GET groups/([^/]+)/hadoop": Handler.hadoop_list,
    r"(?:GET|PUT|DELETE) groups/([^/]+)/hadoop/([^/]+)": Handler.hadoop_file,
    r"(?:PUT|DELETE) groups/([^/]+)/kerberos/(keytab|krb5\.conf)": Handler.kerberos,
    r"GET artifacts/(code|dependencies)": Handler.artifacts,
    r"(?:GET|DELETE) artifacts/(code|dependencies)/([^/]+)": Handler.artifact,
    r"POST artifacts/(code|dependencies)/([^/]+)/versions": Handler.upload,
    r"GET artifacts/(code|dependencies)/([^/]+)/versions/(\d+)/content": Handler.download,
    r"DELETE artifacts/(code|dependencies)/([^/]+)/versions/(\d+)": Handler.no_content,
    r"POST artifacts/(code|dependencies)/([^/]+)/restore": Handler.restore,
}
