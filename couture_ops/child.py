"""Between a master's task and its child run: trigger it, wait for it here or in the triggerer, stop it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from config_store.wire import ChildDeed, ChildWish, OnChildFailed, WhenPaused
from couture_ops.child_client import open_client, stop_child_run
from couture_ops.child_watch import ChildWatch, event_of
from couture_ops.errors import ChildFailed, ChildGone, ChildTimedOut, StoreRefused
from couture_ops.links import ZoomLink, run_url
from couture_ops.proof import prove_task

if TYPE_CHECKING:
    from airflow.sdk import Context

    from config_store.wire import ChildRun, ChildState
    from couture_ops.operators.dag import DagOperator

log = logging.getLogger(__name__)

#: Between two looks of a task that waits in a worker slot, in seconds.
_PAUSE_S = 2.0
_DEEDS = {
    ChildDeed.TRIGGERED: "Triggered",
    ChildDeed.ATTACHED: "An earlier try has started this run, which is gone on with:",
    ChildDeed.RESUMED: "Resumed, with what had failed in it:",
    ChildDeed.RESTARTED: "Cleared, to run again as a whole:",
}


class Child:
    """The child run of one try of a task."""

    def __init__(self, operator: DagOperator, context: Context) -> None:
        self._operator, self._context = operator, context
        self._client = open_client(prove_task(context))
        self._run: ChildRun | None = None

    def run(self, conf: dict[str, Any]) -> dict[str, Any]:
        """Start and, where that is wanted, wait; answers the task's result. Defers by raising TaskDeferred."""
        try:
            return self._run_through(conf)
        finally:
            self._client.close()

    def _run_through(self, conf: dict[str, Any]) -> dict[str, Any]:
        run = self._start(conf)
        known = {
            "dag_id": run.dag_id,
            "run_id": run.run_id,
            "logical_date": run.logical_date.isoformat() if run.logical_date else None,
        }
        if not self._operator.wait:
            return {**known, "state": None, "duration_s": None}
        if self._operator.deferrable and not self._has_ended(run):
            self._defer(run, known)
        return end_of_wait(self._operator, known, self._wait(run))

    def stop(self) -> None:
        """Stop the run, unless it is to outlive its parent."""
        if self._run is not None and self._operator.stop_child:
            stop_child_run(self._run.dag_id, self._run.run_id, self._run.token)

    def _start(self, conf: dict[str, Any]) -> ChildRun:
        operator = self._operator
        wish = ChildWish(
            dag_id=operator.run_dag_id,
            conf=conf,
            on_child_failed=OnChildFailed(operator.on_child_failed),
            when_paused=WhenPaused(operator.when_paused),
            stop_with_parent=operator.stop_child and operator.wait,
            max_active_children=operator.max_active_children,
        )
        self._run = run = self._client.start_child(wish)
        log.info("%s run %s of %s, conf %s", _DEEDS[run.deed], run.run_id, run.dag_id, sorted(conf))
        task_instance = self._context["ti"]
        task_instance.xcom_push(key=ZoomLink().xcom_key, value=run_url(run.dag_id, run.run_id))
        task_instance.xcom_push(key="child_run_id", value=run.run_id)
        return run

    def _has_ended(self, run: ChildRun) -> bool:
        """Only a run that an earlier try has started may have ended by now."""
        return run.deed is ChildDeed.ATTACHED and self._look(run).state in ("success", "failed")

    def _look(self, run: ChildRun) -> ChildState:
        try:
            return self._client.child_states([run.token], run.token)[0]
        except StoreRefused as refused:
            if refused.status == 403:  # the token opens nothing any more
                raise ChildGone(run.dag_id, run.run_id) from refused
            raise

    def _defer(self, run: ChildRun, known: dict[str, Any]) -> None:
        from couture_ops.triggers import ChildRunTrigger

        operator = self._operator
        timeout = operator.execution_timeout
        trigger = ChildRunTrigger(
            dag_id=run.dag_id,
            run_id=run.run_id,
            token=run.token,
            stop_child=operator.stop_child,
            deadline=None if timeout is None else (self._context["ti"].start_date + timeout).timestamp(),
        )
        operator.defer(trigger=trigger, method_name="execute_complete", kwargs={"run": known})

    def _wait(self, run: ChildRun) -> dict[str, Any]:
        watch = ChildWatch(run.dag_id, run.run_id)
        while True:
            state = self._look(run)
            if told := watch.changes(state):
                log.info("%s", told)
            if (event := event_of(state)) is not None:
                return event
            time.sleep(_PAUSE_S)


def end_of_wait(operator: DagOperator, run: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """The task's result; raises ChildFailed, ChildGone, ChildTimedOut."""
    dag_id, run_id, state = run["dag_id"], run["run_id"], event["state"]
    if event.get("timed_out"):
        timeout = operator.execution_timeout
        seconds = timeout.total_seconds() if timeout else 0.0
        raise ChildTimedOut(dag_id, run_id, seconds, stopped=operator.stop_child)
    if state is None:
        raise ChildGone(dag_id, run_id)
    if state != "success":
        raise ChildFailed(dag_id, run_id, state, event["failed_tasks"])
    log.info("The run %s of %s succeeded", run_id, dag_id)
    return {**run, "state": state, "duration_s": event["duration_s"]}
