"""Who may know whom (docs/architecture.md), and what every module looks like from outside."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("config_store", "admin_views", "couture_ops", "example_dags", "tools", "tests")
MAX_LINES = 400


class Import(NamedTuple):
    """One imported thing: ``name`` of ``module``, or the module itself where ``name`` is empty."""

    where: str
    module: str
    name: str

    @property
    def whole(self) -> str:
        """The dotted path."""
        return f"{self.module}.{self.name}" if self.name else self.module


def modules(*folders: str) -> list[Path]:
    """The modules of these folders, less those that only make a folder of tests a package."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if path.name != "__init__.py" or "tests" not in path.parts)


def imports(*folders: str) -> Iterator[Import]:
    """Every import of the folders' modules: within functions and for type checkers, too."""
    for path in modules(*folders):
        yield from imports_of(path)


@cache
def imports_of(path: Path) -> tuple[Import, ...]:
    """The imports of one module."""
    found: list[Import] = []
    for node in ast.walk(ast.parse(path.read_text())):
        where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            found += [Import(where, alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{where} is a relative import"
            found += [Import(where, node.module or "", alias.name) for alias in node.names]
    return tuple(found)


def is_below(path: str, *packages: str) -> bool:
    """Whether a dotted path is one of the packages or lies in one."""
    return any(path == package or path.startswith(f"{package}.") for package in packages)


def forbidden(folder: str, *packages: str) -> list[Import]:
    """What the folder imports of packages that it may not know."""
    return [found for found in imports(folder) if is_below(found.module, *packages)]


def beyond(folder: str, package: str, *allowed: str) -> list[Import]:
    """What the folder imports of a package beyond what it may."""
    return [
        found
        for found in imports(folder)
        if is_below(found.module, package) and not is_below(found.whole, *allowed) and found.module not in allowed
    ]


def test_the_walk_finds_every_kind_of_import() -> None:
    """Else the tests below would prove nothing."""
    found = {(found.where.partition(":")[0], found.whole) for found in imports("couture_ops", "admin_views")}
    assert ("couture_ops/operators/base.py", "airflow.sdk.BaseOperator") in found  # at the top
    assert ("couture_ops/operators/base.py", "couture_ops.task.open_job") in found  # in a function
    assert ("couture_ops/operators/base.py", "couture_ops.run.SparkJob") in found  # for type checkers
    assert ("couture_ops/cli/__main__.py", "couture_ops.cli.main.main") in found
    assert {path for path, _ in found} >= {"admin_views/api/groups.py", "couture_ops/guardian.py"}


# --- the arrows ---


def test_the_store_knows_no_airflow_and_no_web() -> None:
    packages = ("airflow", "fastapi", "starlette", "admin_views", "couture_ops", "example_dags")
    assert forbidden("config_store", *packages) == []


def test_workers_know_the_wire_alone_of_the_store() -> None:
    assert beyond("couture_ops", "config_store", "config_store.wire") == []


def test_only_the_check_command_runs_a_workers_checks() -> None:
    """The API server itself must not reach out to Spark, Java or other servers."""
    users = [found for found in imports("admin_views") if is_below(found.module, "couture_ops.checks")]
    assert {found.where.rpartition("/")[0] for found in users} == {"admin_views/checks"}
    others = [found for found in imports("admin_views") if is_below(found.module, "admin_views.checks")]
    assert {found.where.partition(":")[0] for found in others if not found.where.startswith("admin_views/checks/")} == {
        "admin_views/commands.py"
    }


def test_workers_know_nothing_of_the_server() -> None:
    """The provider's description names its functions by strings."""
    assert forbidden("couture_ops", "admin_views", "sqlalchemy", "alembic", "fastapi", "starlette", "lxml") == []


def test_the_server_knows_of_workers_what_previews_need() -> None:
    """Pure modules: nothing that launches, opens or asks; and the checks, for ``airflow couture check``.

    One module alone may have the installed Spark list its keys, in a JVM of its own (docs/adr/014).
    """
    allowed = (
        "couture_ops.__version__",
        "couture_ops.checks",
        "couture_ops.cli.dag_tree",
        "couture_ops.command",
        "couture_ops.commands.warm_command",
        "couture_ops.errors",
        "couture_ops.job",
        "couture_ops.shown_url",
        "couture_ops.workspace.Workspace",
    )
    lists_keys = ("couture_ops.configuration", "couture_ops.key_catalogue", "couture_ops.workspace.find_spark_home")
    others = beyond("admin_views", "couture_ops", *allowed)
    assert {found.where.partition(":")[0] for found in others} == {"admin_views/key_catalogues.py"}
    assert [found for found in others if not is_below(found.whole, *lists_keys)] == []


def test_the_client_stands_alone() -> None:
    """It starts in well under half a second, from machines without Airflow."""
    assert forbidden("couture_ops/cli", "airflow", "config_store", "admin_views", "pydantic") == []
    assert beyond("couture_ops/cli", "couture_ops", "couture_ops.cli", "couture_ops.__version__") == []


def test_the_client_needs_no_more_than_it_installs() -> None:
    installed = {"click", "httpx", "yaml", "rich", "couture_ops"}
    needed = {found.module.partition(".")[0] for found in imports("couture_ops/cli")} - sys.stdlib_module_names
    assert needed - {"_typeshed"} <= installed


def test_the_guardian_needs_python_alone() -> None:
    """It is started without site-packages."""
    needed = {found.module.partition(".")[0] for found in imports("couture_ops") if "/guardian.py:" in found.where}
    assert needed <= sys.stdlib_module_names


def test_the_example_dags_know_operators_and_airflows_sdk() -> None:
    dags = [found for found in imports("example_dags") if not found.where.startswith("example_dags/jobs/")]
    assert len(dags) > 3
    others = [
        found
        for found in dags
        if not is_below(found.module, "airflow.sdk", "airflow.providers.smtp", "couture_ops.operators")
        and found.module.partition(".")[0] not in sys.stdlib_module_names
    ]
    assert others == []


def test_the_examples_jobs_know_spark_and_their_dependency() -> None:
    beside = {path.stem for path in modules("example_dags/jobs")}
    needed = {found.module.partition(".")[0] for found in imports("example_dags/jobs")} - sys.stdlib_module_names
    assert needed <= {"pyspark", *beside}


@pytest.mark.parametrize("folder", ["config_store", "admin_views", "couture_ops", "example_dags"])
def test_the_product_knows_neither_tests_nor_tools(folder: str) -> None:
    assert forbidden(folder, "tests", "tools") == []


def test_nothing_but_tests_knows_tests() -> None:
    assert forbidden("tools", "tests") == []


# --- every module ---


def test_every_module_opens_with_one_line_on_its_job() -> None:
    faults = {str(path.relative_to(ROOT)): _docstring_fault(path) for path in modules(*PACKAGES)}
    assert len(faults) > 200
    assert {path: fault for path, fault in faults.items() if fault} == {}


def _docstring_fault(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    if not docstring:
        return "has no docstring"
    first, *rest = docstring.split("\n")
    if not first.endswith((".", ":", "?", "!")):
        return f"begins with {first!r}, which is no sentence"
    return "goes on in its second line" if rest and rest[0] else ""


def test_a_long_module_says_why_it_is_long() -> None:
    """In a comment between its docstring and its first import."""
    long = [path for path in modules(*PACKAGES[:-1]) if path.read_text().count("\n") > MAX_LINES]
    unexplained = [str(path.relative_to(ROOT)) for path in long if "\n#" not in _head(path)]
    assert unexplained == []


def _head(path: Path) -> str:
    """The text before the first statement that is no docstring."""
    statements = ast.parse(path.read_text()).body[1:]
    return "\n".join(path.read_text().splitlines()[: statements[0].lineno - 1])
