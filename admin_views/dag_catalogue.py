"""Airflow's DAGs and runs for the trees of master DAGs: read from its tables as they are serialised, in batches."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.models.renderedtifields import RenderedTaskInstanceFields as Rendered
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import exists, false, func, select, true

from config_store.dag_tree import RunHead, TaskRun
from config_store.master_dags import DagHead, DagTask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.orm import Session

    from config_store.dag_tree import RunKey

#: The template fields that name the DAG to start: of our operators, and of the standard provider's. Whatever
#: subclass has one of them counts, for Airflow keeps no other word on an operator's ancestry.
CHILD_FIELDS = ("run_dag_id", "trigger_dag_id")
#: Where an operator tells which run it started (``airflow.providers.standard.operators.trigger_dagrun``).
TOLD_RUN = ("child_run_id", "trigger_run_id")
#: Databases bound the number of parameters of a statement; documents are held in memory so many at a time.
_BATCH, _DOCUMENTS = 500, 100
#: Of so many DAGs and older versions what was found is kept.
_MOST_KEPT = 20_000


class AirflowDags:
    """Reads Airflow's metadata database; keeps what it found in a DAG's document until that changes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, str], tuple[DagTask, ...]] = {}

    def heads(self, dag_ids: Collection[str] | None = None) -> dict[str, DagHead]:
        """See :class:`~config_store.dag_tree.DagCatalogue`; a DAG whose file is gone is not known."""
        columns = select(DagModel.dag_id, DagModel.is_paused, DagModel.has_import_errors)
        # Airflow takes the DAGs of a file that can't be imported for stale, too
        asked = columns.where((DagModel.is_stale == false()) | _cannot_be_imported())
        with create_session() as session:
            return {
                row.dag_id: DagHead(bool(row.is_paused), bool(row.has_import_errors))
                for row in _rows(session, asked, DagModel.dag_id, dag_ids)
            }

    def tasks(self, dag_ids: Collection[str] | None = None) -> dict[str, list[DagTask]]:
        """See :class:`~config_store.dag_tree.DagCatalogue`; of each DAG the newest version counts."""
        with create_session() as session:
            newest = {(row.id, row.dag_hash): row.dag_id for row in _newest_versions(session, dag_ids)}
            new = [key for key in newest if key not in self._kept]
            found = {key: self._kept[key] for key in newest if key in self._kept}
            for batch in _batches(new, _DOCUMENTS):
                found |= _read_documents(session, batch)
        # a new dictionary, not a change of the old one: other threads read it
        self._kept = found if dag_ids is None or len(self._kept) > _MOST_KEPT else {**self._kept, **found}
        return {newest[key]: list(tasks) for key, tasks in found.items() if tasks}

    def newest_runs(self, dag_ids: Collection[str]) -> dict[str, RunHead]:
        """See :class:`~config_store.dag_tree.DagCatalogue`; the newest is the one that was due last."""
        with create_session() as session:
            last = select(DagRun.dag_id, func.max(DagRun.run_after).label("run_after")).group_by(DagRun.dag_id)
            found: dict[str, RunHead] = {}
            for batch in _batches(dag_ids, _BATCH):
                newest = last.where(DagRun.dag_id.in_(batch)).subquery()
                runs = _run_columns().join(
                    newest, (DagRun.dag_id == newest.c.dag_id) & (DagRun.run_after == newest.c.run_after)
                )
                found |= {row.dag_id: _run_head(row) for row in session.execute(runs.order_by(DagRun.id))}
            return found

    def latest_runs(self, dag_id: str, limit: int) -> list[RunHead]:
        """See :class:`~config_store.dag_tree.DagCatalogue`; the newest is the one that was due last."""
        newest = _run_columns().where(DagRun.dag_id == dag_id).order_by(DagRun.run_after.desc(), DagRun.id.desc())
        with create_session() as session:
            return list(map(_run_head, session.execute(newest.limit(limit))))

    def runs(self, runs: Collection[RunKey]) -> dict[RunKey, RunHead]:
        """See :class:`~config_store.dag_tree.DagCatalogue`."""
        with create_session() as session:
            heads = map(_run_head, _of_runs(session, _run_columns(), DagRun, runs))
            return {(head.dag_id, head.run_id): head for head in heads}

    def task_runs(self, runs: Collection[RunKey], tasks: Collection[DagTask]) -> list[TaskRun]:
        """See :class:`~config_store.dag_tree.DagCatalogue`."""
        task_ids = {task.task_id for task in tasks}
        with create_session() as session:
            instances = list(_of_tasks(session, TaskInstance, [TaskInstance.state], runs, task_ids))
            told = {
                _place(row): XComModel.deserialize_value(row)
                for row in _of_tasks(session, XComModel, [XComModel.value], runs, task_ids, XComModel.key.in_(TOLD_RUN))
            }
            templated = {task.task_id for task in tasks if task.is_templated}
            rendered = {
                _place(row): _rendered_child(row.rendered_fields)
                for row in _of_tasks(session, Rendered, [Rendered.rendered_fields], runs, templated)
            }
        return [
            TaskRun(*_place(row), row.state, _text(told.get(_place(row))), rendered.get(_place(row)))
            for row in sorted(instances, key=lambda row: row.map_index)
        ]


def _batches(items: Iterable[Any], size: int) -> Iterator[tuple[Any, ...]]:
    left = iter(items)
    while batch := tuple(islice(left, size)):
        yield batch


def _rows(
    session: Session, asked: Select[*tuple[Any, ...]], column: Any, wanted: Collection[str] | None
) -> Iterator[Row[Any]]:
    if wanted is None:
        yield from session.execute(asked)
        return
    for batch in _batches(wanted, _BATCH):
        yield from session.execute(asked.where(column.in_(batch)))


def _newest_versions(session: Session, dag_ids: Collection[str] | None) -> Iterator[Row[Any]]:
    """Id, hash and DAG of the newest document of each DAG; a document is rewritten in place until a run used it."""
    last = (
        select(DagVersion.dag_id, func.max(DagVersion.version_number).label("number"))
        .join(SerializedDagModel, SerializedDagModel.dag_version_id == DagVersion.id)
        .group_by(DagVersion.dag_id)
        .subquery()
    )
    asked = (
        select(SerializedDagModel.id, SerializedDagModel.dag_hash, SerializedDagModel.dag_id)
        .join(DagVersion, SerializedDagModel.dag_version_id == DagVersion.id)
        .join(last, (DagVersion.dag_id == last.c.dag_id) & (DagVersion.version_number == last.c.number))
        .join(DagModel, DagModel.dag_id == SerializedDagModel.dag_id)
        .where(DagModel.is_stale == false())
        .order_by(SerializedDagModel.dag_id)
    )
    return _rows(session, asked, SerializedDagModel.dag_id, dag_ids)


def _cannot_be_imported() -> ColumnElement[bool]:
    """Whether a DAG's file is there, with an error; Airflow leaves the DAG's own mark when the file goes."""
    told = (ParseImportError.bundle_name == DagModel.bundle_name) & (
        ParseImportError.filename == DagModel.relative_fileloc
    )
    return (DagModel.has_import_errors == true()) & exists().where(told)


def _read_documents(session: Session, keys: Sequence[tuple[Any, str]]) -> dict[tuple[Any, str], tuple[DagTask, ...]]:
    asked = select(SerializedDagModel).where(SerializedDagModel.id.in_([key for key, _ in keys]))
    found = {}
    for document in session.scalars(asked):
        found[document.id, document.dag_hash] = tuple(dag_tasks(document.dag_id, document.data or {}))
        session.expunge(document)
    return found


def dag_tasks(dag_id: str, document: Mapping[str, Any]) -> Iterator[DagTask]:
    """The tasks that start DAGs, out of a DAG's document as Airflow 3.3 serialises it."""
    tasks = [task.get("__var", task) for task in document.get("dag", {}).get("tasks", ())]
    skippable = {name for task in tasks if task.get("_can_skip_downstream") for name in task["downstream_task_ids"]}
    for task in tasks:
        field = next((field for field in CHILD_FIELDS if field in task.get("template_fields", ())), None)
        if field is not None:
            yield _dag_task(dag_id, task, field, task["task_id"] in skippable)


def _dag_task(dag_id: str, task: Mapping[str, Any], field: str, skippable: bool) -> DagTask:
    mapped = bool(task.get("_is_mapped"))
    given = task.get("partial_kwargs", {}) if mapped else task
    names = _mapped_names(task, field) if mapped else None
    written = given.get(field)
    return DagTask(
        dag_id,
        task["task_id"],
        child=_literal(written),
        written="(mapped)" if written is None else str(written),
        mapped=mapped,
        conditional=skippable or _has_condition(given),
        by_index=tuple(map(_literal, names or ())),
    )


def _has_condition(given: Mapping[str, Any]) -> bool:
    """A callable or a template may decide that nothing is started; a literal False decides nothing."""
    skip = given.get("skip_dag")
    callable_ = given.get("python_callable_name") or given.get("python_callable")
    return callable_ is not None or skip not in (None, False, "", "False")


def _mapped_names(task: Mapping[str, Any], field: str) -> list[Any] | None:
    """The names of DAGs of ``expand(field=[…])``, None unless they alone are mapped over and stand in the file."""
    expand = task.get("expand_input", {})
    over = expand.get("value", {})
    over = over.get("__var", over) if isinstance(over, dict) else {}
    names = over.get(field) if isinstance(over, dict) and len(over) == 1 else None
    return names if expand.get("type") == "dict-of-lists" and isinstance(names, list) else None


def _literal(name: Any) -> str | None:
    """The name, None for a template or what is no text at all."""
    return name if isinstance(name, str) and not any(mark in name for mark in ("{{", "{%", "{#")) else None


def _run_columns() -> Select[Any]:
    return select(DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.start_date, DagRun.end_date)


def _run_head(row: Row[Any]) -> RunHead:
    return RunHead(row.dag_id, row.run_id, str(row.state), row.start_date, row.end_date)


def _of_runs(session: Session, asked: Select[Any], table: Any, runs: Iterable[RunKey]) -> Iterator[Row[Any]]:
    """The rows of the runs. Not every database compares pairs by an index: both halves are asked for, then sorted."""
    for batch in _batches(sorted(runs), _BATCH):
        wanted = set(batch)
        dag_ids, run_ids = {dag_id for dag_id, _ in wanted}, {run_id for _, run_id in wanted}
        found = session.execute(asked.where(table.dag_id.in_(dag_ids), table.run_id.in_(run_ids)))
        yield from (row for row in found if (row.dag_id, row.run_id) in wanted)


def _of_tasks(
    session: Session,
    table: Any,
    columns: Sequence[Any],
    runs: Collection[RunKey],
    task_ids: Collection[str],
    *conditions: Any,
) -> Iterator[Row[Any]]:
    for batch in _batches(sorted(task_ids), _BATCH):
        place = (table.dag_id, table.run_id, table.task_id, table.map_index)
        asked = select(*place, *columns).where(table.task_id.in_(batch), *conditions)
        yield from _of_runs(session, asked, table, runs)


def _place(row: Row[Any]) -> tuple[str, str, str, int]:
    return row.dag_id, row.run_id, row.task_id, row.map_index


def _rendered_child(fields: Mapping[str, Any]) -> str | None:
    return next((_literal(fields[field]) for field in CHILD_FIELDS if field in fields), None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
