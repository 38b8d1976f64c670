"""What a master is told of its children, and how they end: with it, by a stop, by a sweep."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.listeners.listener import get_listener_manager
from airflow.models.dag import DagModel
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import delete, event, update
from sqlalchemy.orm import Session

from admin_views.child_records import ChildRecord, read_record, write_record
from admin_views.listener import ChildStopper
from config_store.wire import ChildState
from tests.admin_views.airflow_rows import AT, add_import_error, add_run, write
from tests.admin_views.masters import BROKEN, GONE, dag_of

if TYPE_CHECKING:
    from tests.admin_views.masters import Masters


def test_the_states_of_tasks_and_the_duration(masters: Masters) -> None:
    child = masters.ask()
    masters.let(child, "failed", **BROKEN)
    with Session(masters.engine) as session:
        row = masters.run_row(session, child)
        row.start_date, row.end_date = AT, AT + timedelta(seconds=90)
        session.commit()
    assert masters.look(child) == [ChildState(state="failed", tasks=BROKEN, duration_s=90.0)]


def test_why_a_queued_run_does_not_start(masters: Masters) -> None:
    child = masters.ask()
    assert masters.look(child)[0].waits_for == ""
    with Session(masters.engine) as session:
        for number in range(5):
            add_run(session, "child", f"other-{number}", "running")
        session.commit()
    assert masters.look(child)[0].waits_for == (
        "max_active_runs of the DAG 'child' is 2, and there run other-0, other-1, other-2 and 2 more"
    )
    with Session(masters.engine) as session:
        session.execute(update(DagModel).where(DagModel.dag_id == "child").values(is_stale=True))
        session.commit()
    assert masters.look(child)[0].waits_for == "the DAG 'child' is gone"
    with Session(masters.engine) as session:
        broken = {"has_import_errors": True, "relative_fileloc": "child.py"}
        session.execute(update(DagModel).where(DagModel.dag_id == "child").values(broken))
        add_import_error(session, "child.py", "ValueError: no")
        session.commit()
    assert masters.look(child)[0].waits_for == ("the DAG 'child': its file can't be imported: child.py: ValueError: no")


def test_tokens_that_open_nothing(masters: Masters) -> None:
    child = masters.ask()
    number = child.token.partition(":")[0]
    forged = ["", ":", "x", f"{number}:", f"{number}:guessed", "999:guessed", f"{number}{child.token}"]
    assert masters.runs.states([*forged, child.token]) == [*[GONE] * len(forged), ChildState(state="queued")]


def test_a_record_that_a_task_wrote_itself_opens_no_run_of_another(masters: Masters) -> None:
    child = masters.ask()
    with Session(masters.engine) as session:
        add_run(session, "child", "somebodys")
        task = masters.task(session)
        record = read_record(session, task)
        assert record is not None
        write_record(session, task, ChildRecord(**{**record.__dict__, "run_id": "somebodys"}))
        session.commit()
    assert masters.look(child) == [GONE]


# --- the end ---


def test_a_stop_ends_the_run_and_leaves_one_that_has_ended(masters: Masters) -> None:
    child = masters.ask()
    masters.let(child, "running", first="success", second="running")
    masters.runs.stop(child.token)
    stopped = "failed", {"first": "success", "second": "failed", "third": "skipped"}
    assert masters.states(child) == stopped
    masters.let(child, "success")
    masters.runs.stop(child.token)
    masters.runs.stop("999:guessed")
    assert masters.states(child)[0] == "success"


def test_a_stop_of_a_run_whose_dag_was_deleted(masters: Masters) -> None:
    child = masters.ask()
    with Session(masters.engine) as session:
        masters.run_row(session, child).created_dag_version_id = None
        session.execute(delete(TaskInstance).where(TaskInstance.dag_id == "child"))  # they hold versions of their DAG
        session.execute(delete(DagModel).where(DagModel.dag_id == "child"))
        session.commit()
    masters.runs.stop(child.token)
    assert masters.states(child)[0] == "failed"


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        ("failed", "failed"),
        ("success", "failed"),
        ("skipped", "failed"),
        ("removed", "failed"),
        ("running", "running"),
        ("deferred", "running"),
        ("up_for_retry", "running"),
        (None, "running"),
    ],
)
def test_a_sweep_stops_the_children_of_parents_that_have_ended(
    masters: Masters, parent: str | None, child: str
) -> None:
    started = masters.ask()
    masters.let(started, "running", first="running")
    masters.mark(parent)
    with Session(masters.engine) as session:
        add_run(session, "child", "couture__of-nobody", "running")
        session.commit()
    masters.sweep()
    assert masters.states(started)[0] == child


def test_a_sweep_leaves_what_is_to_outlive_its_parent(masters: Masters) -> None:
    started = masters.ask(stop_with_parent=False)
    masters.mark("success")
    masters.sweep()
    assert masters.states(started)[0] == "queued"


def test_a_sweep_of_many_children_takes_few_questions(masters: Masters) -> None:
    masters.begin("many", *(("train", index) for index in range(20)))
    children = [masters.ask(of={"run_id": "many", "map_index": index}) for index in range(20)]
    statements: list[str] = []
    event.listen(masters.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    masters.sweep()
    assert len(statements) == 2
    assert {state.state for state in masters.look(*children)} == {"queued"}


def test_asking_for_states_sweeps_now_and_then(masters: Masters) -> None:
    masters.begin("r2")
    lost, kept = masters.ask(), masters.ask(of={"run_id": "r2"})
    masters.mark("failed")
    masters.look(kept)
    assert [masters.states(child)[0] for child in (lost, kept)] == ["failed", "queued"]


def test_a_stop_reaches_the_children_of_children(masters: Masters) -> None:
    middle = masters.ask()
    write(masters.engine, dag_of("lowest", "t"))
    masters.let(middle, "running", first="running")
    lowest = masters.ask("lowest", of={"dag_id": "child", "run_id": middle.run_id, "task_id": "first"})
    stopper, manager = ChildStopper(), get_listener_manager()
    manager.pm.register(stopper)
    try:
        masters.runs.stop(middle.token)
    finally:
        manager.pm.unregister(stopper)
    assert [masters.states(child)[0] for child in (middle, lowest)] == ["failed", "failed"]
