"""Whom a new version reaches: who takes the newest, who is pinned, and on which JVM it ran."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config_store import reach
from config_store.errors import InvalidInput
from config_store.reach import Reach, find_reach, java_release
from config_store.wire import State
from tests.config_store.store import CODE, DEPENDENCY, Store
from tests.stand_ins import task


def ask(store: Store, kind: Any, name: str) -> Reach:
    with store.database.reading() as session:
        return find_reach(session, kind, name)


def told(found: Reach) -> list[tuple[str, int, int | None, bool]]:
    """The tasks in short."""
    return [(f"{task.dag_id}.{task.task_id}", task.version, task.pinned, task.follows) for task in found.tasks]


def test_of_code_the_tasks_that_name_no_version(store: Store) -> None:
    store.create("prod")
    for data in (b"1", b"2"):
        store.upload("job.py", data, kind=CODE)
    store.submit(task("sales", "load"), code_artifact="job.py", code_artifact_version=1)
    store.submit(task("sales", "top"), code_artifact="job.py")
    store.submit(task("other", "x"))
    found = ask(store, CODE, "job.py")
    assert (found.newest, found.following, found.pinned) == (2, (), ())
    assert told(found) == [("sales.top", 2, None, True), ("sales.load", 1, 1, False)]
    assert [(task.task_id, task.group) for task in found.reached] == [("top", "prod")]


def test_a_task_counts_by_its_last_submission(store: Store) -> None:
    store.create("prod")
    store.upload("job.py", kind=CODE)
    store.age(store.submit(task(run_id="1"), code_artifact="job.py", code_artifact_version=1), timedelta(hours=2))
    newest = store.submit(task(run_id="2"), code_artifact="job.py")
    assert told(ask(store, CODE, "job.py")) == [("sales.load", 1, None, True)]
    store.age(newest, timedelta(hours=3))
    assert told(ask(store, CODE, "job.py")) == [("sales.load", 1, 1, False)]


def test_what_is_long_ago_does_not_count(store: Store) -> None:
    store.create("prod")
    store.upload("job.py", kind=CODE)
    store.age(store.submit(code_artifact="job.py"), timedelta(days=31))
    assert ask(store, CODE, "job.py") == Reach(1, (), (), ())


def test_of_a_dependency_the_groups_that_take_the_newest_and_their_tasks(store: Store) -> None:
    for data in (b"1", b"2"):
        store.upload("lib.jar", data)
    store.create("prod", jars=["lib.jar"])
    store.create("dev", jars=["lib.jar@1"])
    store.create("lists", arguments={"jars": "lib.jar,lib.jar@2"})
    for group in ("prod", "dev"):
        store.submit(task(group, "t"), config_group=group)
    found = ask(store, DEPENDENCY, "lib.jar")
    assert (found.newest, found.following) == (2, ("lists", "prod"))
    assert found.pinned == (("dev", (1,)), ("lists", (2,)))
    assert told(found) == [("dev.t", 1, 1, False), ("prod.t", 2, None, True)]


@pytest.mark.parametrize(
    ("request_", "pinned", "follows"),
    [
        ({"jars": ["lib.jar"]}, None, True),
        ({"jars": ["s3a://x/other.jar", "lib.jar@1"]}, 1, False),
        ({"spark_arguments": {"jars": "lib.jar@1"}}, 1, False),
        ({"spark_configurations": {"spark.jars": "lib.jar"}}, None, True),
    ],
)
def test_of_a_dependency_the_tasks_that_name_it_themselves(
    store: Store, request_: dict[str, Any], pinned: int | None, follows: bool
) -> None:
    store.create("prod")
    store.upload("lib.jar")
    store.submit(**request_)
    assert told(ask(store, DEPENDENCY, "lib.jar")) == [("sales.load", 1, pinned, follows)]


def test_a_task_whose_group_has_it_no_more_is_not_reached(store: Store) -> None:
    store.upload("lib.jar")
    store.create("prod", jars=["lib.jar"])
    store.submit()
    store.save("prod", jars=[])
    assert told(ask(store, DEPENDENCY, "lib.jar")) == [("sales.load", 1, None, False)]


def test_a_new_name_reaches_nobody_and_a_wrong_one_is_told(store: Store) -> None:
    assert ask(store, CODE, "new.py") == Reach(None, (), (), ())
    with pytest.raises(InvalidInput, match=r"code_artifact: 'new\.txt' must end with"):
        ask(store, CODE, "new.txt")


def test_a_deleted_version_is_replaced_by_none(store: Store) -> None:
    for data in (b"1", b"2"):
        store.upload("lib.jar", data)
    store.hide("lib.jar", 2)
    assert ask(store, DEPENDENCY, "lib.jar").newest == 1


def test_the_jvm_that_ran_is_known_by_receipts(store: Store) -> None:
    store.create("prod")
    store.upload("job.py", kind=CODE)
    with store.database.reading() as session:
        assert reach.newest_jvm(session) is None
    ticket = store.submit(code_artifact="job.py")
    store.report(ticket.submission_id, State.SUBMITTED, java_version="17.0.15")
    with store.database.reading() as session:
        assert reach.newest_jvm(session) == "17.0.15"
    assert [one.java for one in ask(store, CODE, "job.py").tasks] == ["17.0.15"]


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("17.0.15", 17),
        ("21", 21),
        ("1.8.0_442", 8),
        ("25-ea", 25),
        ("25+36", 25),
        ("", None),
        ("x.y", None),
        ("1", None),
    ],
)
def test_the_release_of_a_jvm(version: str, release: int | None) -> None:
    assert java_release(version) == release
