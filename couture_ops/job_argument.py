"""What a job's main class receives from the dictionary parameters: one JSON object, keys in a fixed order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from couture_ops.errors import ContradictingParameters, UnfitParameter

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The dictionary parameters, in the order of the object's keys; ``dag_id`` comes behind the first.
METHOD_PARAMETERS = ("method_id", "method_args_dict")
OLDER_PARAMETER = "task_args_dict"
PATH_PARAMETERS = (
    "input_base_dir_path",
    "output_base_dir_path",
    "input_filenames_dict",
    "output_filenames_dict",
)
DICTIONARY_PARAMETERS = (*METHOD_PARAMETERS, OLDER_PARAMETER, *PATH_PARAMETERS)


def check_parameters(fields: Mapping[str, Any]) -> None:
    """Raise ContradictingParameters for parameters that exclude each other; ``fields`` maps names to values.

    None means not given; so does an empty list of ``application_arguments``.
    """
    given = [name for name in DICTIONARY_PARAMETERS if fields.get(name) is not None]
    if given and fields.get("application_arguments") not in (None, [], ()):
        raise ContradictingParameters(
            "application_arguments",
            given[0],
            "The dictionary parameters become the one argument of the job: give them or application_arguments.",
        )
    newer = [name for name in given if name in METHOD_PARAMETERS]
    if newer and OLDER_PARAMETER in given:
        raise ContradictingParameters(
            OLDER_PARAMETER,
            newer[0],
            "They are the older and the newer form of the same contract: give method_id with method_args_dict, "
            "or task_args_dict.",
        )


def application_arguments(fields: Mapping[str, Any], *, dag_id: str, task_id: str) -> tuple[str, ...]:
    """The arguments of the job: the given list as strings, or the dictionary parameters as one JSON object.

    Values go into the object untouched: numbers stay numbers, paths are not joined, empty ones stay.
    Raises UnfitParameter for what has no JSON form, or is no plain value in the list.
    """
    if any(fields.get(name) is not None for name in DICTIONARY_PARAMETERS):
        return (_json_argument(fields, dag_id, task_id),)
    arguments = fields.get("application_arguments") or ()
    if not isinstance(arguments, list | tuple):
        raise UnfitParameter("application_arguments", arguments, "must be a list")
    return tuple(_text(index, argument) for index, argument in enumerate(arguments))


def _json_argument(fields: Mapping[str, Any], dag_id: str, task_id: str) -> str:
    older = fields.get(OLDER_PARAMETER) is not None
    ordered: dict[str, Any] = {"task_id": task_id} if older else {"method_id": fields.get("method_id")}
    ordered["dag_id"] = dag_id
    for name in (OLDER_PARAMETER if older else "method_args_dict", *PATH_PARAMETERS):
        ordered[name] = fields.get(name)
    present = {name: value for name, value in ordered.items() if value is not None}
    try:
        return json.dumps(present)
    except (TypeError, ValueError) as error:
        name = next(name for name, value in present.items() if not _has_json(value))
        raise UnfitParameter(name, present[name], f"has no JSON form: {error}") from error


def _has_json(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _text(index: int, argument: object) -> str:
    if isinstance(argument, str | int | float):
        return str(argument)
    name = f"application_arguments[{index}]"
    raise UnfitParameter(name, argument, "must be a string or a number; json.dumps gives a dictionary that form")
