"""The acceptance cases, on real task processes against a spark-submit that records how it is called."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.conftest import CORE_SITE, YARN_SITE, content_of

if TYPE_CHECKING:
    from tests.integration.live_airflow import LiveAirflow

pytestmark = pytest.mark.integration

BASE = Counter(
    {
        ("--master", "yarn"): 1,
        ("--driver-memory", "7g"): 1,
        ("--executor-memory", "3500m"): 1,
        ("--conf", "spark.sql.shuffle.partitions=210"): 1,
        ("--conf", "spark.scheduler.mode=FAIR"): 1,
        ("--conf", "spark.pyspark.python=/usr/bin/python3"): 1,
        ("--jars", "hbase.jar,commons.jar"): 1,
    }
)
DAGS = (
    "plain",
    "video_embedding_dag",
    "groups",
    "unknown_group",
    "python",
    "defaults",
    "missing_artifact",
    "failure",
    "mapped",
)


class Call:
    """One recorded spark-submit: its options as a multiset, the application, and what follows it."""

    def __init__(self, record: dict[str, Any]) -> None:
        argv: list[str] = record["argv"]
        self.options: Counter[tuple[str, str]] = Counter()
        while argv and argv[0].startswith("--"):
            name, value, *argv = argv
            self.options[name, _named(name, value)] += 1
        self.application, self.arguments = argv[0].rpartition("/")[2], argv[1:]
        self.environment: dict[str, str] = record["environment"]
        self.hadoop_files = {name: file["content"] for name, file in record["hadoop_files"].items()}
        self.contents = {path.rpartition("/")[2]: file["content"] for path, file in record["files"].items()}


def _named(option: str, value: str) -> str:
    """Paths of files on the worker by their names alone."""
    if option not in ("--jars", "--py-files"):
        return value
    return ",".join(part.rpartition("/")[2] for part in value.split(","))


def identity(task_id: str, dag_id: str) -> Counter[tuple[str, str]]:
    """The two properties that every job carries."""
    return Counter({("--conf", f"spark.workflow.taskId={task_id}"): 1, ("--conf", f"spark.workflow.dagId={dag_id}"): 1})


def options(*pairs: tuple[str, str]) -> Counter[tuple[str, str]]:
    """Further options."""
    return Counter(pairs)


@pytest.fixture(scope="module")
def runs(airflow: LiveAirflow) -> dict[str, tuple[str, str]]:
    """Every DAG's run id and final state; all run at once."""
    run_ids = {dag_id: airflow.trigger(dag_id) for dag_id in DAGS}
    return {dag_id: (run_id, airflow.wait_for_run(dag_id, run_id)) for dag_id, run_id in run_ids.items()}


def only_call(airflow: LiveAirflow, runs: dict[str, tuple[str, str]], dag_id: str, task_id: str) -> Call:
    """The one spark-submit of a task in its DAG's run."""
    (record,) = airflow.recorded(dag_id, task_id, runs[dag_id][0])
    return Call(record)


def test_1_plain_jar(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    assert runs["plain"][1] == "success"
    call = only_call(airflow, runs, "plain", "operator_task")
    named = options(("--name", "Couture"), ("--class", "ai.couture.MainClass"))
    assert call.options == BASE + identity("operator_task", "plain") + named
    assert (call.application, call.arguments) == ("couture.jar", ["inputData", "/outputData"])
    assert call.contents == {
        "couture.jar": content_of("couture.jar").decode(),
        "hbase.jar": content_of("hbase.jar").decode(),
        "commons.jar": content_of("commons.jar").decode(),
    }


def test_1_hadoop_files_reach_the_process_alone(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    call = only_call(airflow, runs, "plain", "operator_task")
    assert call.hadoop_files == {"core-site.xml": CORE_SITE.decode(), "yarn-site.xml": YARN_SITE.decode()}
    assert call.environment["YARN_CONF_DIR"] == call.environment["HADOOP_CONF_DIR"]
    assert not [value for _, value in call.options if "CONF_DIR" in value]


def test_2_dictionary_job_without_app_name(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    call = only_call(airflow, runs, "plain", "history")
    named = options(("--name", "plain.history"), ("--class", "ai.couture.MainClass"))
    assert call.options == BASE + identity("history", "plain") + named
    assert call.arguments == [
        '{"method_id": "PreProcessHistoryData", "dag_id": "plain", "method_args_dict": {"search_term_column": '
        '"search_term"}, "input_base_dir_path": "/ga/2025-01-01/", "output_base_dir_path": "/h/", '
        '"input_filenames_dict": {"query_position_data": "query_position"}, "output_filenames_dict": '
        '{"history_queries_data": "HistoryMerged"}}'
    ]


def test_3_older_dictionary_job(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    call = only_call(airflow, runs, "video_embedding_dag", "fetch_videos")
    assert call.arguments == [
        '{"task_id": "fetch_videos", "dag_id": "video_embedding_dag", "task_args_dict": {"task_strategy": '
        '"parallel"}, "input_base_dir_path": "/ga/2025-01-01/", "output_base_dir_path": "/h/", '
        '"input_filenames_dict": {"query_position_data": "query_position"}, "output_filenames_dict": '
        '{"history_queries_data": "HistoryMerged"}}'
    ]


def test_4_absent_stays_absent(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    run_id = runs["plain"][0]
    assert only_call(airflow, runs, "plain", "only_method").arguments == [
        f'{{"method_id": "Load", "dag_id": "plain", "method_args_dict": {{"file_paths": ["/a/{run_id}", 1, 2.5]}}}}'
    ]
    assert only_call(airflow, runs, "plain", "empties").arguments == [
        '{"method_id": "Load", "dag_id": "plain", "method_args_dict": {}, "input_base_dir_path": "", '
        '"input_filenames_dict": {"": ""}}'
    ]


def test_5_groups(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    sites = {
        (dag_id, task_id): only_call(airflow, runs, dag_id, task_id).hadoop_files["core-site.xml"]
        for dag_id, task_id in (("groups", "t1"), ("groups", "t2"), ("plain", "history"))
    }
    assert sites == {
        ("groups", "t1"): "<configuration><!-- g_large --></configuration>",
        ("groups", "t2"): "<configuration><!-- g_delta --></configuration>",
        ("plain", "history"): CORE_SITE.decode(),
    }


def test_5_unknown_group_lists_the_groups(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    run_id, state = runs["unknown_group"]
    assert state == "failed"
    assert (
        "There is no config group 'g_lagre'. Did you mean: g_large? "
        "Config groups: default, g_delta, g_large, python, real"
    ) in airflow.task_log("unknown_group", "t", run_id)
    assert airflow.recorded("unknown_group", "t") == []
    assert airflow.receipts("unknown_group", "t", run_id) == []


def test_5_the_next_task_has_what_an_admin_saves(airflow: LiveAirflow) -> None:
    first, state = airflow.run("live_edit")
    assert state == "success"
    airflow.save("g_delta", arguments={"executor-memory": "8g"}, note="bigger")
    second, _ = airflow.run("live_edit")
    memory = [Call(record).options for record in airflow.recorded("live_edit", "t")]
    assert [("--executor-memory", "3500m") in memory[0], ("--executor-memory", "8g") in memory[1]] == [True, True]
    told = [
        (receipt["revision"], setting["value"])
        for run_id in (first, second)
        for receipt in airflow.receipts("live_edit", "t", run_id)
        for setting in receipt["plan"]["settings"]
        if setting["name"] == "executor-memory"
    ]
    assert told == [(2, "3500m"), (3, "8g")]


def test_6_pyspark(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    call = only_call(airflow, runs, "python", "a")
    without_jars = BASE - options(("--jars", "hbase.jar,commons.jar"))
    named = options(("--name", "A"), ("--py-files", "obelisk.egg"))
    assert call.options == without_jars + identity("a", "python") + named
    assert (call.application, call.arguments) == ("pi.py", [])


def test_6_python_conf(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    call = only_call(airflow, runs, "python", "b")
    assert call.options["--conf", "spark.yarn.appMasterEnv.PYSPARK_PYTHON=/data/envs/p3/bin/python"] == 1


def test_7_default_args_carry_everything(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    call = only_call(airflow, runs, "defaults", "only_method_id")
    assert call.options["--class", "a.b.Main"] == 1
    assert call.options["--name", "defaults.only_method_id"] == 1
    assert call.hadoop_files["core-site.xml"] == "<configuration><!-- g_delta --></configuration>"
    assert (call.application, call.arguments) == ("job.jar", ['{"method_id": "Merge", "dag_id": "defaults"}'])


@pytest.mark.parametrize(
    ("task_id", "words"),
    [
        ("never_uploaded", "There is no code artifact 'coutur.jar'. Did you mean: couture.jar"),
        ("escaping", "code_artifact: '../x.jar' is refused"),
    ],
)
def test_8_missing_artifact(airflow: LiveAirflow, runs: dict[str, tuple[str, str]], task_id: str, words: str) -> None:
    run_id, state = runs["missing_artifact"]
    assert state == "failed"
    assert words in airflow.task_log("missing_artifact", task_id, run_id)
    assert airflow.recorded("missing_artifact", task_id) == []
    assert airflow.receipts("missing_artifact", task_id, run_id) == []


def test_9_failure(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    run_id, state = runs["failure"]
    assert state == "failed"
    receipts = airflow.receipts("failure", "t", run_id)
    assert [(r["task"]["try_number"], r["state"], r["outcome"], r["exit_code"]) for r in receipts] == [
        (1, "ended", "failed", 1),
        (2, "ended", "failed", 1),
    ]
    assert len(airflow.recorded("failure", "t", run_id)) == 2
    lines = "Exception in thread main\n    at the.second(line)\n\tat the.third(line)"
    for attempt in (1, 2):
        assert lines in airflow.task_log("failure", "t", run_id, attempt)
    assert receipts[1]["last_lines"] == lines


def test_mapped_tasks_prove_themselves_each(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    run_id, state = runs["mapped"]
    assert state == "success"
    receipts = airflow.receipts("mapped", "t", run_id)
    asked = {r["task"]["map_index"]: r["request"]["application_arguments"] for r in receipts}
    assert asked == {0: ["first"], 1: ["second"]}


def test_the_receipt_tells_what_ran(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    (receipt,) = airflow.receipts("plain", "operator_task", runs["plain"][0])
    (record,) = airflow.recorded("plain", "operator_task", runs["plain"][0])
    assert receipt["argv"][1:] == record["argv"]
    assert receipt["plan"]["application"]["sha256"] == hashlib.sha256(content_of("couture.jar")).hexdigest()
    assert [entry["state"] for entry in receipt["timeline"]] == ["planned", "submitted", "running", "ended"]
    assert (receipt["outcome"], receipt["exit_code"], receipt["submitted_by"]) == ("succeeded", 0, "task")
    assert {s["name"]: s["layer"] for s in receipt["plan"]["settings"]} == {
        "master": "group",
        "driver-memory": "group",
        "executor-memory": "group",
        "spark.pyspark.python": "group",
        "spark.scheduler.mode": "group",
        "spark.sql.shuffle.partitions": "group",
        "spark.workflow.dagId": "suite",
        "spark.workflow.taskId": "suite",
    }


def test_jobs_do_not_see_airflows_configuration(airflow: LiveAirflow, runs: dict[str, tuple[str, str]]) -> None:
    call = only_call(airflow, runs, "plain", "operator_task")
    assert [name for name in call.environment if name.startswith(("AIRFLOW__", "AIRFLOW_CONN_"))] == []
