"""What a child gets: three layers, and every way in which a callable can be wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException

from couture_ops.errors import PayloadFailed, UnfitParameter, UnfitPayload
from couture_ops.operators import DagOperator
from couture_ops.payload import DagRunOrder, child_conf, is_true

if TYPE_CHECKING:
    from airflow.sdk import Context


def conf_of(conf: Any = None, params: Any = None, **parameters: Any) -> dict[str, Any] | None:
    """The child's conf of an operator in a run with this conf."""
    with DAG("master", schedule=None):
        operator = DagOperator(task_id="t", run_dag_id="child", params=params, **parameters)
    context = {"dag_run": SimpleNamespace(conf=conf), "params": params or {}, "ds": "2026-03-01"}
    return child_conf(operator, cast("Context", context))


def hand_over(payload: Any) -> Any:
    """A callable with this payload."""

    def condition(context: Any, dag_run_obj: Any) -> Any:
        dag_run_obj.payload = payload
        return dag_run_obj

    return condition


def test_the_layers() -> None:
    payload, conf, above = {"a": 1, "b": 1, "c": 1}, {"b": 2, "c": 2}, {"c": 3}
    assert conf_of(conf, python_callable=hand_over(payload), dag_run_conf=above) == {"a": 1, "b": 2, "c": 3}


def test_without_a_callable_the_child_always_runs() -> None:
    assert conf_of() == {}
    assert conf_of({"a": 1}, dag_run_conf='{"b": [1, 2.5, null]}') == {"a": 1, "b": [1, 2.5, None]}


@pytest.mark.parametrize("answer", [None, False])
def test_a_condition_that_does_not_hold(answer: Any) -> None:
    assert conf_of({"a": 1}, python_callable=lambda context, dag_run_obj: answer) is None


def test_a_callable_that_sets_no_payload_runs_the_child() -> None:
    assert conf_of({"a": 1}, python_callable=lambda context, dag_run_obj: dag_run_obj) == {"a": 1}


def test_templates_in_params_are_rendered_but_not_those_that_came_with_the_run() -> None:
    seen: dict[str, Any] = {}

    def condition(context: Any, dag_run_obj: Any) -> None:
        seen.update(context["params"])

    with DAG("master", schedule=None):
        params = {"day": "{{ ds }}", "mine": "{{ ds }}", "n": 3}
        operator = DagOperator(task_id="t", run_dag_id="child", params=params, python_callable=condition)
    given = {"day": "{{ ds }}", "mine": "{{ var.value.secret }}", "n": 3}
    context = {"dag_run": SimpleNamespace(conf={}), "params": given, "ds": "2026-03-01"}
    assert child_conf(operator, cast("Context", context)) is None
    assert seen == {"day": "2026-03-01", "mine": "{{ var.value.secret }}", "n": 3}


def test_a_callable_that_raises() -> None:
    def broken(context: Any, dag_run_obj: Any) -> None:
        raise KeyError("rows")

    with pytest.raises(PayloadFailed) as failure:
        conf_of(python_callable=broken)
    assert str(failure.value) == (
        "python_callable test_a_callable_that_raises.<locals>.broken raised KeyError: 'rows'. Nothing was triggered; "
        "mend the function, its own lines stand in the traceback above."
    )
    assert isinstance(failure.value.__cause__, KeyError)


def test_a_callable_may_skip_the_task() -> None:
    def skip(context: Any, dag_run_obj: Any) -> None:
        raise AirflowSkipException("no data")

    with pytest.raises(AirflowSkipException, match="no data"):
        conf_of(python_callable=skip)


def test_a_callable_that_returns_something_else() -> None:
    def answer(context: Any, dag_run_obj: Any) -> Any:
        return {"message": "Hi"}

    with pytest.raises(UnfitPayload) as failure:
        conf_of(python_callable=answer)
    assert str(failure.value) == (
        "python_callable test_a_callable_that_returns_something_else.<locals>.answer returned dict "
        "\"{'message': 'Hi'}\", neither its dag_run_obj nor None. A child's conf is a JSON object: a dict of texts, "
        "numbers, lists and such dicts. Nothing was triggered."
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"python_callable": hand_over(["a"])}, "set is list \"['a']\". A child's conf"),
        ({"python_callable": hand_over({"a": object})}, "can't be written as JSON: Object of type type is not"),
        ({"python_callable": hand_over({"a": float("nan")})}, "can't be written as JSON: Out of range float"),
        ({"dag_run_conf": "{'a': 1}"}, "dag_run_conf is the text \"{'a': 1}\", which is not JSON (Expecting property"),
        ({"dag_run_conf": "[1]"}, "dag_run_conf is list '[1]'."),
    ],
)
def test_what_is_no_json_object(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(UnfitPayload) as failure:
        conf_of(**parameters)
    assert message in str(failure.value)


def test_the_object_begins_without_a_payload() -> None:
    assert DagRunOrder().payload is None


@pytest.mark.parametrize("value", [True, "True", "true", " yes", "1", "ON"])
def test_what_is_true(value: Any) -> None:
    assert is_true("skip_dag", value)


@pytest.mark.parametrize("value", [False, None, "False", "no", "0", "", "None", "off"])
def test_what_is_false(value: Any) -> None:
    assert not is_true("skip_dag", value)


def test_what_is_neither() -> None:
    with pytest.raises(UnfitParameter) as failure:
        is_true("skip_dag", "maybe")
    assert str(failure.value) == (
        "skip_dag must be true or false (a template must render to one of them); it is str 'maybe'."
    )
