"""Airflow itself on PostgreSQL, and two API servers behind one address: what one saves, all have."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from config_store.database import MIGRATIONS, VERSION_TABLE
from config_store.models import Base
from tests.integration.conftest import API, REAL_CONTENT, create, upload
from tests.integration.live_airflow import RUN_S, LiveAirflow, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.databases import DatabaseServer

pytestmark = pytest.mark.integration

HOLD = Path(__file__).parent / "jobs" / "hold.py"
WRITERS, SAVES = 8, 4


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, postgresql: DatabaseServer) -> Iterator[LiveAirflow]:
    """Airflow on PostgreSQL with two API servers, and the group and the job of the tests."""
    live = LiveAirflow(
        tmp_path_factory.mktemp("pair"),
        database_url=postgresql.create_database("airflow"),
        api_servers=2,
        daemons=("scheduler", "dag_processor"),
    )
    try:
        live.start()
        with live.client() as client:
            upload(client, "code", HOLD.name, HOLD.read_bytes())
            create(client, "real", REAL_CONTENT)
        yield live
    finally:
        live.stop()


@pytest.fixture
def servers(pair: LiveAirflow) -> Iterator[list[httpx.Client]]:
    """A client of each of the two, past the common address."""
    with pair.client() as client:
        token = client.headers["Authorization"]
    opened = [
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": token}, timeout=60)
        for port in pair.server_ports
    ]
    yield opened
    for client in opened:
        client.close()


def test_airflow_db_migrate_makes_our_tables_in_postgresql(pair: LiveAirflow) -> None:
    assert pair.database_url is not None
    engine = create_engine(pair.database_url)
    ours = {name for name in inspect(engine).get_table_names() if name.startswith("couture_")}
    assert ours == {*Base.metadata.tables, VERSION_TABLE}
    with engine.connect() as connection:
        version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()
    assert version == ScriptDirectory(str(MIGRATIONS)).get_heads()
    engine.dispose()


def test_what_is_saved_through_the_address_both_servers_have_at_once(
    pair: LiveAirflow, servers: list[httpx.Client]
) -> None:
    for number in range(6):
        pair.save("real", environment={"TURN": str(number)})
        content = [client.get(f"{API}/groups/real").raise_for_status().json()["content"] for client in servers]
        assert [found["environment"]["TURN"]["value"] for found in content] == [str(number)] * 2


def test_saves_by_both_servers_at_once_lose_nothing(servers: list[httpx.Client]) -> None:
    create(servers[0], "busy", {})

    def write(writer: int) -> None:
        client, path = servers[writer % 2], f"{API}/groups/busy"
        for turn in range(SAVES):
            change = {"environment": {f"W{writer}_{turn}": "1"}}

            def save(change: dict[str, dict[str, str]] = change) -> bool | None:
                etag = client.get(path).raise_for_status().headers["ETag"]
                answer = client.patch(f"{path}/content", json=change, headers={"If-Match": etag})
                assert answer.status_code in (200, 409), answer.text
                return answer.is_success or None

            wait_for("a save", save, 180)

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))
    group = servers[1].get(f"{API}/groups/busy").raise_for_status().json()
    assert group["revision"] == 1 + WRITERS * SAVES
    assert len(group["content"]["environment"]) == WRITERS * SAVES


@pytest.mark.parametrize("name", ["a%00b", "%00", "a%FFb", "x" * 300])
def test_what_is_no_text_is_refused_before_postgresql_sees_it(servers: list[httpx.Client], name: str) -> None:
    answers = [
        servers[0].get(f"{API}/groups/{name}"),
        servers[0].get(f"{API}/artifacts/code/{name}"),
        servers[0].get(f"{API}/previews/dags/{name}/tasks/{name}"),
        servers[0].get(f"{API}/submissions?dag_id={name}"),
    ]
    expected = [404, 404, 404, 200] if name.startswith("x") else [422] * 4
    assert [answer.status_code for answer in answers] == expected


def test_a_task_outlives_one_of_two_servers(pair: LiveAirflow, tmp_path: Path) -> None:
    """The last test of this Airflow: afterwards one server is gone."""
    until = tmp_path / "go"
    run_id = pair.trigger("held", {"until": str(until)})
    wait_for("the driver", lambda: "holding 45" in pair.task_log("held", "python", run_id) or None, RUN_S)
    killed = pair.processes.pop(f"api-server --port {pair.server_ports[0]}")
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait(60)
    for _ in range(4):
        with pair.client() as client:
            assert client.get(f"{API}/groups/real").status_code == 200
    pair.save("real", environment={"TURN": "after"})
    until.touch()
    assert pair.wait_for_run("held", run_id) == "success", pair.task_log("held", "python", run_id)[-3000:]
    (receipt,) = pair.receipts("held", "python", run_id)
    assert (receipt["state"], receipt["outcome"], receipt["exit_code"]) == ("ended", "succeeded", 0)
    assert "let go" in pair.task_log("held", "python", run_id)
