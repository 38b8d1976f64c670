"""Who uses what, and since when it no longer counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from sqlalchemy import event

from config_store import usage
from config_store.errors import InvalidInput, User
from config_store.wire import Outcome, State
from tests.config_store.store import CODE, Store
from tests.stand_ins import task

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")
MINUTE, WINDOW = timedelta(minutes=1), timedelta(days=30)


def ask(store: Store, question: Callable[..., Answer], *about: Any, **more: Any) -> Answer:
    """The answer to one question of the module."""
    with store.database.reading() as session:
        return question(session, *about, **more)


@pytest.mark.parametrize(("age", "counts"), [(timedelta(0), True), (WINDOW - MINUTE, True), (WINDOW + MINUTE, False)])
def test_a_dag_counts_for_30_days(store: Store, age: timedelta, counts: bool) -> None:
    store.create("prod")
    code = store.upload("job.py", kind=CODE)
    store.age(store.submit(code_artifact="job.py"), age)
    expected = [User("DAG", "sales")] if counts else []
    assert ask(store, usage.dags_using_group, "prod") == expected
    assert ask(store, usage.dags_using_versions, [code.id]) == expected


def test_each_task_of_a_group_is_told_with_its_newest_submission(store: Store) -> None:
    store.create("prod")
    store.create("other")
    for task_id, age, outcome in (("load", 3, Outcome.FAILED), ("load", 2, Outcome.SUCCEEDED), ("top", 1, None)):
        ticket = store.submit(task(task_id=task_id, run_id=f"r{age}"))
        if outcome:
            store.report(ticket.submission_id, State.ENDED, outcome)
        store.age(ticket, MINUTE * age)
    store.age(store.submit(task(task_id="long ago")), WINDOW + MINUTE)
    store.submit(task(task_id="elsewhere"), config_group="other")
    uses = ask(store, usage.tasks_using_group, "prod")
    assert [(use.dag_id, use.task_id, use.status) for use in uses] == [
        ("sales", "top", "planned"),
        ("sales", "load", "succeeded"),
    ]


def test_each_dag_is_named_once_and_by_name(store: Store) -> None:
    store.create("prod")
    store.create("other")
    for dag_id, task_id in [("b", "1"), ("a", "1"), ("b", "2")]:
        store.submit(task(dag_id, task_id))
    store.submit(task("c", "1"), config_group="other")
    found = ask(store, usage.dags_using_group, "prod")
    assert [str(user) for user in found] == ["DAG a", "DAG b"]


def test_the_last_use_of_each_dag_is_told_however_long_ago(store: Store) -> None:
    store.create("prod")
    code = store.upload("job.py", kind=CODE)
    for dag_id, days in [("old", 400), ("new", 2), ("old", 300), ("new", 1)]:
        store.age(store.submit(task(dag_id, str(days)), code_artifact="job.py"), timedelta(days=days))
    found = ask(store, usage.last_use_by_dag, [code.id])
    assert [(dag_id, (datetime.now(UTC) - last).days) for dag_id, last in found] == [("new", 1), ("old", 300)]


def test_the_last_uses_of_many_versions_are_one_query(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MAX_USES", 3)
    store.create("prod")
    first, second, third = (store.upload("job.py", data, kind=CODE) for data in (b"1", b"2", b"3"))
    for version, dag_id, days in [(1, "old", 9), (1, "a", 3), (1, "b", 2), (1, "a", 1), (2, "b", 5)]:
        ticket = store.submit(task(dag_id, str(days)), code_artifact="job.py", code_artifact_version=version)
        store.age(ticket, timedelta(days=days))
    statements: list[str] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    found = ask(store, usage.last_use_by_version, [first.id, second.id, third.id])
    assert {
        version: [(dag_id, (datetime.now(UTC) - last).days) for dag_id, last in uses] for version, uses in found.items()
    } == {first.id: [("a", 1), ("b", 2)], second.id: [("b", 5)]}
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 1
    assert ask(store, usage.last_use_by_version, []) == {}


def test_another_version_is_another_thing(store: Store) -> None:
    store.create("prod")
    first, second = (store.upload("job.py", data, kind=CODE) for data in (b"1", b"2"))
    store.submit(code_artifact="job.py", code_artifact_version=1)
    used = [ask(store, usage.dags_using_versions, [v.id]) for v in (first, second)]
    assert used == [[User("DAG", "sales")], []]


def test_groups_use_what_their_present_revision_chooses(store: Store) -> None:
    store.create("first")
    for name in ("x.jar", "ax.jar", "x_y.jar", "xzy.jar"):
        store.upload(name)
    store.create("present", jars=["x.jar"])
    store.create("past", jars=["x.jar"])
    store.save("past", jars=[])
    store.create("deleted", jars=["x.jar"])
    store.delete("deleted")
    store.create("near", jars=["ax.jar", "xzy.jar"], environment={"NOTE": '"x.jar"'})
    using = {
        name: [user.name for user in ask(store, usage.groups_using_dependency, name)]
        for name in ("x.jar", "x_y.jar", "xzy.jar")
    }
    assert using == {"x.jar": ["present"], "x_y.jar": [], "xzy.jar": ["near"]}


def test_a_bare_name_in_a_list_of_files_is_a_use(store: Store) -> None:
    for name in ("x.jar", "y.zip"):
        store.upload(name)
    store.create(
        "first", arguments={"jars": "hdfs:///lib/y.zip, x.jar@1"}, configurations={"spark.submit.pyFiles": "y.zip"}
    )
    using = {name: ask(store, usage.groups_using_dependency, name) for name in ("x.jar", "y.zip", "lib")}
    assert using == {"x.jar": [User("group", "first")], "y.zip": [User("group", "first")], "lib": []}
    with pytest.raises(
        InvalidInput, match=r"^arguments\.files: There is no dependency 'z\.zip'\..* Upload it first\.$"
    ):
        store.save("first", arguments={"files": "z.zip"})


@pytest.mark.parametrize(
    ("version", "newest", "expected"),
    [(1, False, ["pinned"]), (2, False, []), (None, False, ["open", "pinned"]), (2, True, ["open"])],
)
def test_a_version_is_used_by_who_pins_it_and_the_newest_by_who_pins_none(
    store: Store, version: int | None, newest: bool, expected: list[str]
) -> None:
    for data in (b"1", b"2"):
        store.upload("lib.zip", data)
    store.create("open", py_files=["lib.zip"])
    store.create("pinned", py_files=["lib.zip@1"])
    found = ask(store, usage.groups_using_dependency, "lib.zip", version, newest=newest)
    assert [user.name for user in found] == expected
