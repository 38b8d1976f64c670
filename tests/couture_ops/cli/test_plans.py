"""Options told apart from their values, the application and its arguments."""

from __future__ import annotations

import pytest

from couture_ops.cli.plans import Origin, Origins, split_options
from tests.couture_ops.cli.documents import PLAN


@pytest.mark.parametrize(
    ("argv", "options", "application"),
    [
        ([], [], []),
        (["spark-submit"], [], []),
        (["spark-submit", "a.py", "--conf", "x"], [], ["a.py", "--conf", "x"]),
        (
            ["spark-submit", "--verbose", "--master", "local[2]", "a.jar"],
            [("--verbose",), ("--master", "local[2]")],
            ["a.jar"],
        ),
        (["spark-submit", "--conf", "--a=--b", "a.py"], [("--conf", "--a=--b")], ["a.py"]),
        (["spark-submit", "--master=yarn", "a.py"], [("--master=yarn",)], ["a.py"]),
        (["spark-submit", "--supervise", "--class", "x.Y", ""], [("--supervise",), ("--class", "x.Y")], [""]),
    ],
)
def test_split_options(argv: list[str], options: list[tuple[str, ...]], application: list[str]) -> None:
    assert split_options(argv) == (options, application)


def test_origins() -> None:
    origins = Origins(PLAN.model_dump(mode="json"), "ratings_dag.ratings")
    assert origins.of_option(("--master", "yarn")) == Origin("group", "", "final", "agreed")
    assert origins.of_option(("--driver-memory", "4g")) == Origin("operator", "group: spark.driver.memory=2g")
    assert origins.of_option(("--conf", "spark.sql.shuffle.partitions=64")) == Origin("operator", "group: 200")
    assert origins.of_option(("--name", "ratings_dag.ratings")) == Origin("suite")
    assert origins.of_option(("--name", "another")) == Origin("operator")
    assert origins.of_setting("environment", "NONE") is None
    assert [setting["name"] for setting in origins.unmet()] == ["spark.workflow.taskId", "spark.my.apikey"]
