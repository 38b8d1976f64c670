"""Which JVM spark-submit will start, and what it says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from couture_ops.jvm import find_java, java_version


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
