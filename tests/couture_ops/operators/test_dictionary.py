"""The dictionary contract on operators: wrong combinations end with the DAG's parse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG

from couture_ops.errors import ContradictingParameters
from couture_ops.operators import CouturePySparkOperator, CoutureSparkOperator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from couture_ops.operators.dictionary import DictionaryJobOperator

BOTH = pytest.mark.parametrize("operator", [CoutureSparkOperator, CouturePySparkOperator])


@pytest.fixture(autouse=True)
def dag() -> Iterator[DAG]:
    """The DAG ``sales`` to which every operator of a test belongs."""
    with DAG("sales", schedule=None) as dag:
        yield dag


def refusal(operator: type[DictionaryJobOperator], **given: Any) -> str:
    """What is said about parameters that exclude each other."""
    with pytest.raises(ContradictingParameters) as caught:
        operator(task_id="t", code_artifact="a.jar", **given)
    return str(caught.value)


@BOTH
@pytest.mark.parametrize(
    "name",
    [
        "method_id",
        "method_args_dict",
        "task_args_dict",
        "input_base_dir_path",
        "output_base_dir_path",
        "input_filenames_dict",
        "output_filenames_dict",
    ],
)
@pytest.mark.parametrize("value", ["x", {}, ""])
def test_dictionaries_exclude_a_list(operator: type[DictionaryJobOperator], name: str, value: object) -> None:
    assert refusal(operator, application_arguments=["a"], **{name: value}) == (
        f"application_arguments and {name} exclude each other. The dictionary parameters become the one argument of "
        "the job: give them or application_arguments."
    )


@BOTH
@pytest.mark.parametrize("name", ["method_id", "method_args_dict"])
def test_the_older_form_excludes_the_newer(operator: type[DictionaryJobOperator], name: str) -> None:
    assert refusal(operator, task_args_dict={"a": 1}, **{name: "x"}) == (
        f"task_args_dict and {name} exclude each other. They are the older and the newer form of the same contract: "
        "give method_id with method_args_dict, or task_args_dict."
    )


@BOTH
@pytest.mark.parametrize("empty", [[], (), None])
def test_an_empty_list_is_none(operator: type[DictionaryJobOperator], empty: Any) -> None:
    made = operator(task_id="t", code_artifact="a.jar", method_id="m", application_arguments=empty)
    assert made.method_id == "m"
