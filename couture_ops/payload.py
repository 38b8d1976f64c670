"""What a master's task hands to its child: the callable's payload below the parent's conf below dag_run_conf."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk.exceptions import AirflowException

from couture_ops.errors import PayloadFailed, UnfitParameter, UnfitPayload

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import Context

    from couture_ops.operators.dag import DagOperator

_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0", "none", ""})


@dataclass
class DagRunOrder:
    """What a condition gets as ``dag_run_obj``: it sets ``payload``, a dict, and returns the object, or None."""

    payload: dict[str, Any] | None = None


def child_conf(operator: DagOperator, context: Context) -> dict[str, Any] | None:
    """The conf of the child; None when the condition does not hold. Raises PayloadFailed, UnfitPayload."""
    payload = _payload(operator, context)
    if payload is None:
        return None
    run = context.get("dag_run")
    above = _object("dag_run_conf", operator.dag_run_conf)
    conf = {**payload, **((run.conf if run is not None else None) or {}), **above}
    try:
        return cast("dict[str, Any]", json.loads(json.dumps(conf, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise UnfitPayload("The child's conf", f"can't be written as JSON: {error}") from error


def _payload(operator: DagOperator, context: Context) -> dict[str, Any] | None:
    """What the callable says; None: do not trigger."""
    condition = operator.python_callable
    if condition is None:
        return {}
    name = getattr(condition, "__qualname__", repr(condition))
    given = cast("Context", {**context, "params": _rendered_params(operator, context)})
    order = _called(condition, name, given)
    if order is None or order is False:
        return None
    if not isinstance(order, DagRunOrder):
        shown = f"{type(order).__name__} {str(order)[:200]!r}"
        raise UnfitPayload(f"python_callable {name}", f"returned {shown}, neither its dag_run_obj nor None")
    return _object(f"The payload that python_callable {name} set", order.payload)


def _called(condition: Callable[..., Any], name: str, context: Context) -> Any:
    try:
        return condition(context, DagRunOrder())
    except AirflowException:  # a skip, or a failure that shall not be retried
        raise
    except Exception as error:
        raise PayloadFailed(name, error) from error


def _object(source: str, value: Any) -> dict[str, Any]:
    """The value as a dict; a text is read as JSON, because templates render to texts."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise UnfitPayload(source, f"is the text {value[:200]!r}, which is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise UnfitPayload(source, f"is {type(value).__name__} {str(value)[:200]!r}")
    return value


def _rendered_params(operator: DagOperator, context: Context) -> dict[str, Any]:
    """The params with the templates in them rendered; not those that came with the run.

    Whoever triggers a run may overrule params by its conf, and must not read variables and connections by that.
    """
    params: Any = operator.params
    written = params.dump() if hasattr(params, "dump") else dict(params)
    return {
        name: operator.render_template(value, context) if name in written and written[name] == value else value
        for name, value in dict(context.get("params") or {}).items()
    }


def is_true(name: str, value: Any) -> bool:
    """A flag that may have been rendered from a template; raises UnfitParameter for what says neither yes nor no."""
    if isinstance(value, bool) or value is None:
        return bool(value)
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise UnfitParameter(name, value, "must be true or false (a template must render to one of them)")
    return word in _TRUE
