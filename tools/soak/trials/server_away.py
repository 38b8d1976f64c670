"""The API is away at each step of a task: it waits, goes on, and its receipt is complete."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tools.soak.figures import Figure, none_of
from tools.soak.proxy import Outage
from tools.soak.trials.kills_task import final_state, trigger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tools.soak.airflow import SoakSide
    from tools.soak.proxy import Proxy
    from tools.soak.stage import Stage

DAG_ID = "soak_short"
TIMELINE = ["planned", "submitted", "running", "ended"]


def steps(seconds: float) -> tuple[Outage, ...]:
    """An outage at each step of a task, in their order."""
    return (
        Outage("before the submission", seconds, path_end="/submissions"),
        Outage("at the download of an artifact", seconds, path_part="/files/"),
        Outage("before 'submitted' is told", seconds, body_part=b'"state":"submitted"'),
        Outage("before 'running' is told", seconds, body_part=b'"state":"running"'),
        Outage("before 'ended' is told", seconds, body_part=b'"state":"ended"'),
    )


def measure(stage: Stage) -> list[Figure]:
    """One real task that meets all of the outages."""
    side = stage.airflow()
    side.forget_files()  # else nothing has to be downloaded
    stage.proxy.plan(*steps(stage.scale.away_s))
    run_id = f"soak-{secrets.token_hex(6)}"
    api = side.api()
    trigger(api, DAG_ID, run_id)
    state = final_state(api, DAG_ID, run_id)
    api.close()
    receipts = _receipts(stage, side, run_id)
    faults = [*_outage_faults(stage.proxy, len(steps(0))), *receipt_faults(receipts)]
    if state != "success":
        faults.append(f"the run ended as {state}")
    told = "; ".join(f"{outage.step}: {outage.refused} requests met nobody" for outage in stage.proxy.happened)
    what = f"faults of a task for which the API was away {stage.scale.away_s:g} s at each of its steps"
    return [
        none_of("server_away_faults", what, faults, len(stage.proxy.happened)),
        Figure("server_away_steps", "steps at which it was away", len(stage.proxy.happened), "", 1, 5, True, told),
    ]


def receipt_faults(receipts: Sequence[dict[str, Any]]) -> list[str]:
    """What one complete receipt of a success lacks."""
    if len(receipts) != 1:
        return [f"there are {len(receipts)} receipts for one try"]
    (receipt,) = receipts
    timeline = [entry["state"] for entry in receipt["timeline"]]
    wrong = [] if timeline == TIMELINE else [f"the receipt tells {timeline}"]
    if (receipt["outcome"], receipt["exit_code"]) != ("succeeded", 0):
        wrong.append(f"the receipt ends with {receipt['outcome']}, {receipt['exit_code']}")
    return wrong + [f"the receipt has no {name}" for name in ("argv", "host", "pids") if not receipt[name]]


def _outage_faults(proxy: Proxy, wanted: int) -> list[str]:
    if len(proxy.happened) != wanted:
        return [f"only {len(proxy.happened)} of {wanted} outages happened"]
    return [f"nobody asked {outage.step}" for outage in proxy.happened if not outage.refused]


def _receipts(stage: Stage, side: SoakSide, run_id: str) -> list[dict[str, Any]]:
    api = side.killable_server(side.airflow.port, stage.token()).api()
    found = api.read("submissions", params={"run_id": run_id})["items"]
    receipts = [api.read("submissions", item["submission_id"]) for item in found]
    api.close()
    return receipts
