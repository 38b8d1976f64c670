"""Which server, which token, and what is said when the way there fails."""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from couture_ops.cli.connection import Api, Server, api_path, checked_url
from couture_ops.cli.errors import InvalidUrlError, NoAnswerError, UnaddressableNameError
from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.store_server import PASSWORD, TOKEN, Answer, StoreServer, problem

HOW = "  Name a server by --url, by COUTURE_URL, or once and for all by: couture login --url URL\n"


@pytest.fixture
def other() -> Iterator[StoreServer]:
    """A second server."""
    running = StoreServer()
    yield running
    running.stop()


def log_in(couture: Couture, server: StoreServer) -> None:
    """Leaves a login at the server behind."""
    couture.environment.pop("COUTURE_URL", None)
    couture.environment.pop("COUTURE_TOKEN", None)
    run = couture("login", "--url", server.url, "--username", "anna", "--password-stdin", stdin=PASSWORD)
    assert run.returncode == 0, run
    server.asked.clear()


def test_no_server_at_all(bare_couture: Couture) -> None:
    assert bare_couture.error("groups") == (
        "Error: No server is known. "
        "Name a server by --url, by COUTURE_URL, or once and for all by: couture login --url URL\n"
    )


def test_the_option_wins_over_the_environment_over_the_login(
    bare_couture: Couture, server: StoreServer, other: StoreServer
) -> None:
    log_in(bare_couture, server)
    bare_couture.ok("version")
    assert len(server.asked) == 1
    bare_couture("version", COUTURE_URL=other.url)
    assert len(other.asked) == 1
    bare_couture("version", "--url", server.url, COUTURE_URL=other.url)
    bare_couture("--url", server.url, "version", COUTURE_URL=other.url)
    bare_couture("--url", other.url, "version", "--url", server.url, COUTURE_URL=other.url)
    assert (len(server.asked), len(other.asked)) == (4, 1)


def test_a_stored_token_goes_to_its_own_server_only(
    bare_couture: Couture, server: StoreServer, other: StoreServer
) -> None:
    log_in(bare_couture, server)
    bare_couture.ok("groups", "--output", "json")
    assert server.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert bare_couture.error("groups", "--url", other.url) == (
        f"Error: Not logged in at {other.url}. Run: couture login --url {other.url}\n"
    )
    assert "Authorization" not in other.asked[0].headers


def test_the_token_of_the_environment_wins_over_the_login(bare_couture: Couture, server: StoreServer) -> None:
    log_in(bare_couture, server)
    assert bare_couture.error("groups", COUTURE_TOKEN="old") == (
        f"Error: {server.url} refuses the token of COUTURE_TOKEN: "
        "it has expired or belongs to another server.\n"
        "  Set a new one, or unset COUTURE_TOKEN and run: couture login\n"
    )
    assert server.asked[0].headers["Authorization"] == "Bearer old"


def test_an_expired_login(bare_couture: Couture, server: StoreServer) -> None:
    log_in(bare_couture, server)
    server.answers["GET /groups"] = problem(401, "Not authenticated")
    assert bare_couture.error("groups") == f"Error: The login at {server.url} has expired. Run: couture login\n"


def test_slashes_at_the_end_and_paths_below_the_host(couture: Couture, server: StoreServer) -> None:
    couture.ok("groups", "--output", "json", "--url", f"{server.url}/")
    couture("groups", "--url", f"{server.url}/airflow/")
    assert [asked.path for asked in server.asked] == [
        "/couture/api/v1/groups",
        "/airflow/couture/api/v1/groups",
    ]


def test_connection_refused(couture: Couture) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert couture.error("groups", "--url", url) == (
            f"Error: Cannot reach {url} (Connection refused). Is the server up?\n{HOW}"
        )


def test_an_airflow_without_the_plugin(couture: Couture, server: StoreServer) -> None:
    expected = (
        f"Error: {server.url} is there, but has no couture plugin: no API answered under /couture/api/v1.\n"
        "  If this is the right Airflow, its administrator installs couture-ops there; "
        "else give another address by --url.\n"
    )
    server.answers["GET /groups"] = Answer(200, b"<!doctype html><title>Airflow</title>", "text/html; charset=utf-8")
    server.answers["POST /groups"] = Answer(405, {"detail": "Method Not Allowed"})
    server.answers["GET /artifacts/code/a.py/versions/1/content"] = server.answers["GET /groups"]
    assert couture.error("groups") == expected
    assert couture.error("groups", "--output", "json") == expected
    assert couture.error("groups", "create", "prod") == expected
    server.store.add_version("code", "a.py", "00", 1)
    assert couture.error("artifacts", "download", "code", "a.py") == expected
    assert not (couture.folder / "a.py").exists()


def test_a_gateway_that_fails(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /groups"] = Answer(502, b"<html>Bad Gateway</html>", "text/html")
    assert couture.error("groups") == f"Error: {server.url} answered 502 Bad Gateway\n"
    server.answers["GET /groups"] = Answer(200, b"{", "application/json")
    assert couture.error("groups") == f"Error: {server.url} answered 200 without the JSON that belongs to it.\n"


def test_a_redirect_is_not_followed(couture: Couture, server: StoreServer, other: StoreServer) -> None:
    server.answers["GET /groups"] = Answer(307, headers={"Location": f"{other.url}/groups"})
    assert couture.error("groups") == (
        f"Error: {server.url} redirects to {other.url}/groups. Give the final address by --url.\n"
    )
    assert other.asked == []


def test_a_connection_that_breaks(couture: Couture, prod: StoreServer) -> None:
    broken = f"Error: The connection to {prod.url} broke (Server disconnected without sending a response.)."
    prod.break_at = "GET /groups/prod"
    assert couture.error("groups", "show", "prod") == f"{broken}\n  Nothing was changed: run the command again.\n"
    prod.break_at = "PATCH /groups/prod/content"
    assert couture.error("settings", "set", "prod", "queue=etl") == (
        f"{broken}\n  Whether it was carried out is unknown: look before you run it again.\n"
    )


@contextmanager
def silent_server() -> Iterator[str]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken: list[socket.socket] = []
        thread = threading.Thread(target=lambda: taken.append(listening.accept()[0]))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()
        taken[0].close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody else vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "couture test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    extensions = [
        x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
        x509.BasicConstraints(ca=True, path_length=0),
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
    ]
    for extension in extensions:
        builder = builder.add_extension(extension, isinstance(extension, x509.BasicConstraints))
    signed = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "server.pem").write_bytes(signed)
    (tmp_path / "server.key").write_bytes(key.private_bytes(*pem))
    return tmp_path / "server.pem", tmp_path / "server.key"


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_certificates_are_checked(
    couture: Couture, server: StoreServer, certificate: tuple[Path, Path], scheme: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = f"{scheme}://127.0.0.1:{server.server_port}"
    assert couture.error("groups", "--url", url) == (
        f"Error: The certificate of {url} is not trusted (self-signed certificate).\n"
        "  If an authority of your own issued it, name that authority's certificate in SSL_CERT_FILE.\n"
    )
    assert server.asked == []
    couture.ok("groups", "--url", url, "--output", "json", SSL_CERT_FILE=str(certificate[0]))
    assert server.lines() == ["GET /groups"]


def test_a_server_that_stays_silent() -> None:
    with silent_server() as url:
        api = Api(Server(url), answer_within_s=0.05)
        with pytest.raises(
            NoAnswerError, match=f"^{url} did not answer in time.\n  Nothing was changed: run the command again.$"
        ):
            api.read("version")
        api.close()


def test_problems_are_told_with_every_error(couture: Couture, server: StoreServer) -> None:
    errors = [
        {"where": "arguments.driver-memroy", "message": "unknown; did you mean driver-memory?"},
        {"where": "configurations.spark.x", "message": "is empty"},
    ]
    server.answers["POST /groups"] = problem(422, "Invalid input", "Nothing was saved.", errors=errors)
    assert couture.error("groups", "create", "prod") == (
        "Error: Invalid input: Nothing was saved.\n"
        "  arguments.driver-memroy: unknown; did you mean driver-memory?\n"
        "  configurations.spark.x: is empty\n"
    )


def test_a_detail_that_repeats_the_errors_is_told_once(couture: Couture, server: StoreServer) -> None:
    errors = [{"where": "name", "message": "is blank"}, {"where": "note", "message": "is too long"}]
    detail = "name: is blank; note: is too long"
    server.answers["POST /groups"] = problem(422, "Invalid input", detail, errors=errors)
    assert couture.error("groups", "create", "prod") == (
        "Error: Invalid input\n  name: is blank\n  note: is too long\n"
    )


def test_answers_of_airflow_itself(couture: Couture, server: StoreServer) -> None:
    server.answers["POST /groups"] = Answer(
        422, {"detail": [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}]}
    )
    assert couture.error("groups", "create", "prod").splitlines()[1:] == ["  body.name: Field required"]
    server.answers["POST /groups"] = Answer(403, {"detail": "Forbidden"})
    assert couture.error("groups", "create", "prod") == "Error: 403 Forbidden: Forbidden\n"
    server.answers["POST /groups"] = Answer(500, b"oops", "text/plain")
    assert couture.error("groups", "create", "prod") == f"Error: {server.url} answered 500 Internal Server Error\n"


def test_what_the_server_says_cannot_rewrite_the_screen(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /groups"] = problem(404, "Gone\x1b[2J\x1b]0;x\x07")
    assert couture.error("groups") == "Error: Gone\\x1b[2J\\x1b]0;x\\x07\n"


def test_names_are_percent_encoded(couture: Couture, server: StoreServer) -> None:
    name = "ä b(1)@x#?%"
    server.store.add_group(name)
    detail = json.loads(couture.ok("groups", "show", name, "--output", "json"))
    assert detail["name"] == name
    assert server.asked[0].path == "/couture/api/v1/groups/%C3%A4%20b%281%29%40x%23%3F%25"


@pytest.mark.parametrize("name", ["", " ", ".", "..", "../x.jar", "a/b", "a\0b"])
def test_names_that_would_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(UnaddressableNameError, match="is not a name: names are not blank"):
        api_path(["groups", name])


def test_nothing_is_asked_with_a_name_that_would_lead_elsewhere(couture: Couture, server: StoreServer) -> None:
    assert couture.error("groups", "delete", "..", "--yes") == (
        "Error: '..' is not a name: names are not blank, not '.' or '..', and hold no '/' and no NUL.\n"
    )
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "airflow.example.com",
        "ftp://airflow",
        "http://",
        "https://anna:geheim@airflow",
        "http://a/?x=1",
        "http://a#b",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(InvalidUrlError) as refused:
        checked_url(url)
    assert str(refused.value).endswith("Give it like this: https://airflow.example.com")
    assert "geheim" not in str(refused.value)
