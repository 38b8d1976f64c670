"""What a wheel holds: everything that the editable installation of a checkout finds beside it anyway."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PACKAGES = ("config_store", "admin_views", "couture_ops")
#: What the bundle of the pages is made of stays in the repository.
SOURCES = ("admin_views/static/source/", "admin_views/static/package")
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, made of a copy of what it is made of: setuptools leaves traces."""
    copy, made = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, copy / name)
    built = subprocess.run([sys.executable, "-c", BUILD, str(made)], cwd=copy, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    [path] = made.glob("*.whl")
    return path


def test_it_holds_every_file_of_the_packages(wheel: Path) -> None:
    expected = {
        path.relative_to(CHECKOUT).as_posix()
        for name in PACKAGES
        for path in (CHECKOUT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert {name for name in expected - held if not name.startswith(SOURCES)} == set()
    assert "config_store/migrations/versions/0001_create_tables.py" in held
    assert {f"admin_views/static/dist/{name}.js" for name in ("theme", "pages", "editor")} <= held


def test_its_migrations_run(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import sys, config_store.database as database; print(database.__file__); "
        "database.migrate(sys.argv[1]); database.migrate(sys.argv[1], 'base')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{tmp_path}/store.db"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"{tmp_path}/site/")
