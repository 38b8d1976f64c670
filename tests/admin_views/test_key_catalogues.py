"""The catalogues of an API server: found, made in the background, missing with a reason."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from admin_views.key_catalogues import HOW, InstalledCatalogues
from config_store.catalogue.lookup import Installed
from couture_ops.key_catalogue.building import build_catalogue, catalogue_path
from tests.couture_ops.jdks import make_jdk, make_spark

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An API server with a JDK and a Spark home."""
    homes = {"spark4": str(make_spark(tmp_path / "spark4")), "gone": str(tmp_path / "gone")}
    monkeypatch.setenv("JAVA_HOME", str(make_jdk(tmp_path / "jdk")))
    monkeypatch.setenv("AIRFLOW__COUTURE__SPARK_HOMES", json.dumps(homes))
    monkeypatch.setenv("AIRFLOW__COUTURE__CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def settled(catalogues: InstalledCatalogues, name: str) -> Installed:
    """What is found when nothing is made in the background any more."""
    catalogues.find(name)
    for thread in threading.enumerate():
        if thread.name == "key catalogue":
            thread.join()
    return catalogues.find(name)


def test_at_first_use_it_is_made_in_the_background(folder: Path) -> None:
    catalogues = InstalledCatalogues()
    assert catalogues.find("spark4") == Installed(
        None,
        f"The keys of {folder}/spark4 are being listed, once, in some seconds; then fields know types and defaults.",
    )
    found = settled(catalogues, "spark4")
    assert found.missing == ""
    assert found.catalogue is not None
    assert found.catalogue.spark_home == f"{folder}/spark4"
    assert catalogues.find("spark4").catalogue is found.catalogue  # it is read once


def test_what_another_process_has_made_is_taken(folder: Path) -> None:
    build_catalogue(folder / "spark4", folder / "cache", {"JAVA_HOME": f"{folder}/jdk", "PATH": "/bin"}, print)
    assert InstalledCatalogues(builds=False).find("spark4").catalogue is not None


def test_a_damaged_one_is_made_anew(folder: Path) -> None:
    path = catalogue_path(folder / "cache", folder / "spark4")
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text("{")
    assert settled(InstalledCatalogues(), "spark4").catalogue is not None


def test_a_failure_is_told_and_not_repeated_at_once(folder: Path) -> None:
    java, count = folder / "jdk" / "bin" / "java", folder / "count"
    java.write_text(f"#!/bin/sh\necho x >> {count}\necho no compiler >&2\nexit 1\n")
    catalogues = InstalledCatalogues()
    for _ in range(2):
        assert settled(catalogues, "spark4") == Installed(
            None,
            f"The keys of {folder}/spark4 are not known here: The keys of {folder}/spark4 can't be listed: {java} "
            f"ended with 1; it needs a JDK of 11 or newer: no compiler. {HOW}.",
        )
    assert count.read_text() == "x\n"


def test_without_a_jvm_it_says_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", f"{folder}/none")
    found = settled(InstalledCatalogues(), "spark4")
    assert found.catalogue is None
    assert "No JVM was found" in found.missing
    assert found.missing.endswith(f"{HOW}.")


@pytest.mark.parametrize("name", ["gone", "never named"])
def test_without_that_spark_it_says_so(folder: Path, name: str) -> None:
    found = InstalledCatalogues().find(name)
    assert found.catalogue is None
    assert found.missing.startswith("The keys of Spark are not known here: ")
    assert found.missing.endswith(f"{HOW}.")


def test_where_nothing_is_made_the_reason_says_how(folder: Path) -> None:
    assert InstalledCatalogues(builds=False).find("spark4") == Installed(
        None, f"The keys of {folder}/spark4 are not known here. {HOW}."
    )
    assert not (folder / "cache").exists()


def test_a_spark_home_that_this_api_server_does_not_name_is_told_in_its_own_words(folder: Path) -> None:
    assert InstalledCatalogues().find("spark5") == Installed(
        None,
        "The keys of Spark are not known here: [couture] spark_homes of this API server does not name the group's "
        f"Spark 'spark5' (it names gone, spark4). {HOW}.",
    )
