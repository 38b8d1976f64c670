"""Receipts: found by filters, read by people and by programs."""

from __future__ import annotations

import json
import shlex
from typing import Any

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.documents import ARGV, receipt
from tests.couture_ops.cli.store_server import SAVED_AT, Answer, StoreServer, problem

#: The settings of the receipt; written at the margin, for the lines are long.
SETTINGS = """\
KIND           NAME                          VALUE    SET BY    BEAT                           MARKS   NOTE
argument       master                        yarn     group                                    final   agreed
argument       driver-memory                 4g       operator  group: spark.driver.memory=2g
argument       supervise                     false    group
configuration  spark.sql.shuffle.partitions  64       operator  group: 200
configuration  spark.workflow.taskId         ratings  suite
configuration  spark.my.apikey               ••••••   group                                    secret
environment    TZ                            UTC      group
"""


def summary(number: int, **members: Any) -> dict[str, Any]:
    """A submission of the list."""
    task = {
        "dag_id": "ratings_dag",
        "task_id": "ratings",
        "run_id": "r",
        "try_number": number,
        "map_index": -1,
    }
    item = {
        "submission_id": f"id-{number}",
        "task": task,
        "state": "running",
        "outcome": None,
        "group": "prod",
        "revision": 7,
        "app_name": "ratings_dag.ratings",
        "created_at": SAVED_AT,
        "updated_at": SAVED_AT,
        "exit_code": None,
        "message": None,
    }
    return {**item, **members}


def test_the_list_cuts_long_messages(couture: Couture, server: StoreServer) -> None:
    page = {"items": [summary(1, state="ended", outcome="failed", message="word " * 100)], "total": 1}
    server.answers["GET /submissions"] = Answer(200, page)
    assert couture.ok("submissions").splitlines()[1].endswith("UTC  " + "word " * 11 + "word…")
    assert json.loads(couture.ok("submissions", "--output", "json")) == page


def test_list(couture: Couture, server: StoreServer) -> None:
    ended = summary(1, state="ended", outcome="failed", exit_code=1, message="boom")
    mapped = summary(1, submission_id="id-0", state="ended", outcome="succeeded", exit_code=0)
    mapped["task"] = {**mapped["task"], "map_index": 3}
    page = {"items": [summary(2), ended, mapped], "total": 9}
    server.answers["GET /submissions"] = Answer(200, page)
    run = couture("submissions")
    assert run.stdout == (
        "ID    TASK                    TRY  STATE      GROUP  REVISION  CREATED                  EXIT  WHY\n"
        "id-2  ratings_dag.ratings     2    running    prod   7         2026-03-01 12:00:05 UTC\n"
        "id-1  ratings_dag.ratings     1    failed     prod   7         2026-03-01 12:00:05 UTC  1     boom\n"
        "id-0  ratings_dag.ratings[3]  1    succeeded  prod   7         2026-03-01 12:00:05 UTC  0\n"
    )
    assert run.stderr == "1 to 3 of 9. More: --offset 3\n"
    assert json.loads(couture.ok("submissions", "--output", "json")) == page


def test_filters(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /submissions"] = Answer(200, {"items": [], "total": 0})
    couture("submissions", "list")
    couture(
        *(
            "submissions",
            "list",
            "--dag",
            "d",
            "--task",
            "t",
            "--run",
            "r+1",
            "--group",
            "g",
            "--artifact",
            "a.py",
        ),
        *("--state", "ended", "--outcome", "lost", "--limit", "5", "--offset", "10"),
        *("--who", "ada", "--since", "2026-01-31", "--before", "2026-02-28T18:00+01:00"),
    )
    assert [asked.query for asked in server.asked] == [
        {"limit": "50", "offset": "0"},
        {
            "dag_id": "d",
            "task_id": "t",
            "run_id": "r+1",
            "group": "g",
            "artifact": "a.py",
            "state": "ended",
            "outcome": "lost",
            "submitted_by": "ada",
            "since": "2026-01-31",
            "until": "2026-02-28T18:00+01:00",
            "limit": "5",
            "offset": "10",
        },
    ]


def test_show(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /submissions/0f3c"] = Answer(200, receipt())
    assert couture.ok("submissions", "show", "0f3c") == (
        "Submission      0f3c\n"
        "Task            ratings_dag.ratings[4]\n"
        "Run             manual__2026-03-01, try 2\n"
        "State           ended, failed\n"
        "Exit code       1\n"
        "Message         Python raised an error (exit code 1).\n"
        "Group           prod, revision 7\n"
        "Application     ratings_dag.ratings\n"
        "Submitted by    task\n"
        "Spark           4.2.0 spark-4.2 (class archive 2a9e94cc)\n"
        "Host            worker-1\n"
        "Processes       11 12\n"
        "Engine's key    application_1_1\n"
        "Application id  application_1_1\n"
        "Tracking        http://rm/application_1_1\n"
        "\n"
        "Timeline\n"
        "STATE    AT\n"
        "planned  2026-03-01 12:00:05 UTC\n"
        "ended    2026-03-01 12:01:07 UTC\n"
        "\n"
        "Settings\n"
        f"{SETTINGS}"
        "\n"
        "Artifacts and files\n"
        "AS           NAME                VERSION  SET BY    SIZE    SHA256\n"
        f"application  ratings.py          3        operator  1.2 kB  {'a1' * 32}\n"
        f"jars         delta.jar           1        group     2.3 MB  {'b2' * 32}\n"
        "jars         hdfs:///jars/x.jar           operator\n"
        f"hadoop       core-site.xml                group     57 B    {'c3' * 32}\n"
        f"krb5.conf    krb5.conf                    group     99 B    {'e5' * 32}\n"
        "keytab       etl.keytab                   group\n"
        "\n"
        "Environment variables set\n"
        "HADOOP_CONF_DIR TZ\n"
        "\n"
        "Command\n"
        "/opt/spark/bin/spark-submit --master yarn --name ratings_dag.ratings --driver-memory 4g --verbose "
        "--jars /cache/delta.jar,hdfs:///jars/x.jar --keytab /try/etl.keytab "
        "--properties-file /try/spark.properties --conf spark.sql.shuffle.partitions=64 "
        "--conf spark.workflow.taskId=ratings /cache/ratings.py "
        '\'{"method_id": "m", "dag_id": "it\'"\'"\'s"}\'\n'
        "\n"
        "Warnings\n"
        "- spark.my.typo is no property that Spark knows.\n"
        "\n"
        "Last lines of the log\n"
        "Traceback:\n"
        "\tboom \\x1b[31m!\n"
    )


def test_the_command_can_be_copied(couture: Couture, server: StoreServer) -> None:
    document = receipt()
    document["argv"] = [*ARGV, "a 'b' \"c\"", "", "x\ny", "$HOME", "ä"]
    server.answers["GET /submissions/0f3c"] = Answer(200, document)
    answer = couture.ok("submissions", "show", "0f3c")
    command = answer.partition("\nCommand\n")[2].partition("\n\nWarnings\n")[0]
    assert shlex.split(command) == document["argv"]


def test_show_of_one_that_has_only_begun(couture: Couture, server: StoreServer) -> None:
    document = receipt()
    document |= {"state": "planned", "outcome": None, "exit_code": None, "message": None, "argv": []}
    document |= {
        "host": None,
        "pids": [],
        "environment_names": [],
        "spark_version": None,
        "key": None,
        "class_archive": None,
    }
    document |= {"application_id": None, "tracking_url": None, "last_lines": None}
    document["timeline"] = document["timeline"][:1]
    document["plan"] |= {
        "settings": [],
        "resources": [],
        "hadoop_files": [],
        "krb5_conf": None,
        "keytab": None,
    }
    document["plan"] |= {"warnings": [], "application": None, "application_uri": "hdfs:///a.py"}
    server.answers["GET /submissions/0f3c"] = Answer(200, document)
    assert couture.ok("submissions", "show", "0f3c") == (
        "Submission    0f3c\n"
        "Task          ratings_dag.ratings[4]\n"
        "Run           manual__2026-03-01, try 2\n"
        "State         planned\n"
        "Group         prod, revision 7\n"
        "Application   ratings_dag.ratings\n"
        "Submitted by  task\n"
        "Spark         spark-4.2\n"
        "\n"
        "Timeline\n"
        "STATE    AT\n"
        "planned  2026-03-01 12:00:05 UTC\n"
        "\n"
        "Artifacts and files\n"
        "AS           NAME          SET BY\n"
        "application  hdfs:///a.py  operator\n"
    )


def test_show_as_json_is_the_servers_answer(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /submissions/0f3c"] = Answer(200, receipt())
    assert json.loads(couture.ok("submissions", "show", "0f3c", "--output", "json")) == receipt()


def test_an_unknown_one(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /submissions/x"] = problem(404, "Not found", "There is no submission 'x'.")
    assert couture.error("submissions", "show", "x") == "Error: Not found: There is no submission 'x'.\n"


def test_without_an_earlier_success_there_is_nothing_to_compare(couture: Couture, server: StoreServer) -> None:
    failed = {**receipt(), "changed": {"since": None, "succeeded_at": None, "changes": []}}
    server.answers["GET /submissions/0f3c"] = Answer(200, failed)
    assert (
        "What changed since the task last succeeded\n"
        "No receipt of an earlier success is kept: there is nothing to compare with.\n"
    ) in couture.ok("submissions", "show", "0f3c")
