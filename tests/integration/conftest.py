"""One real Airflow for all integration tests, with the config groups of the acceptance cases."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.integration.browser import opened_browser, take_seat
from tests.integration.live_airflow import LiveAirflow, wait_for
from tests.integration.masters_view import END_S, Masters
from tests.stand_ins import archived

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser

    from tests.integration.browser import Seat

API = "/couture/api/v1"
CORE_SITE = b"<?xml version='1.0'?>\r\n<configuration>\r\n  <!-- kept -->\r\n</configuration>\r\n"
YARN_SITE = b"<configuration><property><name>yarn.a</name><value>1</value></property></configuration>"

DEFAULT_CONTENT = {
    "arguments": {
        "master": "yarn",
        "driver-memory": "7g",
        "executor-memory": "3500m",
        "keytab": "",
        "principal": "",
    },
    "configurations": {
        "spark.sql.shuffle.partitions": "210",
        "spark.scheduler.mode": "FAIR",
        "spark.pyspark.python": "/usr/bin/python3",
    },
    "jars": [{"name": "hbase.jar"}, {"name": "commons.jar"}],
    "spark_home": "recording",
}
GROUP_CONTENT = {
    "arguments": {"driver-memory": "7g", "queue": "etl"},
    "configurations": {"spark.my.password": "of the lake", "spark.sql.shuffle.partitions": "210"},
    "jars": [{"name": "hbase.jar"}],
    "principal": "etl@EXAMPLE.COM",
}
REAL_CONTENT = {
    "arguments": {"master": "local[1]", "driver-memory": "512m"},
    "configurations": {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1"},
}


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveAirflow]:
    """Four Airflow processes with the groups and artifacts that the tests' DAGs name."""
    live = LiveAirflow(tmp_path_factory.mktemp("airflow"))
    try:
        live.start()
        with live.client() as client:
            fill_store(client)
        yield live
    finally:
        live.stop()


@pytest.fixture
def group(airflow: LiveAirflow) -> str:
    """A group of the test's own, which modules with other needs define anew."""
    name = f"groups_{secrets.token_hex(3)}"
    with airflow.client() as client:
        create(client, name, GROUP_CONTENT)
    return name


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module; not for all, because playwright keeps an event loop running."""
    yield from opened_browser()


@pytest.fixture
def admin(browser: Browser, airflow: LiveAirflow) -> Iterator[Seat]:
    """An admin who uses Airflow in light; nothing on our pages may go wrong unseen."""
    seat = take_seat(browser, airflow, "Admin")
    yield seat
    seat.context.close()
    assert seat.faults == []


@pytest.fixture(scope="module")
def masters(airflow: LiveAirflow) -> Iterator[Masters]:
    """The masters of tests/integration/dags, once they are parsed."""
    with airflow.client() as api:
        wait_for("the masters", lambda: api.get("/api/v2/dags/master_slow").is_success or None, END_S)
        yield Masters(airflow, api)


def fill_store(client: httpx.Client) -> None:
    """The fixture of the acceptance cases, and a group for real Spark."""
    for name in ("hbase.jar", "commons.jar", "obelisk.egg"):
        upload(client, "dependencies", name, content_of(name))
    for name in ("couture.jar", "job.jar", "pi.py"):
        upload(client, "code", name, content_of(name))
    create(client, "default", DEFAULT_CONTENT)
    put_hadoop_file(client, "default", "core-site.xml", CORE_SITE)
    put_hadoop_file(client, "default", "yarn-site.xml", YARN_SITE)
    for name in ("g_large", "g_delta"):
        client.post(f"{API}/groups", json={"name": name, "copy_of": "default"}).raise_for_status()
        put_hadoop_file(client, name, "core-site.xml", f"<configuration><!-- {name} --></configuration>".encode())
    client.post(f"{API}/groups", json={"name": "python", "copy_of": "default"}).raise_for_status()
    change(client, "python", {"py_files": [{"name": "obelisk.egg"}]})
    create(client, "real", REAL_CONTENT)


def content_of(name: str) -> bytes:
    """What an artifact of the acceptance cases holds."""
    return archived(name, f"content of {name}".encode())


def upload(client: httpx.Client, kind: str, name: str, content: bytes) -> None:
    """Upload a version of an artifact."""
    client.post(f"{API}/artifacts/{kind}/{name}/versions", content=content).raise_for_status()


def create(client: httpx.Client, name: str, content: Mapping[str, object]) -> None:
    """Make a group."""
    client.post(f"{API}/groups", json={"name": name, "content": content}).raise_for_status()


def change(client: httpx.Client, name: str, changes: dict[str, object]) -> None:
    """Change a group on top of its newest revision."""
    path = f"{API}/groups/{name}"
    etag = client.get(path).raise_for_status().headers["ETag"]
    client.patch(f"{path}/content", json=changes, headers={"If-Match": etag}).raise_for_status()


def put_hadoop_file(client: httpx.Client, group: str, name: str, content: bytes) -> None:
    """Add or replace a Hadoop file of a group."""
    path = f"{API}/groups/{group}"
    etag = client.get(path).raise_for_status().headers["ETag"]
    client.put(f"{path}/hadoop/{name}", content=content, headers={"If-Match": etag}).raise_for_status()
