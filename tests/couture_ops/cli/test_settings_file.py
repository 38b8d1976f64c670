"""Files for ``settings apply``: every value arrives as it was spelled."""

from __future__ import annotations

import io
from typing import Any

import pytest

from couture_ops.cli.errors import SettingsFileError
from couture_ops.cli.settings_file import read_settings_file


def read(text: str, path: str = "prod.yaml") -> tuple[dict[str, Any], int | None]:
    """The content and the revision of a file with that text."""
    return read_settings_file(path, io.StringIO(text))


@pytest.mark.parametrize(
    "spelled",
    [
        "4",
        "0.60",
        "1e3",
        "010",
        "0x1f",
        "1:30",
        "1_000",
        "yes",
        "no",
        "on",
        "true",
        "false",
        "2026-03-01",
        "=",
        "8g",
    ],
)
def test_values_in_yaml_stay_as_they_are_spelled(spelled: str) -> None:
    content, _ = read(f"configurations:\n  a: {spelled}\n  b: {{value: {spelled}, final: true}}\n")
    assert content == {"configurations": {"a": spelled, "b": {"value": spelled, "final": True}}}


def test_values_in_json_stay_as_they_are_spelled() -> None:
    content, _ = read('{"arguments": {"a": 4, "b": 0.60, "c": true, "d": "x", "e": {"value": 1e3}}}', "p.json")
    assert content == {"arguments": {"a": "4", "b": "0.60", "c": "true", "d": "x", "e": {"value": "1e3"}}}


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_a_secret_without_a_value_keeps_the_stored_one(nothing: str) -> None:
    content, _ = read(f"configurations:\n  spark.my.apikey:\n    value: {nothing}\n    secret: true\n")
    assert content == {"configurations": {"spark.my.apikey": {"value": None, "secret": True}}}


def test_quotes_make_text_of_anything() -> None:
    content, _ = read("arguments:\n  a: 'null'\n  b: \"true\"\n  c: ''\n")
    assert content == {"arguments": {"a": "null", "b": "true", "c": ""}}


def test_sections_without_anything() -> None:
    content, _ = read("arguments:\njars:\nspark_home:\nprincipal: ''\n")
    assert content == {"arguments": {}, "jars": [], "spark_home": None, "principal": ""}


def test_dependencies_by_name_or_in_full() -> None:
    content, _ = read("jars: [a.jar, b.jar@3, {name: c.jar}, {name: d.jar, version: 4}]\npy_files: [e@x.py]\n")
    assert content == {
        "jars": [
            {"name": "a.jar", "version": None},
            {"name": "b.jar", "version": 3},
            {"name": "c.jar", "version": None},
            {"name": "d.jar", "version": 4},
        ],
        "py_files": [{"name": "e@x.py", "version": None}],
    }


def test_a_whole_group_brings_its_revision() -> None:
    text = "name: prod\nrevision: 7\ncontent:\n  arguments: {queue: etl}\n  keytab: null\n  hadoop_files: []\n"
    assert read(text) == ({"arguments": {"queue": "etl"}}, 7)
    assert read("arguments: {queue: etl}\n")[1] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "prod.yaml: holds no content of a group, which is a mapping with keys like 'arguments'"),
        ("- a", "prod.yaml: holds no content of a group, which is a mapping with keys like 'arguments'"),
        ("content: x", "prod.yaml: its 'content' is not a mapping"),
        ("arguments: [a]", "prod.yaml: 'arguments' is not a mapping of names to values"),
        ("jars: [{version: 3}]", "prod.yaml: 'jars' holds an entry without a name"),
        ("jars: [{name: a.jar, version: new}]", "prod.yaml: 'jars' holds a version that is no number: new"),
    ],
)
def test_what_is_no_content(text: str, message: str) -> None:
    with pytest.raises(SettingsFileError) as refused:
        read(text)
    assert str(refused.value) == message


def test_yaml_that_does_not_parse_says_where() -> None:
    with pytest.raises(SettingsFileError, match=r"(?s)prod\.yaml: cannot be read: .*line 2, column 1"):
        read("arguments: {\n")


def test_yaml_makes_no_objects() -> None:
    with pytest.raises(SettingsFileError, match="could not determine a constructor"):
        read("arguments: !!python/object/apply:os.getcwd []\n")


def test_a_group_of_an_export_is_taken_and_its_secrets_keep_their_values() -> None:
    content, revision = read(
        "description: nightly\nconfigurations:\n  spark.my.apikey:\n    secret: COUTURE_SECRET_PROD_SPARK_MY_APIKEY\n"
        "    final: true\njars:\n  - lib.jar@3\nkeytab:\n  name: a.keytab\n  secret: COUTURE_SECRET_PROD_KEYTAB\n"
    )
    assert content == {
        "configurations": {"spark.my.apikey": {"value": None, "secret": True, "final": True}},
        "jars": [{"name": "lib.jar", "version": 3}],
    }
    assert revision is None
