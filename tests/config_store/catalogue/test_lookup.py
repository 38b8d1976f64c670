"""Finding keys: by name, by beginning, by a name that is nearly right."""

from __future__ import annotations

import pytest

from config_store.catalogue.lookup import read_catalogue
from config_store.errors import InvalidInput
from tests.key_document import DOCUMENT, catalogue


def names(text: str) -> list[str]:
    """The names proposed for a text."""
    return [key.name for key in catalogue().complete(text)]


def test_what_begins_so_comes_before_what_holds_it() -> None:
    assert names("spark.exec") == ["spark.executor.cores", "spark.executor.heartbeatInterval", "spark.executor.memory"]
    assert names("MEMORY") == ["spark.driver.memory", "spark.executor.memory", "spark.memory.fraction"]
    assert names("memory.f") == ["spark.memory.fraction"]


def test_what_is_sparks_own_or_deprecated_is_not_proposed() -> None:
    assert names("hidden") + names("stale") + names("gone") + names("old") == []
    assert catalogue().is_known("spark.sql.hidden")


def test_hadoops_keys_stand_behind_their_prefix() -> None:
    assert names("spark.hadoop.io") == ["spark.hadoop.io.file.buffer.size"]
    found = catalogue().find("spark.hadoop.io.file.buffer.size")
    assert found is not None
    assert found.default == "4096"
    assert catalogue().find("io.file.buffer.size") is None


@pytest.mark.parametrize(
    ("mistyped", "near"),
    [
        ("spark.executor.memroy", ("spark.executor.memory",)),
        ("spark.executor.memorry", ("spark.executor.memory",)),
        ("spark.executor.memry", ("spark.executor.memory",)),
        ("spark.executor.nemory", ("spark.executor.memory",)),
        ("spark.executor_memory", ("spark.executor.memory",)),
        ("Spark.Executor.Memory", ("spark.executor.memory",)),
        ("spark.read.somewhre", ("spark.read.somewhere",)),
        ("spark.my.own.key", ()),
        ("", ()),
    ],
)
def test_a_name_one_slip_away_is_near(mistyped: str, near: tuple[str, ...]) -> None:
    assert catalogue().spark.near(mistyped) == near


def test_known_is_what_is_declared_read_or_free_to_be_made_up() -> None:
    known = catalogue()
    assert known.is_known("spark.read.somewhere")
    assert known.is_known("spark.executorEnv.PATH")
    assert not known.is_known("spark.executor.made.up")  # Spark declares keys there, so that one is none of them


@pytest.mark.parametrize("damaged", [[], {}, {**DOCUMENT, "entries": [{}]}, {**DOCUMENT, "hadoop": 1}])
def test_a_damaged_document_is_refused(damaged: object) -> None:
    with pytest.raises(InvalidInput, match=r"^catalogue: is damaged: "):
        read_catalogue(damaged)
