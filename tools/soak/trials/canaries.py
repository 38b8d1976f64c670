"""Secrets planted in every field that can hold one, and looked for wherever they must not show."""

from __future__ import annotations

import json
import secrets
import signal
from typing import TYPE_CHECKING

from config_store.transfer.archive import read_archive
from config_store.transfer.layout import file_path, group_path
from couture_ops.cli.errors import CliError
from tools.soak import canary
from tools.soak.figures import Figure, none_of
from tools.soak.server import wait_for
from tools.soak.trials.kills_task import START_S, drivers, final_state, task_process, trigger, wait_until_gone

if TYPE_CHECKING:
    from couture_ops.cli.connection import Api
    from tools.soak.airflow import SoakSide
    from tools.soak.stage import Stage

DAG_ID, ELSEWHERE = "soak_secrets", "soak_elsewhere"
GROUP, KEYTAB_GROUP = "soak-secrets", "soak-keytab"
SAID = "HAS spark.soak."
CORE_SITE = (
    "<configuration><property><name>fs.s3a.secret.key</name>"
    f"<value>{canary.HADOOP_PROPERTY}</value></property></configuration>"
)


def measure(stage: Stage) -> list[Figure]:
    """Plant, run with a kill in the middle, look everywhere."""
    side = stage.airflow()
    api = side.killable_server(side.airflow.port, stage.token()).api()
    refusals = plant(api)
    run_id, elsewhere = (f"soak-{secrets.token_hex(6)}" for _ in range(2))
    with canary.ProcessWatch(canary.PLANTED.values()) as watch:
        faults = _run(side, run_id, elsewhere)
    planted = canary.PLANTED | _drawn(stage)
    exported = export(api)
    places = {
        "error messages": "\n".join(refusals).encode(),
        **_told_by_api(api, run_id),
        **differences(api, run_id, elsewhere),
        **exported,
        **dict(canary.files_below(side.home.logs, "logs")),
        **dict(canary.files_below(side.airflow.tries, "tries")),
        **{f"database {path.name}": path.read_bytes() for path in side.home.folder.glob("airflow.db*")},
    }
    api.close()
    hits = [*canary.hits(planted, places), *_lacking(exported), *(f"ps shows {line}" for line in watch.hits), *faults]
    size = sum(map(len, places.values())) / 1e6
    looked = f"{watch.looks:,} looks at all command lines, {size:.0f} MB in {len(places)} places"
    return [
        none_of("canaries", f"hits of {len(planted)} planted secrets", hits, len(planted)),
        Figure(
            "canaries_places", "files, answers and tables that were read", len(places), "", len(planted), note=looked
        ),
    ]


def plant(api: Api) -> list[str]:
    """Groups full of secrets; answers what was said about values that were refused."""
    api.send("POST", "groups", json={"name": GROUP})
    content = {
        "arguments": {"master": {"value": "local[1]"}, "driver-memory": {"value": "512m"}},
        "configurations": {
            "spark.ui.enabled": {"value": "false"},
            "spark.driver.host": {"value": "127.0.0.1"},
            "spark.soak.marked": {"value": canary.GROUP_CONFIGURATION, "secret": True},
        },
        "environment": {"SOAK_TOKEN": {"value": canary.GROUP_ENVIRONMENT, "secret": True}},
    }
    api.send("PATCH", "groups", GROUP, "content", json=content, revision=1)
    api.send("PUT", "groups", GROUP, "hadoop", "core-site.xml", content=CORE_SITE.encode(), revision=2)
    api.send("POST", "groups", json={"name": KEYTAB_GROUP})
    api.send("PUT", "groups", KEYTAB_GROUP, "kerberos", "keytab", content=canary.KEYTAB.encode(), revision=1)
    refused = {"value": canary.REFUSED, "secret": True}
    tries: list[tuple[str, dict[str, object], int]] = [
        (KEYTAB_GROUP, {"arguments": {"queue": {"value": canary.GROUP_ARGUMENT, "secret": True}}}, 2),
        (GROUP, {"configurations": {"a b": refused}}, 3),
        (GROUP, {"arguments": {"verbose": refused}}, 3),
        (GROUP, {"environment": {"MASTER": refused}}, 3),
        (GROUP, {"environment": {"X": refused}}, 1),
    ]
    return [_answer(api, *one) for one in tries]


def _answer(api: Api, group: str, change: dict[str, object], revision: int) -> str:
    """What is said about a change: the refusal, or the group as it stands then."""
    try:
        return json.dumps(api.send("PATCH", "groups", group, "content", json=change, revision=revision))
    except CliError as error:
        return str(error)


def _run(side: SoakSide, run_id: str, elsewhere: str) -> list[str]:
    """The job with all secrets, killed in its first try, and one through a connection; answers what went wrong."""
    api = side.api()
    mark = f"{run_id}.1"
    trigger(api, DAG_ID, run_id)
    log = side.home.logs / "tasks" / f"dag_id={DAG_ID}" / f"run_id={run_id}" / "task_id=job"
    said = log / "attempt=1.log"
    wait_for("the secrets' job", lambda: (said.exists() and "sleeping" in said.read_text()) or None, START_S)
    task_process(drivers(mark)[-1]).send_signal(signal.SIGKILL)
    faults = [] if wait_until_gone(mark) < 30 else ["the killed try is left"]
    faults += canary.too_open(side.airflow.tries)
    if (state := final_state(api, DAG_ID, run_id)) != "success":
        faults.append(f"the run ended as {state}")
    if (log / "attempt=2.log").read_text().count(SAID) < 2:
        faults.append("the job did not get its secrets, so that their absence proves nothing")
    faults += [f"{path.name} of a killed try was not swept" for path in side.airflow.tries.iterdir() if path.is_dir()]
    trigger(api, ELSEWHERE, elsewhere)
    if (state := final_state(api, ELSEWHERE, elsewhere)) != "success":
        faults.append(f"the run through the connection ended as {state}")
    api.close()
    return faults


def _drawn(stage: Stage) -> dict[str, str]:
    """Secrets that nobody chose: the password of the connection, proofs of tasks, tokens of submissions."""
    told = (credential.partition(" ") for credential in stage.proxy.credentials)
    drawn = {f"{scheme} {number}": value.rpartition(":")[2] for number, (scheme, _, value) in enumerate(told)}
    return drawn | {"connection password": stage.side.home.password_file.read_text().strip()}


def _told_by_api(api: Api, run_id: str) -> dict[str, bytes]:
    """Receipts, previews, groups, revisions and differences, as an admin reads them."""
    found = api.read("submissions", params={"run_id": run_id})["items"]
    answers = {
        **{f"receipt {number}": api.read("submissions", item["submission_id"]) for number, item in enumerate(found)},
        "preview of the DAG's task": api.read("previews", "dags", DAG_ID, "tasks", "job"),
        **{f"group {name}": api.read("groups", name) for name in (GROUP, KEYTAB_GROUP)},
        "revision": api.read("groups", GROUP, "revisions", 2),
        "diff": api.read("groups", GROUP, "diff", params={"from": 1, "to": 2}),
    }
    return {place: json.dumps(answer).encode() for place, answer in answers.items()}


def differences(api: Api, *run_ids: str) -> dict[str, bytes]:
    """What is told to differ between any two submissions of the runs, and since each one's last success."""
    ids = [
        item["submission_id"]
        for run_id in run_ids
        for item in api.read("submissions", params={"run_id": run_id})["items"]
    ]
    asked = [(before, after) for after in ids for before in (None, *ids)]
    return {
        f"diff of submissions {before} and {after}": json.dumps(
            api.read("submissions", "diff", params={"from": before, "to": after})
        ).encode()
        for before, after in asked
    }


def export(api: Api) -> dict[str, bytes]:
    """The files of an export with all bytes; the planted Hadoop file, which goes as it is, stands in its own alone."""
    with api.download("transfer", "export", params={"artifacts": "true"}) as blocks:
        files = read_archive(b"".join(blocks))
    whole = file_path(GROUP, "core-site.xml")
    if files.get(whole) == CORE_SITE.encode():
        files[whole] = b""
    return {f"export {path}": content for path, content in files.items()}


def _lacking(exported: dict[str, bytes]) -> list[str]:
    """The groups that an export has to hold, so that the absence of their secrets proves something."""
    return [
        f"the export lacks {name}" for name in (GROUP, KEYTAB_GROUP) if f"export {group_path(name)}" not in exported
    ]
