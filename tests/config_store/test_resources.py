"""The files beside the application: who adds them, in which order, and what clashes."""

from __future__ import annotations

from typing import Any

import pytest

from config_store.errors import DependencyClash, InvalidInput, NotFound
from tests.config_store.store import CODE, Store, only, resources


@pytest.fixture
def database_kind() -> str:
    """What is resolved is the same on every database."""
    return "sqlite"


@pytest.fixture
def filled(store: Store) -> Store:
    """Dependencies with two versions each, and a group that chooses some."""
    for name in ("hbase.jar", "commons.jar", "lib.zip", "util.py", "odd@2.jar"):
        for number in "12":
            store.upload(name, f"{name} {number}".encode())
    store.create("prod", jars=["hbase.jar", "commons.jar@1"], py_files=["lib.zip"])
    store.create("empty")
    return store


def test_the_groups_come_before_the_tasks_in_the_order_given(filled: Store) -> None:
    plan = filled.plan(
        jars=["s3a://x/b.jar", "odd@2.jar"],
        py_files=["util.py@1"],
        files=["hdfs:///etc/a.conf"],
        spark_arguments={"jars": "s3a://x/a.jar, commons.jar@1"},
    )
    assert resources(plan) == [
        "jars group hbase.jar@2",
        "jars group commons.jar@1",
        "jars operator s3a://x/a.jar",
        "jars operator s3a://x/b.jar",
        "jars operator odd@2.jar@2",
        "py-files group lib.zip@2",
        "py-files operator util.py@1",
        "files operator hdfs:///etc/a.conf",
    ]


@pytest.mark.parametrize(
    ("section", "name", "option"),
    [
        ("arguments", "jars", "jars"),
        ("configurations", "spark.jars", "jars"),
        ("arguments", "py-files", "py-files"),
        ("configurations", "spark.submit.pyFiles", "py-files"),
        ("arguments", "files", "files"),
        ("configurations", "spark.files", "files"),
    ],
)
def test_lists_of_all_layers_add_up(filled: Store, section: str, name: str, option: str) -> None:
    filled.create("lists", **only(section, name, "s3a://g/1.zip,s3a://g/2.zip"))
    field = "spark_arguments" if section == "arguments" else "spark_configurations"
    request = only(field, name, "s3a://t/3.zip") | {option.replace("-", "_"): ["s3a://t/4.zip"]}
    plan = filled.plan(config_group="lists", **request)
    assert resources(plan) == [
        f"{option} group s3a://g/1.zip",
        f"{option} group s3a://g/2.zip",
        f"{option} operator s3a://t/3.zip",
        f"{option} operator s3a://t/4.zip",
    ]
    assert all(setting.name != name for setting in plan.settings)


@pytest.mark.parametrize(
    ("excluded", "expected"),
    [
        (["jars"], ["py-files group lib.zip@2"]),
        (["spark.jars"], ["py-files group lib.zip@2"]),
        (["py-files"], ["jars group hbase.jar@2", "jars group commons.jar@1"]),
        (["spark.submit.pyFiles", "jars"], []),
        (["files"], ["jars group hbase.jar@2", "jars group commons.jar@1", "py-files group lib.zip@2"]),
    ],
)
def test_the_groups_may_be_left_out_by_either_twins_name(
    filled: Store, excluded: list[str], expected: list[str]
) -> None:
    plan = filled.plan(exclude_spark_args=excluded)
    assert (resources(plan), plan.warnings) == (expected, ())


def test_what_the_task_adds_stays(filled: Store) -> None:
    plan = filled.plan(exclude_spark_args=["jars", "py-files"], jars=["hbase.jar@1"])
    assert resources(plan) == ["jars operator hbase.jar@1"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("hbase.jar", "hbase.jar@2"),
        ("hbase.jar@1", "hbase.jar@1"),
        (" hbase.jar ", "hbase.jar@2"),
        ("odd@2.jar", "odd@2.jar@2"),
        ("odd@2.jar@1", "odd@2.jar@1"),
        ("hdfs://nn/x.jar", "hdfs://nn/x.jar"),
        (" s3a://x/a.jar", "s3a://x/a.jar"),
        ("/opt/x.jar", "/opt/x.jar"),
        ("local:/opt/x.jar", "local:/opt/x.jar"),
        ("https://repo/x@3.jar?a=b#y.jar", "https://repo/x@3.jar?a=b#y.jar"),
    ],
)
def test_an_entry_is_an_uploaded_name_or_a_uri(filled: Store, entry: str, expected: str) -> None:
    assert resources(filled.plan(config_group="empty", jars=[entry])) == [f"jars operator {expected}"]


@pytest.mark.parametrize(
    ("entry", "error", "message"),
    [
        ("hbsae.jar", NotFound, "There is no dependency 'hbsae.jar'. Did you mean: hbase.jar, commons.jar?"),
        ("hbase.jar@9", NotFound, "There is no version of dependency 'hbase.jar' with number '9'. Did you mean: 2, 1?"),
        ("hbase.jar@0", NotFound, "There is no version of dependency 'hbase.jar' with number '0'. Did you mean: 2, 1?"),
        ("hbase.jar@x", InvalidInput, "jars: 'hbase.jar@x': the version behind '@' must be a number"),
        ("hbase.jar@", InvalidInput, "jars: 'hbase.jar@': the version behind '@' must be a number"),
        ("hbase.jar@-1", InvalidInput, "jars: 'hbase.jar@-1': the version behind '@' must be a number"),
        ("hbase.jar@\u0661", InvalidInput, "jars: 'hbase.jar@\u0661': the version behind '@' must be a number"),
        ("hbase.jar@" + "9" * 5000, InvalidInput, "jars: 'hbase.jar@9999"),
        ("", InvalidInput, "jars: '' is refused: Spark splits such lists at commas"),
        ("  ", InvalidInput, "jars: '  ' is refused: Spark splits such lists at commas"),
        ("a.jar,b.jar", InvalidInput, "jars: 'a.jar,b.jar' is refused: Spark splits such lists at commas"),
        ("s3a://x/a.jar,s3a://x/b.jar", InvalidInput, "jars: 's3a://x/a.jar,s3a://x/b.jar' is refused"),
        ("s3a://x/\x00.jar", InvalidInput, "jars: 's3a://x/\\x00.jar' is refused"),
        ("../x.jar", InvalidInput, "jars: '../x.jar' is refused: it must be a URI, or an absolute path without '..'"),
        ("lib/x.jar", InvalidInput, "jars: 'lib/x.jar' is refused: it must be a URI, or an absolute path without '..'"),
        (
            "/opt/../etc/x.jar",
            InvalidInput,
            "jars: '/opt/../etc/x.jar' is refused: it must be a URI, or an absolute path without '..'",
        ),
        ("größe.jar", InvalidInput, "dependency: 'größe.jar' is refused"),
        ("x.txt", InvalidInput, "dependency: 'x.txt' must end with .jar or .py or .zip or .egg or .whl"),
        ("x" * 300 + ".jar", InvalidInput, "dependency: has 304 characters, at most 250 are allowed"),
    ],
)
def test_what_is_neither_is_refused(filled: Store, entry: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as refused:
        filled.plan(config_group="empty", jars=[entry])
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("group", "task", "message"),
    [
        (
            {"jars": ["hbase.jar"]},
            {"jars": ["hbase.jar@1"]},
            "Two different files named 'hbase.jar' would reach the job: "
            "hbase.jar@2 (group) and hbase.jar@1 (operator). ",
        ),
        (
            {"jars": ["hbase.jar"]},
            {"jars": ["s3a://x/hbase.jar"]},
            "Two different files named 'hbase.jar' would reach the job: "
            "hbase.jar@2 (group) and s3a://x/hbase.jar (operator). ",
        ),
        (
            {},
            {"jars": ["s3a://x/a.jar", "s3a://y/a.jar"]},
            "Two different files named 'a.jar' would reach the job: "
            "s3a://x/a.jar (operator) and s3a://y/a.jar (operator). ",
        ),
        (
            {},
            {"files": ["s3a://x/prod.conf#app.conf"], "jars": ["/opt/app.conf"]},
            "Two different files named 'app.conf' would reach the job: "
            "/opt/app.conf (operator) and s3a://x/prod.conf#app.conf (operator). ",
        ),
        (
            {},
            {"code_artifact": "util.py", "py_files": ["util.py"]},
            "Two different files named 'util.py' would reach the job: "
            "the application util.py@1 and util.py@2 (operator). ",
        ),
    ],
)
def test_two_files_of_one_name_clash(filled: Store, group: dict[str, Any], task: dict[str, Any], message: str) -> None:
    filled.upload("util.py", b"the program", kind=CODE)
    filled.create("clash", **group)
    with pytest.raises(DependencyClash) as clash:
        filled.plan(config_group="clash", **task)
    assert str(clash.value) == message + "Pin one version, or leave the group's out with exclude_spark_args."


def test_one_content_under_one_name_is_no_clash(filled: Store) -> None:
    filled.upload("util.py", b"util.py 2", kind=CODE)
    plan = filled.plan(
        code_artifact="util.py",
        jars=["hbase.jar@2", "hbase.jar", "s3a://x/a.jar", "s3a://x/a.jar"],
        py_files=["util.py"],
    )
    assert resources(plan) == [
        "jars group hbase.jar@2",
        "jars group commons.jar@1",
        "jars operator s3a://x/a.jar",
        "py-files group lib.zip@2",
        "py-files operator util.py@2",
    ]


def test_one_file_may_be_a_jar_and_a_file(filled: Store) -> None:
    plan = filled.plan(config_group="empty", jars=["hbase.jar"], files=["hbase.jar"])
    assert resources(plan) == ["jars operator hbase.jar@2", "files operator hbase.jar@2"]


def test_a_dependency_that_was_deleted_since_is_missing(filled: Store) -> None:
    filled.hide("lib.zip", force=True)
    with pytest.raises(NotFound, match=r"There is no dependency 'lib\.zip'\."):
        filled.plan()


def test_a_new_upload_reaches_the_next_job_unless_pinned(filled: Store) -> None:
    filled.upload("hbase.jar", b"3")
    filled.upload("commons.jar", b"3")
    assert resources(filled.plan())[:2] == ["jars group hbase.jar@3", "jars group commons.jar@1"]
