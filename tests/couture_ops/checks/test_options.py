"""Names in the section [couture] that nothing reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config_store.wire import Finding
from couture_ops.checks.options import check_options, judge_options
from couture_ops.provider import OPTIONS

if TYPE_CHECKING:
    import pytest

SUBJECT = "[couture] in airflow.cfg and in the environment"
ALL = ", ".join(sorted(OPTIONS))


def warning(name: str, meant: str) -> Finding:
    """What is said of an unknown name."""
    return Finding.warning(
        "options",
        SUBJECT,
        f"{name} is no option of the suite, and is not read. {meant}",
        f"Rename or remove {name} in airflow.cfg, or AIRFLOW__COUTURE__{name.upper()} in the environment.",
    )


def test_every_option_is_known() -> None:
    names = [*OPTIONS, "sql_alchemy_conn_cmd", "blob_storage_options_secret"]
    assert list(judge_options(names)) == [Finding.ok("options", SUBJECT, "Every name in it is an option.")]


def test_unknown_names_with_what_may_be_meant() -> None:
    assert list(judge_options(["spark_home", "cache_dir", "colour"])) == [
        warning("colour", f"The options are {ALL}."),
        warning("spark_home", "Did you mean spark_homes?"),
    ]


def test_names_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__COUTURE__CACHE_LIMIT_MB", "10")
    monkeypatch.setenv("AIRFLOW__COUTURE__BLOB_ROOTS", "/shared")
    assert warning("blob_roots", "Did you mean blob_root?") in check_options()
    assert "cache_limit_mb" not in str(check_options())
