"""The connection to a store in another Airflow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from fastapi import Body, FastAPI, HTTPException

from couture_ops import __version__
from couture_ops import client as client_module
from couture_ops.errors import StoreUnreachable, UnusableConnection
from couture_ops.hooks import CoutureHook
from tests.couture_ops.late_server import bound_socket, late_server
from tests.couture_ops.raw_server import NO_STORE, answer, raw_server

if TYPE_CHECKING:
    from tests.couture_ops.conftest import LiveStore

PASSWORD = "canary-open-sesame"
WAY_OUT = "Set host, port, login and password (or a token as the password) of a user with the role Couture Worker."


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that makes a hook for a connection with these fields."""

    def make(**fields: Any) -> CoutureHook:
        monkeypatch.setenv("AIRFLOW_CONN_COUTURE_DEFAULT", json.dumps({"conn_type": "couture", **fields}))
        return CoutureHook()

    return make


def add_login(app: FastAPI) -> None:
    """Airflow's login, for the one user worker."""

    @app.post("/auth/token", status_code=201)
    def create_token(username: Annotated[str, Body()], password: Annotated[str, Body()]) -> dict[str, str]:
        if (username, password) != ("worker", PASSWORD):
            raise HTTPException(401, "Invalid credentials")
        return {"access_token": "worker:Couture Worker"}


@pytest.fixture
def airflow_url(store: LiveStore) -> str:
    """A store with Airflow's login beside it."""
    add_login(store.app)
    return store.url


# --- the address ---


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "airflow.example.com"}, "http://airflow.example.com"),
        ({"host": "airflow.example.com", "port": 8080}, "http://airflow.example.com:8080"),
        ({"host": "airflow.example.com", "schema": "https"}, "https://airflow.example.com"),
        ({"host": "airflow.example.com", "schema": "https", "port": 443}, "https://airflow.example.com:443"),
        ({"host": "https://airflow.example.com"}, "https://airflow.example.com"),
        ({"host": "https://airflow.example.com/", "schema": "http"}, "https://airflow.example.com"),
        ({"host": "https://airflow.example.com", "port": 8443}, "https://airflow.example.com:8443"),
        ({"host": "https://example.com/airflow/"}, "https://example.com/airflow"),
        ({"host": "example.com/airflow", "port": 8443, "schema": "https"}, "https://example.com:8443/airflow"),
        ({"host": "[::1]", "port": 8080}, "http://[::1]:8080"),
    ],
)
def test_the_address(hook: Any, fields: dict[str, Any], url: str) -> None:
    assert hook(**fields).base_url() == url


def test_a_uri_is_a_connection_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", "couture://worker:sesame@airflow.example.com:8443/https")
    assert CoutureHook("other").base_url() == "https://airflow.example.com:8443"


def test_without_a_host_there_is_no_address(hook: Any) -> None:
    with pytest.raises(UnusableConnection) as caught:
        hook(login="worker").base_url()
    assert str(caught.value) == f"The connection 'couture_default' can't be used: it names no host. {WAY_OUT}"


# --- the credential ---


def test_a_token_alone_is_used_as_it_is(hook: Any) -> None:
    assert hook(host="nowhere.invalid", password="the.token").authorization() == "Bearer the.token"


def test_a_login_is_turned_into_a_token(hook: Any, airflow_url: str) -> None:
    assert hook(host=airflow_url, login="worker", password=PASSWORD).authorization() == "Bearer worker:Couture Worker"


@pytest.mark.parametrize("fields", [{}, {"login": "worker"}])
def test_neither_password_nor_token(hook: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(UnusableConnection, match="it has no password and no token"):
        hook(host="airflow.example.com", **fields).authorization()


def test_a_wrong_password_is_told_without_it(hook: Any, airflow_url: str) -> None:
    with pytest.raises(UnusableConnection) as caught:
        hook(host=airflow_url, login="worker", password="canary-wrong").authorization()
    assert str(caught.value) == (
        f"The connection 'couture_default' can't be used: the login was refused (HTTP 401). {WAY_OUT}"
    )


def test_an_api_server_that_comes_up_late_is_waited_for(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_FIRST_PAUSE_S", 0.01)
    app = FastAPI()
    add_login(app)
    with late_server(app) as server:
        connection = hook(host=server.url, login="worker", password=PASSWORD)
        assert connection.authorization(patience_s=20.0) == "Bearer worker:Couture Worker"
    assert len(server.said) >= 1


def test_an_api_server_that_stays_away_is_told(hook: Any) -> None:
    with bound_socket() as (_, url), pytest.raises(StoreUnreachable, match="Connection refused") as caught:
        hook(host=url, login="worker", password=PASSWORD).authorization()
    assert (caught.value.base_url, PASSWORD in str(caught.value)) == (url, False)


# --- what the button "Test" shows ---


def test_the_test_of_a_login(hook: Any, airflow_url: str) -> None:
    connection = hook(host=airflow_url, login="worker", password=PASSWORD)
    assert connection.test_connection() == (
        True,
        f"Couture {__version__} answers, and knows you as worker, who may submit",
    )


def test_the_test_of_a_token(hook: Any, airflow_url: str) -> None:
    connection = hook(host=airflow_url, password="ci:Couture Worker")
    assert connection.test_connection() == (True, f"Couture {__version__} answers, and knows you as ci, who may submit")


def test_the_test_of_a_user_who_may_not_submit(hook: Any, airflow_url: str) -> None:
    assert hook(host=airflow_url, password="eve:Viewer").test_connection() == (
        False,
        f"Couture {__version__} answers, and knows you as eve, who may not submit: "
        "give that user the role Couture Worker",
    )


def test_the_test_of_a_wrong_password(hook: Any, airflow_url: str) -> None:
    connection = hook(host=airflow_url, login="worker", password="canary-wrong")
    assert connection.test_connection() == (
        False,
        f"The connection 'couture_default' can't be used: the login was refused (HTTP 401). {WAY_OUT}",
    )


def test_the_test_of_a_wrong_token(hook: Any, airflow_url: str) -> None:
    assert hook(host=airflow_url, password="canary-wrong").test_connection() == (
        False,
        "Not authenticated: Not authenticated",
    )


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (200, b"<!doctype html><title>Airflow</title>", "text/html"),
        (200, {"status": "ok"}, "application/json"),
        (200, b"[]", "application/json"),
        (404, {"detail": "Not Found"}, "application/json"),
    ],
)
def test_the_test_of_what_is_no_store(hook: Any, status: int, body: Any, content_type: str) -> None:
    with raw_server(answer(status, body, content_type)) as server:
        url = f"{server.url}/couture/api/v1/version"
        assert hook(host=server.url, password="the.token").test_connection() == (
            False,
            f"Not the config store: GET {url} answered {status}, {NO_STORE}",
        )


@pytest.mark.parametrize(
    ("body", "content_type"), [(b"<html>", "text/html"), ({"status": "ok"}, "application/json"), (b"", "text/plain")]
)
def test_the_test_of_what_is_no_airflow(hook: Any, body: Any, content_type: str) -> None:
    with raw_server(answer(200, body, content_type)) as server:
        assert hook(host=server.url, login="worker", password=PASSWORD).test_connection() == (
            False,
            f"The connection 'couture_default' can't be used: what answers at {server.url} is no Airflow. {WAY_OUT}",
        )


@pytest.mark.parametrize("login", [None, "worker"])
def test_the_test_of_an_unreachable_one(hook: Any, login: str | None) -> None:
    with bound_socket() as (_, url):
        succeeded, said = hook(host=url, login=login, password=PASSWORD).test_connection()
    assert (succeeded, "Connection refused" in said, PASSWORD in said) == (False, True, False)


@pytest.mark.parametrize("host", ["bad host", "http://a:b", "ftp://example.com"])
def test_the_test_of_what_is_no_address(hook: Any, host: str) -> None:
    succeeded, said = hook(host=host, password="the.token").test_connection()
    assert (succeeded, bool(said)) == (False, True)
