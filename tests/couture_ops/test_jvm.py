"""Which JVM spark-submit will start, and what it says of itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from couture_ops.errors import NoJvm
from couture_ops.jvm import find_java, find_jvm, java_version, read_jvm
from tests.couture_ops.jdks import THEN, make_jdk


def make_java(home: Path, release: str | None = None) -> Path:
    """A JVM as far as it is looked at."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    if release is not None:
        (home / "release").write_text(release)
    return java


def test_java_home_counts_more_than_the_path(tmp_path: Path) -> None:
    first, second = make_java(tmp_path / "a"), make_java(tmp_path / "b")
    assert find_java({"JAVA_HOME": str(tmp_path / "a"), "PATH": str(second.parent)}) == first
    assert find_java({"PATH": str(second.parent)}) == second
    assert find_java({"JAVA_HOME": str(tmp_path / "none"), "PATH": str(second.parent)}) is None
    assert find_java({"PATH": str(tmp_path)}) is None


def test_what_can_not_be_executed_is_no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = make_java(tmp_path)
    monkeypatch.setenv("PATH", str(java.parent))
    assert find_java({}) is None  # not that of this process
    java.chmod(0o644)
    assert find_java({"JAVA_HOME": str(tmp_path)}) is None
    assert find_java({"PATH": str(java.parent)}) is None


@pytest.mark.parametrize(
    ("release", "told"),
    [
        ('IMPLEMENTOR="Debian"\nJAVA_RUNTIME_VERSION="17.0.15+6"\nJAVA_VERSION="17.0.15"\n', "17.0.15+6 Debian"),
        ('JAVA_VERSION="21"\n', "21"),
        ("nothing of use", None),
        (None, None),
    ],
)
def test_the_version_is_that_of_its_release_file(tmp_path: Path, release: str | None, told: str | None) -> None:
    make_java(tmp_path / "jdk", release)
    assert java_version({"JAVA_HOME": str(tmp_path / "jdk")}) == told


def test_a_link_on_the_path_leads_to_its_jdk(tmp_path: Path) -> None:
    java = make_java(tmp_path / "jdk", 'JAVA_VERSION="17"\n')
    (tmp_path / "java").symlink_to(java)
    assert java_version({"PATH": str(tmp_path)}) == "17"
    assert java_version({"PATH": "/nowhere"}) is None


def test_a_jvm_is_told_by_its_release_file(tmp_path: Path) -> None:
    first, second = make_jdk(tmp_path / "first"), make_jdk(tmp_path / "second", "21.0.1")
    environment = {"JAVA_HOME": str(first), "PATH": str(second / "bin")}
    assert (find_jvm(environment).home, find_jvm(environment).version, find_jvm(environment).feature) == (
        first,
        "17.0.15",
        17,
    )


def test_without_it_the_path_leads_through_links(tmp_path: Path) -> None:
    home = make_jdk(tmp_path / "jdk")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")
    assert find_jvm({"JAVA_HOME": "", "PATH": str(tmp_path / "bin")}).home == home


@pytest.mark.parametrize(("version", "feature"), [("25", 25), ("21-ea", 21), ("1.8.0_392", 1)])
def test_the_feature_is_the_first_number(tmp_path: Path, version: str, feature: int) -> None:
    assert read_jvm(make_jdk(tmp_path, version)).feature == feature


def test_another_build_is_another_jvm(tmp_path: Path) -> None:
    before = read_jvm(make_jdk(tmp_path))
    assert read_jvm(make_jdk(tmp_path)) == before
    os.utime(tmp_path / "lib" / "server" / "libjvm.so", (THEN, THEN + 1))
    assert read_jvm(tmp_path) != before


def test_no_java_at_all(tmp_path: Path) -> None:
    with pytest.raises(NoJvm) as caught:
        find_jvm({"PATH": str(tmp_path)})
    assert str(caught.value) == (
        "No JVM was found that can be told from others: JAVA_HOME is not set, and PATH has no java. "
        "Point JAVA_HOME to a JDK."
    )
    with pytest.raises(NoJvm) as caught:
        find_jvm({"JAVA_HOME": str(tmp_path)})
    assert caught.value.reason == f"JAVA_HOME is {tmp_path}, which has no program bin/java"


def test_a_script_named_java_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch(0o755)
    with pytest.raises(NoJvm) as caught:
        find_jvm({"PATH": str(tmp_path / "bin")})
    reason = f"{tmp_path} does not look like a JDK (No such file or directory: {tmp_path / 'release'})"
    assert caught.value.reason == reason


def test_a_release_file_without_a_version(tmp_path: Path) -> None:
    (make_jdk(tmp_path) / "release").write_text("")
    with pytest.raises(NoJvm) as caught:
        read_jvm(tmp_path)
    assert caught.value.reason == f"{tmp_path / 'release'} names no JAVA_VERSION"
