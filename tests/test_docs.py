"""Every setting, command and route stands in the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from airflow.cli.cli_config import GroupCommand

from admin_views.app import API_PREFIX, create_app
from admin_views.commands import get_cli_commands
from couture_ops import operators
from couture_ops.cli.main import cli
from couture_ops.provider import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.cli.cli_config import CLICommand

    from admin_views.services import Services

DOCS = Path(__file__).parents[1] / "docs"


def commands(command: click.Command, path: str, context: click.Context) -> Iterator[str]:
    """The full names of all commands below one."""
    if not isinstance(command, click.Group):
        yield path
        return
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        assert child is not None
        yield from commands(child, f"{path} {name}", click.Context(child, info_name=name, parent=context))


def airflow_commands(command: CLICommand, path: str) -> Iterator[str]:
    """The full names of all commands below one of Airflow's command line."""
    if not isinstance(command, GroupCommand):
        yield f"{path} {command.name}"
        return
    for child in command.subcommands:
        yield from airflow_commands(child, f"{path} {command.name}")


def test_every_module_has_its_place_in_the_architecture() -> None:
    text = (DOCS / "architecture.md").read_text()
    root = DOCS.parent
    modules = [
        path for package in ("config_store", "admin_views", "couture_ops") for path in (root / package).glob("*.py")
    ]
    named = [path.name for path in modules if path.name != "__init__.py"]
    assert [name for name in named if f"`{name}`" not in text and f"/{name}`" not in text] == []


def test_every_setting_is_documented() -> None:
    text = (DOCS / "configuration.md").read_text()
    assert [name for name in OPTIONS if f"| `{name}` |" not in text] == []


def test_every_command_is_documented() -> None:
    text = (DOCS / "cli.md").read_text()
    assert [name for name in commands(cli, "couture", click.Context(cli)) if f"| `{name}` |" not in text] == []


def test_every_airflow_command_is_documented() -> None:
    text = (DOCS / "cli.md").read_text()
    names = [name for command in get_cli_commands() for name in airflow_commands(command, "airflow")]
    assert {"airflow couture init", "airflow couture dags tree"} <= set(names)
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_route_is_documented(services: Services) -> None:
    text = (DOCS / "api.md").read_text()
    routes = [
        f"{method.upper()} {path.removeprefix(API_PREFIX)}"
        for path, methods in create_app(services).openapi()["paths"].items()
        for method in methods
    ]
    assert len(routes) > 30
    assert [route for route in routes if f"| `{route}` |" not in text] == []


@pytest.mark.parametrize("name", operators.__all__)
def test_every_operator_parameter_is_documented(name: str) -> None:
    text = (DOCS / "operators.md").read_text()
    fields = getattr(operators, name).template_fields
    assert [field for field in fields if f"`{field}`" not in text] == []


def test_every_link_between_documents_leads_somewhere() -> None:
    root = DOCS.parent
    broken = [
        f"{page.relative_to(root)}: {target}"
        for page in [*root.glob("*.md"), *DOCS.rglob("*.md")]
        for target in _targets(page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def _targets(text: str) -> Iterator[str]:
    for part in text.split("](")[1:]:
        target = part.partition(")")[0].partition("#")[0]
        if target and "://" not in target:
            yield target
