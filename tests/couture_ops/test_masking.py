"""Values that Airflow is told to mask because of their names."""

from __future__ import annotations

import pytest
from airflow.sdk.log import mask_logs

from couture_ops.masking import mask_named_secrets


def logged(text: str) -> str:
    """How a text stands in a task's log."""
    return str(mask_logs(None, "info", {"event": text})["event"])


@pytest.mark.parametrize(
    "name",
    [
        "spark.my.password",
        "spark.hadoop.fs.s3a.secret.key",
        "spark.hadoop.fs.s3a.access.key",
        "spark.my.apikey",
        "MY_TOKEN",
        "Credentials",
        "private-key",
    ],
)
def test_the_values_of_such_names_are_masked(name: str) -> None:
    value = f"canary-of-{name}"
    assert logged(f"it is {value}") == f"it is {value}"
    mask_named_secrets({"spark.master": f"harmless-{name}", name: value})
    assert logged(f"it is {value}, and harmless-{name}") == f"it is ***, and harmless-{name}"


@pytest.mark.parametrize("values", [None, "{{ params.settings }}", ["password"], {}, {"password": None}, {"token": ""}])
def test_whatever_has_no_such_value_passes(values: object) -> None:
    mask_named_secrets(values)
    assert logged("password None token") == "password None token"


def test_names_need_not_be_texts() -> None:
    mask_named_secrets({1: "canary-of-a-number", "secret": "canary-of-a-text"})
    assert logged("canary-of-a-number canary-of-a-text") == "canary-of-a-number ***"
