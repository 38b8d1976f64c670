"""What a job's main class receives: the list as it is, or the one JSON object of the dictionary contract."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from couture_ops.errors import ContradictingParameters, UnfitParameter
from couture_ops.job_argument import DICTIONARY_PARAMETERS, application_arguments, check_parameters

PATHS = {
    "input_base_dir_path": "/ga/2025-01-01/",
    "output_base_dir_path": "/h/",
    "input_filenames_dict": {"query_position_data": "query_position"},
    "output_filenames_dict": {"history_queries_data": "HistoryMerged"},
}
ONE_FORM = "The dictionary parameters become the one argument of the job: give them or application_arguments."
TWO_CONTRACTS = (
    "They are the older and the newer form of the same contract: give method_id with method_args_dict, or "
    "task_args_dict."
)


def arguments(**fields: Any) -> tuple[str, ...]:
    """The arguments of the task ``load`` of the DAG ``sales``."""
    return application_arguments(fields, dag_id="sales", task_id="load")


def test_the_whole_contract_is_one_argument() -> None:
    given = {"method_id": "PreProcess", "method_args_dict": {"search_term_column": "search_term"}, **PATHS}
    assert arguments(**given) == (
        '{"method_id": "PreProcess", "dag_id": "sales", "method_args_dict": {"search_term_column": "search_term"}, '
        '"input_base_dir_path": "/ga/2025-01-01/", "output_base_dir_path": "/h/", '
        '"input_filenames_dict": {"query_position_data": "query_position"}, '
        '"output_filenames_dict": {"history_queries_data": "HistoryMerged"}}',
    )


def test_the_older_contract_is_one_argument() -> None:
    assert arguments(task_args_dict={"task_strategy": "parallel"}, **PATHS) == (
        '{"task_id": "load", "dag_id": "sales", "task_args_dict": {"task_strategy": "parallel"}, '
        '"input_base_dir_path": "/ga/2025-01-01/", "output_base_dir_path": "/h/", '
        '"input_filenames_dict": {"query_position_data": "query_position"}, '
        '"output_filenames_dict": {"history_queries_data": "HistoryMerged"}}',
    )


@pytest.mark.parametrize(
    ("first", "keys"),
    [
        ({"method_id": "m", "method_args_dict": {}}, ["method_id", "dag_id", "method_args_dict"]),
        ({"task_args_dict": {}}, ["task_id", "dag_id", "task_args_dict"]),
    ],
)
def test_the_order_of_the_keys_does_not_follow_the_order_of_the_parameters(
    first: dict[str, Any], keys: list[str]
) -> None:
    fields = dict(reversed({**first, **PATHS}.items()))
    assert list(json.loads(arguments(**fields)[0])) == [*keys, *PATHS]


@pytest.mark.parametrize(
    ("fields", "argument"),
    [
        ({"method_id": "Load"}, '{"method_id": "Load", "dag_id": "sales"}'),
        (
            {"method_id": "Load", "method_args_dict": {"file_paths": "p"}},
            '{"method_id": "Load", "dag_id": "sales", "method_args_dict": {"file_paths": "p"}}',
        ),
        ({"method_args_dict": {"a": 1}}, '{"dag_id": "sales", "method_args_dict": {"a": 1}}'),
        ({"output_base_dir_path": "/h/"}, '{"dag_id": "sales", "output_base_dir_path": "/h/"}'),
        ({"task_args_dict": {"a": 1}}, '{"task_id": "load", "dag_id": "sales", "task_args_dict": {"a": 1}}'),
    ],
)
def test_absent_stays_absent(fields: dict[str, Any], argument: str) -> None:
    assert arguments(**fields) == (argument,)
    assert arguments(**{**dict.fromkeys(DICTIONARY_PARAMETERS), **fields}) == (argument,)


@pytest.mark.parametrize("name", DICTIONARY_PARAMETERS)
@pytest.mark.parametrize("value", [{}, "", {"": ""}, 0, False, 0.0, []])
def test_what_is_empty_but_given_is_passed(name: str, value: object) -> None:
    (argument,) = arguments(**{name: value})
    passed = json.loads(argument)[name]
    assert (passed, type(passed)) == (value, type(value))


def test_an_empty_older_dictionary_still_makes_the_older_object() -> None:
    assert arguments(task_args_dict={}) == ('{"task_id": "load", "dag_id": "sales", "task_args_dict": {}}',)


def test_values_are_untouched() -> None:
    given = {"z": 1, "a": 2.50, "big": 2**60, "flag": True, "nothing": None, "list": [1, "1", [2]], "text": "1"}
    assert arguments(method_id="m", method_args_dict=given) == (
        '{"method_id": "m", "dag_id": "sales", "method_args_dict": {"z": 1, "a": 2.5, "big": 1152921504606846976, '
        '"flag": true, "nothing": null, "list": [1, "1", [2]], "text": "1"}}',
    )


def test_paths_are_never_joined_and_keys_never_mended() -> None:
    given = {"input_base_dir_path": "/a//b/../", "input_filenames_dict": {"queyr": "//x/*.csv", "/y": "z"}}
    assert arguments(**given) == (
        '{"dag_id": "sales", "input_base_dir_path": "/a//b/../", '
        '"input_filenames_dict": {"queyr": "//x/*.csv", "/y": "z"}}',
    )


def test_the_object_is_as_json_dumps_writes_it() -> None:
    text = 'quote " back \\ line \n per % dollar $ ä 😀'
    (argument,) = arguments(method_id=text)
    assert argument == json.dumps({"method_id": text, "dag_id": "sales"})
    assert argument.isascii()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "method_args_dict",
            {"a": {1}},
            "method_args_dict has no JSON form: Object of type set is not JSON serializable; it is dict "
            "\"{'a': {1}}\".",
        ),
        (
            "task_args_dict",
            {"day": date(2026, 3, 1)},
            "task_args_dict has no JSON form: Object of type date is not JSON serializable; it is dict "
            "\"{'day': datetime.date(2026, 3, 1)}\".",
        ),
        (
            "input_filenames_dict",
            {("a", "b"): 1},
            "input_filenames_dict has no JSON form: keys must be str, int, float, bool or None, not tuple; it is dict "
            "\"{('a', 'b'): 1}\".",
        ),
        (
            "output_base_dir_path",
            b"/h/",
            "output_base_dir_path has no JSON form: Object of type bytes is not JSON serializable; it is bytes "
            "\"b'/h/'\".",
        ),
    ],
)
def test_what_has_no_json_form_is_named(name: str, value: object, message: str) -> None:
    fields = {**PATHS, "method_id": None if name == "task_args_dict" else "m", name: value}
    with pytest.raises(UnfitParameter) as caught:
        arguments(**fields)
    assert (caught.value.name, caught.value.value, str(caught.value)) == (name, value, message)


def test_a_dictionary_within_itself_is_named() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    with pytest.raises(UnfitParameter, match=r"^method_args_dict has no JSON form: Circular reference detected; it is"):
        arguments(method_id="m", method_args_dict=endless)


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (["inputData", "/outputData"], ("inputData", "/outputData")),
        (("a", ""), ("a", "")),
        ([1, 2.5, "--conf", "-h", ' a "b" '], ("1", "2.5", "--conf", "-h", ' a "b" ')),
        ([], ()),
        (None, ()),
    ],
)
def test_a_list_is_passed_one_by_one(given: Any, passed: tuple[str, ...]) -> None:
    assert arguments(application_arguments=given) == passed


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a b", "application_arguments must be a list; it is str 'a b'."),
        (
            ["a", None],
            "application_arguments[1] must be a string or a number; json.dumps gives a dictionary that form; it is "
            "NoneType 'None'.",
        ),
        (
            [{"a": 1}],
            "application_arguments[0] must be a string or a number; json.dumps gives a dictionary that form; it is "
            "dict \"{'a': 1}\".",
        ),
    ],
)
def test_what_is_no_argument_is_named(given: Any, message: str) -> None:
    with pytest.raises(UnfitParameter) as caught:
        arguments(application_arguments=given)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", DICTIONARY_PARAMETERS)
@pytest.mark.parametrize("value", ["x", "", {}, 0])
def test_dictionaries_exclude_a_list(name: str, value: object) -> None:
    with pytest.raises(ContradictingParameters) as caught:
        check_parameters({"application_arguments": ["a"], name: value})
    assert str(caught.value) == f"application_arguments and {name} exclude each other. {ONE_FORM}"


@pytest.mark.parametrize("name", ["method_id", "method_args_dict"])
def test_the_older_form_excludes_the_newer(name: str) -> None:
    with pytest.raises(ContradictingParameters) as caught:
        check_parameters({"task_args_dict": {}, name: "x", **PATHS})
    assert str(caught.value) == f"task_args_dict and {name} exclude each other. {TWO_CONTRACTS}"


def test_the_older_form_with_both_of_the_newer_names_the_first() -> None:
    with pytest.raises(ContradictingParameters) as caught:
        check_parameters({"method_args_dict": {}, "task_args_dict": {}, "method_id": "m"})
    assert (caught.value.first, caught.value.second) == ("task_args_dict", "method_id")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"application_arguments": ["a"]},
        {"application_arguments": ["a"], **dict.fromkeys(DICTIONARY_PARAMETERS)},
        {"application_arguments": [], "method_id": "m"},
        {"application_arguments": None, "method_id": "m", "method_args_dict": {}, **PATHS},
        {"task_args_dict": {}, **PATHS},
        PATHS,
    ],
)
def test_what_fits_together_passes(fields: dict[str, Any]) -> None:
    check_parameters(fields)
    assert len(arguments(**fields)) == (0 if not fields else 1)
