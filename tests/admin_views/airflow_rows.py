"""Airflow's own tables in a file, with DAGs, runs and tasks as its processes write them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.models.log import Log
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.tasklog import LogTemplate
from airflow.serialization.serialized_objects import LazyDeserializedDAG
from airflow.utils.state import DagRunState
from sqlalchemy import create_engine, insert, inspect, select, text
from sqlalchemy.orm import Session, scoped_session, sessionmaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from airflow.sdk import DAG
    from sqlalchemy import Engine

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@contextmanager
def airflow_tables(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Empty tables, made where there are none, which Airflow's own functions use meanwhile."""
    import_all_models()  # type: ignore[no-untyped-call]  # Airflow's
    # as Airflow sets it for MySQL, and as it is PostgreSQL's own
    made = create_engine(url) if url.startswith("sqlite") else create_engine(url, isolation_level="READ COMMITTED")
    if inspect(made).has_table(DagModel.__tablename__):
        _empty(made)
    else:
        Base.metadata.create_all(made)
    opened = sessionmaker(made, expire_on_commit=False)
    sessions = scoped_session(opened)
    monkeypatch.setattr("airflow.settings.NonScopedSession", opened)
    monkeypatch.setattr("airflow.settings.Session", sessions)
    monkeypatch.setattr("airflow.settings.engine", made)
    with Session(made) as session:
        session.add_all((DagBundleModel(name="dags"), LogTemplate(filename="f", elasticsearch_id="e")))
        session.commit()
    yield made
    sessions.remove()
    made.dispose()


def _empty(engine: Engine) -> None:
    """Take the rows out of all tables, whatever refers to what."""
    names = [engine.dialect.identifier_preparer.format_table(table) for table in Base.metadata.tables.values()]
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY"))
        else:
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            for name in names:
                connection.execute(text(f"DELETE FROM {name}"))
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))


def audit_rows(engine: Engine) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Event, user and details of each row of Airflow's audit log, the oldest first."""
    with Session(engine) as session:
        rows = session.scalars(select(Log).order_by(Log.id))
        return [(row.event, row.owner, json.loads(row.extra or "{}")) for row in rows]


def dag_row(dag_id: str, **more: Any) -> DagModel:
    """Airflow's row of a DAG that is there and not paused."""
    columns = {"bundle_name": "dags", "is_stale": False, "is_paused": False, "fileloc": "f", **more}
    return DagModel(dag_id=dag_id, **columns)  # type: ignore[no-untyped-call]  # Airflow's


def write(engine: Engine, *dags: DAG, **more: Any) -> None:
    """Store the DAGs as the DAG processor does; ``more``: columns of Airflow's row of the DAG."""
    with Session(engine) as session:
        for dag in dags:
            session.merge(dag_row(dag.dag_id, **more))
            session.flush()
            dag.fileloc = __file__
            SerializedDagModel.write_dag(LazyDeserializedDAG.from_dag(dag), bundle_name="dags", session=session)
        session.commit()


def add_run(session: Session, dag_id: str, run_id: str, state: str = "success", hour: int = 1, **more: Any) -> DagRun:
    """Store a run."""
    run = DagRun(
        dag_id=dag_id,
        run_id=run_id,
        run_type="manual",
        state=DagRunState(state),
        run_after=AT.replace(hour=hour),
        **more,
    )
    run.start_date, run.end_date = AT, AT
    session.add(run)
    session.flush()
    return run


def add_instance(session: Session, run: DagRun, task_id: str, map_index: int = -1, state: str = "success") -> None:
    """Store an instance of a task."""
    version = session.scalars(select(DagVersion.id).where(DagVersion.dag_id == run.dag_id)).first()
    values = {"dag_id": run.dag_id, "run_id": run.run_id, "task_id": task_id, "map_index": map_index, "state": state}
    more = {"max_tries": 0, "pool": "p", "pool_slots": 1, "queue": "q", "priority_weight": 1, "operator": "o"}
    session.execute(insert(TaskInstance).values(**values, **more, dag_version_id=version, executor_config={}))


def add_import_error(session: Session, filename: str, last_line: str) -> None:
    """Store that a file can't be imported."""
    trace = f'Traceback (most recent call last):\n  File "{filename}", line 1, in <module>\n{last_line}\n'
    session.add(ParseImportError(bundle_name="dags", filename=filename, timestamp=AT, stacktrace=trace))
    session.flush()
