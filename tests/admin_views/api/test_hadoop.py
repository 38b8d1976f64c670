"""A group's files over HTTP: Hadoop XML byte for byte, a keytab that never comes back, krb5.conf."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.admin_views.calls import (
    CORE_SITE,
    KEYTAB,
    KRB5_CONF,
    done,
    new_group,
    places_of,
    problem_of,
    rows_of,
    save_file,
    upload,
    upon,
)
from tests.stand_ins import task

if TYPE_CHECKING:
    from admin_views.services import Services
    from config_store.blobs.file_system import FileSystemBlobs
    from tests.stand_ins import ListedAudit, RoleIdentity

PROPERTY = "<property><name>fs.defaultFS</name><value>hdfs://a:8020</value></property>"


@pytest.fixture
def prod(api: httpx.Client) -> httpx.Client:
    """The API with an empty group prod at revision 1."""
    new_group(api)
    return api


def _put(api: httpx.Client, body: bytes, file: str = "hadoop/core-site.xml", revision: int = 1) -> httpx.Response:
    return api.put(f"/groups/prod/{file}", content=body, headers=upon(revision))


# --- Hadoop files ---


AS_GIVEN = {
    "no end of line": f"<configuration>{PROPERTY}</configuration>".encode(),
    "CRLF": f'<?xml version="1.0"?>\r\n<configuration>\r\n  {PROPERTY}\r\n</configuration>\r\n'.encode(),
    "comments and tabs": f"<!-- ours -->\n<configuration>\t<!-- <x> -->{PROPERTY}</configuration>\n\n".encode(),
    "a stylesheet": b'<?xml-stylesheet type="text/xsl" href="configuration.xsl"?>\n<configuration></configuration>',
    "UTF-8 with a byte order mark": b"\xef\xbb\xbf<configuration/>",
    "UTF-16": f'<?xml version="1.0" encoding="UTF-16"?><configuration>{PROPERTY}</configuration>'.encode("utf-16"),
    "Latin-1": '<?xml version="1.0" encoding="ISO-8859-1"?><configuration><!-- für --></configuration>'.encode(
        "latin-1"
    ),
    "unknown elements": b"<configuration><property><name>a</name><final>true</final></property><x/></configuration>",
    "CDATA": b"<configuration><property><name>a</name><value><![CDATA[<&>]]></value></property>\n</configuration>",
}


@pytest.mark.parametrize("body", AS_GIVEN.values(), ids=AS_GIVEN)
def test_a_file_comes_back_byte_for_byte(prod: httpx.Client, body: bytes) -> None:
    listed = {"name": "core-site.xml", "sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    answer = _put(prod, body)
    assert (done(answer)["content"]["hadoop_files"], answer.headers["ETag"]) == ([listed], '"2"')
    assert done(prod.get("/groups/prod/hadoop")) == {"items": [listed], "total": 1}
    answer = prod.get("/groups/prod/hadoop/core-site.xml")
    assert (answer.status_code, answer.content) == (200, body)
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="core-site.xml"'
    part = prod.get("/groups/prod/hadoop/core-site.xml", headers={"Range": "bytes=3-5"})
    assert (part.status_code, part.content) == (206, body[3:6])


MALFORMED = {
    "nothing": (b"", "line 1, column 1:"),
    "blanks": (b" \n ", "line 2, column 2"),
    "an open element": (b"<configuration>\n  <property>\n</configuration>", "line 3, column 3"),
    "text before it": (b"x<configuration/>", "line 1, column 2:"),
    "two roots": (b"<configuration/>\n<configuration/>", "line 2, column 1"),
    "a bare ampersand": (b"<configuration><property><name>a&b</name></property></configuration>", "line 1, column 35:"),
    "bytes that are not UTF-8": (b"<configuration>\xff</configuration>", "line 1, column 16"),
    "a NUL": (b"<configuration>\x00</configuration>", "line 1, column 16"),
    "another root": (b"\n <conf/>", "begins with <conf> at line 2, column 2; Hadoop reads <configuration>"),
    "HTML": (b"<html><body>Login</body></html>", "begins with <html> at line 1, column 1"),
    "a DOCTYPE": (
        b"<?xml version='1.0'?>\n<!DOCTYPE configuration>\n<configuration/>",
        "a DOCTYPE at line 2, column 24;",
    ),
    "an external entity": (
        b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>\n<configuration>&e;</configuration>",
        "a DOCTYPE at line 1, column 13; document types and entities are refused",
    ),
    "an external document type": (
        b"<!DOCTYPE configuration SYSTEM 'http://evil.example/x.dtd'><configuration/>",
        "a DOCTYPE at line 1, column 59;",
    ),
    "an entity that explodes": (
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><configuration>&b;</configuration>",
        "a DOCTYPE at line 1, column 13;",
    ),
    "an undefined entity": (b"<configuration>&e;</configuration>", "line 1, column 16"),
    "an unknown encoding": (b"<?xml version='1.0' encoding='klingon'?><configuration/>", "can't be read"),
    "depth": (b"<configuration>" + b"<a>" * 200 + b"</a>" * 200 + b"</configuration>", "deeper than 100 elements"),
}


@pytest.mark.parametrize(("body", "message"), MALFORMED.values(), ids=MALFORMED)
def test_what_hadoop_could_not_read_is_refused_with_its_place(
    prod: httpx.Client, services: Services, audit: ListedAudit, body: bytes, message: str
) -> None:
    before = rows_of(services.database)
    answer = _put(prod, body)
    assert places_of(answer) == ["core-site.xml"]
    assert message in answer.json()["detail"]
    assert rows_of(services.database) == before
    assert list(services.blobs) == []
    assert len(audit.entries) == 1


@pytest.mark.parametrize(
    "name",
    [
        "core-site",
        "core-site.txt",
        ".xml",
        "%2E%2E.xml",
        "a%20b.xml",
        "%20",
        "a%5Cb.xml",
        "x" * 300 + ".xml",
    ],
)
def test_names_of_files_that_are_refused(prod: httpx.Client, name: str) -> None:
    assert places_of(_put(prod, CORE_SITE, f"hadoop/{name}")) == ["name"]


@pytest.mark.parametrize("name", ["..%2Fcore-site.xml", "a/core-site.xml", "%2Fetc%2Fcore-site.xml"])
def test_directories_are_no_part_of_a_name(prod: httpx.Client, services: Services, name: str) -> None:
    problem_of(_put(prod, CORE_SITE, f"hadoop/{name}"), 404, "")
    assert list(services.blobs) == []


@pytest.mark.parametrize("file", ["hadoop/core-site.xml", "kerberos/krb5.conf"])
@pytest.mark.parametrize(
    ("group", "revision", "note", "status", "name"),
    [
        ("prod", 7, "", 409, "StaleRevision"),
        ("prd", 1, "", 404, "UnknownGroup"),
        ("prod", 1, "%00", 422, "InvalidInput"),
    ],
)
def test_a_save_that_can_not_be_stores_no_byte(
    prod: httpx.Client, services: Services, file: str, group: str, revision: int, note: str, status: int, name: str
) -> None:
    answer = prod.put(f"/groups/{group}/{file}?note={note}", content=CORE_SITE, headers=upon(revision))
    problem_of(answer, status, name)
    assert list(services.blobs) == []


def test_files_are_listed_by_name_and_replaced_one_by_one(prod: httpx.Client) -> None:
    for revision, name in enumerate(("yarn-site.xml", "core-site.xml", "hdfs-site.xml"), start=1):
        save_file(prod, "prod", revision, CORE_SITE, f"hadoop/{name}")
    other = AS_GIVEN["CRLF"]
    save_file(prod, "prod", 4, other, "hadoop/hdfs-site.xml")
    files = done(prod.get("/groups/prod/hadoop"))["items"]
    assert [(file["name"], file["size"]) for file in files] == [
        ("core-site.xml", len(CORE_SITE)),
        ("hdfs-site.xml", len(other)),
        ("yarn-site.xml", len(CORE_SITE)),
    ]
    assert prod.get("/groups/prod/hadoop/yarn-site.xml").content == CORE_SITE


def test_a_removed_file_stays_in_the_revisions_that_had_it(prod: httpx.Client) -> None:
    saved = save_file(prod, "prod", 1, CORE_SITE)
    answer = prod.delete("/groups/prod/hadoop/core-site.xml", headers=upon(2))
    assert done(answer)["content"]["hadoop_files"] == []
    gone = problem_of(prod.get("/groups/prod/hadoop/core-site.xml"), 404, "NotFound")
    assert gone["detail"] == "There is no Hadoop file of config group 'prod' named 'core-site.xml'."
    assert done(prod.get("/groups/prod/revisions/2"))["content"] == saved["content"]
    newest = done(prod.get("/groups/prod/revisions"))["items"][0]
    assert (newest["number"], newest["note"]) == (3, "remove core-site.xml")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_file_that_is_not_there_is_told_with_the_nearest(prod: httpx.Client, method: str) -> None:
    save_file(prod, "prod", 1, CORE_SITE)
    problem = problem_of(prod.request(method, "/groups/prod/hadoop/core-sites.xml", headers=upon(2)), 404, "NotFound")
    assert problem["nearest"] == ["core-site.xml"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_files_of_an_unknown_group(prod: httpx.Client, method: str) -> None:
    for file in ("hadoop/core-site.xml", "kerberos/krb5.conf"):
        if (method, file) != ("GET", "kerberos/krb5.conf"):
            body = CORE_SITE if method == "PUT" else None
            answer = prod.request(method, f"/groups/prd/{file}", content=body, headers=upon(1))
            assert problem_of(answer, 404, "UnknownGroup")["nearest"] == ["prod"]


def test_a_file_whose_bytes_are_lost(prod: httpx.Client, blobs: FileSystemBlobs) -> None:
    saved = save_file(prod, "prod", 1, CORE_SITE)
    digest = saved["content"]["hadoop_files"][0]["sha256"]
    blobs.delete(digest)
    problem = problem_of(prod.get("/groups/prod/hadoop/core-site.xml"), 500, "BlobMissing")
    assert problem["detail"] == (
        f"The blob {digest} is not in the blob storage; restore [couture] blob_root from its backup."
    )


def test_a_lost_file_can_be_replaced(prod: httpx.Client, blobs: FileSystemBlobs) -> None:
    saved = save_file(prod, "prod", 1, CORE_SITE)
    blobs.delete(saved["content"]["hadoop_files"][0]["sha256"])
    assert done(_put(prod, b"<configuration/>", revision=2))["revision"] == 3


def test_files_come_in_pages(prod: httpx.Client) -> None:
    for revision, name in enumerate(("a.xml", "b.xml", "c.xml"), start=1):
        assert _put(prod, b"<configuration/>", f"hadoop/{name}", revision).status_code == 200
    page = done(prod.get("/groups/prod/hadoop", params={"limit": 1, "offset": 1}))
    assert ([item["name"] for item in page["items"]], page["total"]) == (["b.xml"], 3)


# --- Kerberos ---


def test_a_keytab_goes_to_the_worker_and_to_nobody_else(
    api: httpx.Client, identity: RoleIdentity, services: Services, audit: ListedAudit
) -> None:
    keytab = b"\x05\x02" + bytes(range(256))
    encoded = base64.b64encode(keytab).decode()
    new_group(api, principal="etl@EXAMPLE.COM")
    upload(api, "job.py")
    answers: list[httpx.Response] = []
    api.event_hooks["response"] = [answers.append, httpx.Response.read]
    saved = done(api.put("/groups/prod/kerberos/keytab?filename=etl.keytab", content=keytab, headers=upon(1)))
    described = {"name": "etl.keytab", "sha256": hashlib.sha256(keytab).hexdigest(), "size": 258}
    assert saved["content"]["keytab"] == described
    for path in ("/groups/prod", "/groups/prod/revisions/2", "/groups/prod/diff", "/groups/prod/hadoop"):
        done(api.get(path))
    problem_of(api.get("/groups/prod/kerberos/keytab"), 405, "")
    problem_of(api.get("/groups/prod/hadoop/etl.keytab"), 404, "NotFound")
    request = {"language": "python", "code_artifact": "job.py"}
    preview = done(api.post("/previews", json=request))
    assert preview["plan"]["keytab"] == {"name": "etl.keytab", "content": "••••••"}
    headers = identity.add_task("ti:secret", task())
    ticket = done(api.post("/submissions", json=request, headers=headers))
    assert ticket["plan"]["keytab"] == {"name": "etl.keytab", "content": encoded}
    told = answers.pop()
    done(api.get(f"/submissions/{ticket['submission_id']}"))
    done(api.get(f"/submissions/diff?from={ticket['submission_id']}&to={ticket['submission_id']}"))
    assert encoded in told.text
    for answer in answers:
        assert encoded not in answer.text
        assert keytab not in answer.content
        assert "gAAAA" not in answer.text  # how every encrypted token begins
    assert encoded not in str(audit.entries)
    assert encoded not in str(rows_of(services.database))
    assert list(services.blobs) == [ticket["plan"]["application"]["sha256"]]


@pytest.mark.parametrize(
    ("query", "body", "place"),
    [
        ("", b"", "keytab"),
        ("", b"\x04\x02", "keytab"),
        ("", b"-----BEGIN CERTIFICATE-----", "keytab"),
        ("?filename=etl.txt", KEYTAB, "filename"),
        ("?filename=", KEYTAB, "filename"),
        ("?filename=../etl.keytab", KEYTAB, "filename"),
        ("?filename=%00.keytab", KEYTAB, "filename"),
        ("?filename=" + "x" * 300 + ".keytab", KEYTAB, "filename"),
        ("?note=" + "x" * 10_001, KEYTAB, "note"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_keytabs_that_are_refused(prod: httpx.Client, query: str, body: bytes, place: str) -> None:
    assert places_of(_put(prod, body, f"kerberos/keytab{query}")) == [place]
    assert done(prod.get("/groups/prod"))["content"]["keytab"] is None


def test_the_krb5_conf_is_kept_byte_for_byte_and_reaches_the_worker(prod: httpx.Client, identity: RoleIdentity) -> None:
    body = KRB5_CONF.replace(b"\n", b"\r\n") + b"# f\xfcr"
    described = {"name": "krb5.conf", "sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    assert done(_put(prod, body, "kerberos/krb5.conf"))["content"]["krb5_conf"] == described
    upload(prod, "job.py")
    headers = identity.add_task("ti:secret", task())
    ticket = done(prod.post("/submissions", json={"language": "python", "code_artifact": "job.py"}, headers=headers))
    path = f"/submissions/{ticket['submission_id']}/files/{described['sha256']}"
    token = {"Authorization": f"Couture-Submission {ticket['token']}"}
    assert prod.get(path, headers=token).content == body


@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
def test_an_empty_krb5_conf_is_refused(prod: httpx.Client, body: bytes) -> None:
    assert places_of(_put(prod, body, "kerberos/krb5.conf")) == ["krb5.conf"]


FILES: dict[str, tuple[str, bytes, str, Any]] = {
    "keytab": ("kerberos/keytab", KEYTAB, "keytab", None),
    "krb5.conf": ("kerberos/krb5.conf", KRB5_CONF, "krb5_conf", None),
    "Hadoop": ("hadoop/core-site.xml", CORE_SITE, "hadoop_files", []),
}


@pytest.mark.parametrize(("file", "body", "field", "nothing"), FILES.values(), ids=FILES)
def test_each_save_and_removal_is_a_revision_with_its_note_and_audit_entry(
    prod: httpx.Client, audit: ListedAudit, file: str, body: bytes, field: str, nothing: Any
) -> None:
    done(prod.put(f"/groups/prod/{file}?note=new+cluster", content=body, headers=upon(1)))
    done(prod.delete(f"/groups/prod/{file}?note=gone", headers=upon(2)))
    assert done(prod.get("/groups/prod"))["content"][field] == nothing
    notes = [(r["number"], r["note"], r["author"]) for r in done(prod.get("/groups/prod/revisions"))["items"]]
    assert notes == [(3, "gone", "ada"), (2, "new cluster", "ada"), (1, "", "ada")]
    digest = hashlib.sha256(body).hexdigest()
    where = "hadoop_files.core-site.xml" if field == "hadoop_files" else field
    assert [(name, entry.event, entry.subject, entry.details) for name, entry in audit.entries[1:]] == [
        (
            "ada",
            "group.save",
            "group prod",
            {
                "changes": [{"where": where, "old": old, "new": new}],
                "changed": 1,
                "revision": revision,
                "parent": revision - 1,
                "note": note,
            },
        )
        for revision, old, new, note in ((2, None, digest, "new cluster"), (3, digest, None, "gone"))
    ]


def test_an_audit_row_hides_what_sounds_secret_inside_a_hadoop_file(prod: httpx.Client, audit: ListedAudit) -> None:
    def site(number: int) -> bytes:
        properties = {
            "fs.s3a.secret.key": f"canary-{number}",
            "javax.jdo.option.ConnectionPassword": f"canary-{number}",
            "fs.azure.account.key.x.dfs.core.windows.net": f"canary-{number}",
            "dfs.replication": str(number),
        }
        entries = (f"<property><name>{k}</name><value>{v}</value></property>" for k, v in properties.items())
        return f"<configuration>{''.join(entries)}</configuration>".encode()

    revision = done(prod.get("/groups/prod"))["revision"]
    revision = save_file(prod, "prod", revision, site(1))["revision"]
    save_file(prod, "prod", revision, site(2))
    where = "hadoop_files.core-site.xml"
    hidden = "••••••"
    changes = audit.entries[-1][1].details["changes"]
    assert changes[1:] == [
        {"where": f"{where}.dfs.replication", "old": "1", "new": "2"},
        *(
            {"where": f"{where}.{name}", "old": hidden, "new": hidden}
            for name in (
                "fs.azure.account.key.x.dfs.core.windows.net",
                "fs.s3a.secret.key",
                "javax.jdo.option.ConnectionPassword",
            )
        ),
    ]
    assert "canary" not in str(audit.entries)
