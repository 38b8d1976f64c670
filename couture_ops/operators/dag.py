"""Operators for master DAGs: a task that runs another DAG."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.sdk import BaseOperator

from couture_ops.errors import UnfitParameter
from couture_ops.links import ZoomLink

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.sdk import Context

    from couture_ops.child import Child

ON_CHILD_FAILED = ("resume", "restart", "new")
WHEN_PAUSED = ("fail", "unpause", "wait")


class DagOperator(BaseOperator):
    """Runs another DAG as a task: waits for it without a worker slot, fails with it, stops it when stopped itself.

    The child's conf is the callable's payload, overlaid by the conf of the parent's run, overlaid by
    ``dag_run_conf``. Its logical date is the parent's. All tries of the task share one child run. The result (XCom)
    is a dict: ``dag_id``, ``run_id``, ``state``, ``logical_date`` (ISO), ``duration_s``; None when nothing was run.

    :param run_dag_id: the DAG to run.
    :param python_callable: a condition, called with the context and an object: it sets the object's ``payload`` (a
        dict) and returns the object, or returns None to run nothing.
    :param params: for the callable, as ``context["params"]``; texts in them are templates.
    :param dag_run_conf: conf for the child, a dict or a template of JSON.
    :param wait: wait for the child's end; without, the task succeeds as soon as the child is triggered.
    :param deferrable: wait in the triggerer, not in a worker slot.
    :param on_child_failed: what a further try does with a failed child run: ``resume`` (what failed, and what was
        passed over for that, runs again), ``restart`` (all of it), ``new`` (another run).
    :param when_paused: what to do when the child is paused: ``fail``, ``unpause`` it, or ``wait`` until somebody does.
    :param stop_child: stop the child run when this task is killed, marked or out of time.
    :param max_active_children: of a mapped task, so many children run at once in a run of this DAG; the others wait in
        the queue, in the order of the map indexes.
    """

    template_fields: Sequence[str] = ("run_dag_id", "dag_run_conf")
    template_fields_renderers: ClassVar[dict[str, str]] = {"dag_run_conf": "json"}
    operator_extra_links = (ZoomLink(),)
    ui_color = "#e6f0fa"

    def __init__(
        self,
        *,
        run_dag_id: str,
        python_callable: Callable[[Context, Any], Any] | None = None,
        dag_run_conf: dict[str, Any] | str | None = None,
        wait: bool = True,
        deferrable: bool = True,
        on_child_failed: Literal["resume", "restart", "new"] = "resume",
        when_paused: Literal["fail", "unpause", "wait"] = "fail",
        stop_child: bool = True,
        max_active_children: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.run_dag_id = run_dag_id
        self.python_callable = python_callable
        self.dag_run_conf = dag_run_conf
        self.wait = wait
        self.deferrable = deferrable
        self.on_child_failed = on_child_failed
        self.when_paused = when_paused
        self.stop_child = stop_child
        self.max_active_children = max_active_children
        self._child: Child | None = None
        _check_choice("on_child_failed", on_child_failed, ON_CHILD_FAILED)
        _check_choice("when_paused", when_paused, WHEN_PAUSED)
        _check_callable(python_callable)
        _check_limit(max_active_children, wait=wait)

    def execute(self, context: Context) -> dict[str, Any] | None:
        """Run the child; leaves the worker while it runs, unless told otherwise."""
        from couture_ops.child import Child
        from couture_ops.payload import child_conf

        conf = child_conf(self, context)
        if conf is None:
            self.log.info("The condition does not hold; %s is not run", self.run_dag_id)
            return None
        self._child = Child(self, context)
        return self._child.run(conf)

    def execute_complete(self, context: Context, event: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
        """Back from the triggerer with what the trigger saw; raises ChildFailed, ChildGone, ChildTimedOut."""
        from couture_ops.child import end_of_wait

        return end_of_wait(self, run, event)

    def on_kill(self) -> None:
        """Stop the child run, as stop_child says."""
        if self._child is not None:
            self._child.stop()


class SkippableDagOperator(DagOperator):
    """A DagOperator that can be switched off.

    :param skip_dag: true, or a template that renders to true: nothing is run, and the task succeeds.
    """

    template_fields = (*DagOperator.template_fields, "skip_dag")

    def __init__(self, *, skip_dag: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.skip_dag = skip_dag

    def execute(self, context: Context) -> dict[str, Any] | None:
        """Run the child, unless it is to be skipped."""
        from couture_ops.payload import is_true

        if is_true("skip_dag", self.skip_dag):
            self.log.info("skip_dag is true; %s is not run", self.run_dag_id)
            return None
        return super().execute(context)


def _check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise UnfitParameter(name, value, f"must be one of {', '.join(choices)}")


def _check_limit(limit: object, *, wait: bool) -> None:
    if limit is None:
        return
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise UnfitParameter("max_active_children", limit, "must be a whole number, 1 or more")
    if not wait:
        raise UnfitParameter("max_active_children", limit, "needs wait=True: who waits lets the next child go")


def _check_callable(python_callable: Any) -> None:
    """Raise UnfitParameter for what can't be called with a context and an object."""
    if python_callable is None:
        return
    if not callable(python_callable):
        raise UnfitParameter("python_callable", python_callable, "must be a function")
    try:
        inspect.signature(python_callable).bind(None, None)
    except TypeError:
        reason = "must take two arguments, (context, dag_run_obj)"
        raise UnfitParameter("python_callable", python_callable, reason) from None
    except ValueError:  # a function in C that tells no signature
        return
