"""The arrows of docs/architecture.md: who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SUITE = ("config_store", "admin_views", "couture_ops", "example_dags", "tools", "tests")

#: folder -> what its modules must not import (prefixes), and what of that they may after all.
FORBIDDEN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "config_store": (("airflow", "fastapi", "starlette", "uvicorn", *SUITE), ("config_store",)),
    "admin_views": (
        SUITE,
        (
            "admin_views",
            "config_store",
            "couture_ops.__version__",
            "couture_ops.command",
            "couture_ops.workspace",
            "couture_ops.job",
            "couture_ops.errors",
        ),
    ),
    "couture_ops": (("fastapi", "sqlalchemy", *SUITE), ("couture_ops", "config_store.wire")),
    "couture_ops/cli": (
        ("airflow", "pydantic", "sqlalchemy", *SUITE),
        ("couture_ops.cli", "couture_ops.__version__"),
    ),
    "example_dags": (SUITE, ("couture_ops.operators",)),
    "tools": (("config_store", "admin_views", "couture_ops", "example_dags", "tests"), ("couture_ops.__version__",)),
}


def modules(folder: str) -> Iterator[Path]:
    """The python files of a folder; those of a folder that has rules of its own are left to these."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        relative = path.relative_to(ROOT).as_posix()
        if not any(
            other != folder and other.startswith(folder) and relative.startswith(f"{other}/") for other in FORBIDDEN
        ):
            yield path


def imports(path: Path) -> Iterator[str]:
    """The full names that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def starts_with(name: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the prefixes, or below one."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_nobody_imports_whom_he_must_not_know(folder: str) -> None:
    forbidden, allowed = FORBIDDEN[folder]
    found = list(modules(folder))
    assert found
    crossed = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in found
        for name in imports(path)
        if starts_with(name, forbidden) and not starts_with(name, allowed)
    ]
    assert crossed == []


@pytest.mark.parametrize("folder", SUITE)
def test_every_module_says_its_one_job_in_its_first_line(folder: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*.py")
        if path.read_text().strip()
        and not (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0].strip()
    ]
    assert silent == []
