"""Deadlines of a master and its child on real Airflow processes: the mails of Airflow's own notifier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.integration.live_airflow import READY_S, RUN_S, wait_for
from tests.mailbox import HOST, body_of, open_mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.integration.live_airflow import LiveAirflow
    from tests.mailbox import Mailbox

pytestmark = pytest.mark.integration

MASTER, CHILD = "couture_nightly", "couture_nightly_load"


@pytest.fixture(scope="module")
def api(airflow: LiveAirflow) -> Iterator[httpx.Client]:
    """Airflow's API as an admin, once the example is parsed."""
    with airflow.client() as client:
        wait_for("the example", lambda: client.get(f"/api/v2/dags/{MASTER}").is_success or None, READY_S)
        yield client


@pytest.fixture(scope="module")
def mailbox(api: httpx.Client) -> Iterator[Mailbox]:
    """Where Airflow's mails go."""
    with open_mailbox() as box:
        connection = {
            "connection_id": "smtp_default",
            "conn_type": "smtp",
            "host": HOST,
            "port": box.port,
            "extra": '{"disable_ssl": true, "disable_tls": true, "from_email": "airflow@example.com"}',
        }
        api.post("/api/v2/connections", json=connection).raise_for_status()
        try:
            yield box
        finally:
            api.delete("/api/v2/connections/smtp_default").raise_for_status()


def trigger(api: httpx.Client, logical_date: datetime) -> str:
    """A run of the master for that moment."""
    run_id = f"at__{logical_date.isoformat()}"
    body = {"dag_run_id": run_id, "logical_date": logical_date.isoformat(), "conf": {}}

    def post() -> bool | None:
        # SQLite answers some posts with 500; the run may exist all the same (then 409)
        return True if api.post(f"/api/v2/dags/{MASTER}/dagRuns", json=body).status_code in (200, 409) else None

    wait_for("the run", post, READY_S)
    return run_id


def deadlines(api: httpx.Client, run_id: str) -> list[dict[str, Any]]:
    """What Airflow itself tells of the master's deadlines."""
    answer = api.get(f"/ui/dags/{MASTER}/dagRuns/{quote(run_id, safe='')}/deadlines")
    found: list[dict[str, Any]] = answer.raise_for_status().json()["deadlines"]
    return found


def child_run(api: httpx.Client, run_id: str) -> str:
    """The run of the child that the master's run has started."""
    path = f"/api/v2/dags/{MASTER}/dagRuns/{quote(run_id, safe='')}/taskInstances/load/xcomEntries/child_run_id"

    def look() -> str | None:
        answer = api.get(path)
        return str(answer.json()["value"]) if answer.is_success else None

    return wait_for("the child run", look, RUN_S)


def test_who_is_late_is_told_by_mail_and_who_is_not_is_not(
    airflow: LiveAirflow, api: httpx.Client, mailbox: Mailbox
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    due = now - timedelta(days=1)
    in_time, late = trigger(api, now), trigger(api, due)
    children = {run_id: child_run(api, run_id) for run_id in (in_time, late)}
    for run_id in (late, children[late]):
        wait_for(f"the mail about {run_id}", lambda run_id=run_id: mailbox.about(f">{run_id}<") or None, RUN_S)  # type: ignore[misc]
    assert airflow.wait_for_run(MASTER, in_time) == "success"

    for dag_id, run_id, hours in ((MASTER, late, 4), (CHILD, children[late], 2)):
        (mail,) = mailbox.about(f">{run_id}<")
        assert (mail["From"], mail["To"]) == ("airflow@example.com", "data-team@example.com")
        assert mail["Subject"] == f"{dag_id} is late"
        link = f'<a href="{airflow.url}/dags/{dag_id}/runs/{quote(run_id)}">{run_id}</a>'
        said = body_of(mail)
        assert said.startswith(f"The run {link} of {dag_id} was to be done by {due + timedelta(hours=hours)}. It is ")
    assert [mailbox.about(run_id) for run_id in (in_time, children[in_time])] == [[], []]

    assert [(one["missed"], one["alert_name"]) for one in deadlines(api, late)] == [(True, "done within 4 h")]
    # Airflow forgets a deadline that was met
    assert deadlines(api, in_time) == []
