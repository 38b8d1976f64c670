"""The command that a task would run, each option with its origin."""

from __future__ import annotations

import json

from tests.couture_ops.cli.couture_process import Couture
from tests.couture_ops.cli.documents import preview
from tests.couture_ops.cli.store_server import Answer, StoreServer, problem

ROUTE = "GET /previews/dags/ratings_dag/tasks/ratings"

#: Written at the margin, for the lines are long.
COMMAND = """\
Command
COMMAND                                       SET BY           BEAT                           MARKS  NOTE
/opt/spark/bin/spark-submit
  --master yarn                               group                                           final  agreed
  --name ratings_dag.ratings                  suite
  --driver-memory 4g                          operator         group: spark.driver.memory=2g
  --verbose                                   suite
  --jars /cache/delta.jar,hdfs:///jars/x.jar  group, operator
  --keytab /try/etl.keytab                    group
  --properties-file /try/spark.properties     suite
  --conf spark.sql.shuffle.partitions=64      operator         group: 200
  --conf spark.workflow.taskId=ratings        suite
  /cache/ratings.py                           operator
  '{"method_id": "m", "dag_id": "it'"'"'s"}'  operator"""


def test_render(couture: Couture, server: StoreServer) -> None:
    server.answers[ROUTE] = Answer(200, preview())
    answer = couture.ok("render", "ratings_dag", "ratings")
    head, command, environment, properties, files, notes = answer.split("\n\n")
    assert head == "Task        ratings_dag.ratings\nGroup       prod, revision 7\nSpark home  spark-4.2"
    assert command == COMMAND
    assert environment == (
        "Environment\nNAME        VALUE       SET BY\nTZ          UTC         group\nSPARK_HOME  /opt/spark  suite"
    )
    assert properties == (
        "In the properties file, not on the command line\n"
        "KIND           NAME             VALUE   SET BY  MARKS\n"
        "configuration  spark.my.apikey  ••••••  group   secret"
    )
    assert files.startswith("Artifacts and files\nAS           NAME")
    assert notes == (
        "Notes\n- Values in double braces are templates.\n- spark.my.typo is no property that Spark knows.\n"
    )
    assert "hunter2" not in answer


def test_a_name_of_the_operator_and_a_main_class(couture: Couture, server: StoreServer) -> None:
    document = preview()
    document["argv"][3:5] = ["--name", "my job", "--class", "org.example.Ratings"]
    document |= {"environment": {}, "notes": []}
    document["plan"] |= {"warnings": []}
    server.answers[ROUTE] = Answer(200, document)
    lines = [line.split("  ") for line in couture.ok("render", "ratings_dag", "ratings").splitlines()]
    cells = {words[1]: words[-1].strip() for words in lines if len(words) > 2}
    assert cells["--name 'my job'"] == "operator"
    assert cells["--class org.example.Ratings"] == "operator"


def test_render_as_json_is_the_servers_answer(couture: Couture, server: StoreServer) -> None:
    server.answers[ROUTE] = Answer(200, preview())
    assert json.loads(couture.ok("render", "ratings_dag", "ratings", "--output", "json")) == preview()
    assert server.lines() == [ROUTE]


def test_a_task_of_a_task_group(couture: Couture, server: StoreServer) -> None:
    server.answers["GET /previews/dags/d/tasks/group.task"] = problem(404, "Not found", "No task 'group.task'.")
    assert couture.error("render", "d", "group.task") == "Error: Not found: No task 'group.task'.\n"
