"""What Airflow's provider registry is told: that it has the right form, and that all of it is there."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import airflow
import jsonschema
import pytest
from airflow.cli.cli_config import GroupCommand
from airflow.providers_manager import ProvidersManager
from airflow.sdk import BaseHook, BaseOperator, BaseOperatorLink
from airflow.triggers.base import BaseTrigger
from airflow.utils.db_manager import BaseDBManager

import couture_ops
from admin_views import configuration as server_configuration
from couture_ops import configuration as worker_configuration
from couture_ops.provider import OPTIONS, get_provider_info

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

INFO = get_provider_info()
ROOT = Path(couture_ops.__file__).parents[1]


def named(path: str) -> Any:
    """What a dotted path leads to."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_it_is_as_airflows_schema_has_it() -> None:
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(INFO, schema)
    # keys that the schema does not know it lets pass; "versions" is one that Airflow's guide to providers asks for
    assert set(INFO) - set(schema["properties"]) == {"versions"}


def test_it_survives_json() -> None:
    assert json.loads(json.dumps(INFO)) == INFO


def test_the_version_is_the_packages() -> None:
    assert INFO["versions"] == [couture_ops.__version__] == [metadata.version("couture-ops")]
    assert INFO["package-name"] == metadata.metadata("couture-ops")["Name"]


@pytest.mark.parametrize(
    ("group", "name", "target"),
    [
        ("apache_airflow_provider", "provider_info", "couture_ops.provider.get_provider_info"),
        ("airflow.plugins", "couture", "admin_views.plugin.CouturePlugin"),
        ("console_scripts", "couture", "couture_ops.cli.main.main"),
    ],
)
def test_the_entry_points_lead_here(group: str, name: str, target: str) -> None:
    (found,) = (e for e in metadata.entry_points(group=group, name=name) if e.dist and e.dist.name == "couture-ops")
    assert found.load() is named(target)


@pytest.mark.parametrize(
    ("key", "modules", "base", "classes"),
    [
        (
            "operators",
            ["couture_ops.operators.dag", "couture_ops.operators.spark", "couture_ops.operators.pyspark"],
            BaseOperator,
            [
                "CouturePySparkOperator",
                "CoutureSparkOperator",
                "DagOperator",
                "PySparkOperator",
                "SkippableDagOperator",
                "SparkOperator",
            ],
        ),
        ("hooks", ["couture_ops.hooks"], BaseHook, ["CoutureHook"]),
        ("triggers", ["couture_ops.triggers"], BaseTrigger, ["ChildRunTrigger"]),
    ],
)
def test_the_modules_hold_the_classes(key: str, modules: list[str], base: type, classes: list[str]) -> None:
    (entry,) = INFO[key]
    assert entry["python-modules"] == modules
    found = {
        name
        for module in modules
        for name, value in inspect.getmembers(importlib.import_module(module), inspect.isclass)
        if issubclass(value, base) and value.__module__ == module
    }
    assert sorted(found) == classes


def test_every_integration_is_declared() -> None:
    declared = {integration["integration-name"] for integration in INFO["integrations"]}
    assert {entry["integration-name"] for key in ("operators", "hooks") for entry in INFO[key]} == declared


def test_the_connection_type_is_the_hooks() -> None:
    (connection,) = INFO["connection-types"]
    hook = named(connection["hook-class-name"])
    assert (connection["connection-type"], connection["hook-name"]) == (hook.conn_type, hook.hook_name)


def test_airflows_form_for_a_connection_says_what_belongs_where(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = ProvidersManager()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(manager, "_field_behaviours", {})
    (connection,) = INFO["connection-types"]
    manager._add_customized_fields("couture-ops", "couture", connection["ui-field-behaviour"])
    fields = manager._field_behaviours["couture"]
    assert (fields["hidden_fields"], fields["relabeling"]) == (
        ["extra", "schema"],
        {
            "host": "API server, with http:// or https://",
            "login": "User (none for a token)",
            "password": "Password, or a token",
        },
    )
    assert fields["placeholders"] == {"host": "https://airflow.example.com", "port": "443"}
    # deprecated since Airflow 3.2
    assert "get_ui_field_behaviour" not in named(connection["hook-class-name"]).__dict__


def test_the_links_are_the_operators() -> None:
    links = [named(path) for path in INFO["extra-links"]]
    assert all(issubclass(link, BaseOperatorLink) for link in links)
    operators = [named(f"couture_ops.operators.{name}") for name in ("CoutureSparkOperator", "DagOperator")]
    assert [type(link) for operator in operators for link in operator.operator_extra_links] == links


def test_the_database_manager_is_one() -> None:
    (path,) = INFO["db-managers"]
    manager = named(path)
    assert issubclass(manager, BaseDBManager)
    assert Path(manager.migration_dir).is_dir()


def test_the_commands_are_a_function() -> None:
    (path,) = INFO["cli"]
    groups = named(path)()
    assert [type(group) for group in groups] == [GroupCommand]


# --- the configuration ---


def options_read(module: ModuleType) -> Iterator[tuple[str, object, str]]:
    """Every option of our section that a module reads: its name, its fallback and the function that reads it."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("get"):
            section = node.args[0] if node.args else None
            if isinstance(section, ast.Name) and section.id == "SECTION":
                (fallback,) = (keyword.value for keyword in node.keywords if keyword.arg == "fallback")
                value = eval(compile(ast.Expression(fallback), module.__name__, "eval"))
                yield ast.literal_eval(node.args[1]), value, node.func.attr


READ = [*options_read(worker_configuration), *options_read(server_configuration)]


def test_every_option_is_read_and_every_option_read_is_declared() -> None:
    assert sorted(name for name, _, _ in READ) == sorted(OPTIONS)
    assert INFO["config"]["couture"]["options"] == OPTIONS
    assert worker_configuration.SECTION == server_configuration.SECTION == "couture"


@pytest.mark.parametrize(("name", "fallback", "getter"), READ)
def test_the_declared_default_is_the_one_that_counts(name: str, fallback: object, getter: str) -> None:
    """Airflow gives the declared one where it has read the provider's description, the code its own where not."""
    kinds: dict[str, tuple[str, type]] = {
        "get": ("string", str),
        "getint": ("integer", int),
        "getfloat": ("float", float),
    }
    kind, convert = kinds[getter]
    assert (OPTIONS[name]["type"], convert(OPTIONS[name]["default"])) == (kind, fallback)


def test_each_option_is_described() -> None:
    for name, option in OPTIONS.items():
        assert option["description"].endswith("."), name
        assert option["version_added"] == "0.1.0", name


def test_what_may_hold_a_password_is_marked() -> None:
    sensitive = [name for name, option in OPTIONS.items() if option.get("sensitive")]
    assert sensitive == ["sql_alchemy_conn", "blob_storage_options"]


def test_examples_survive_airflows_own_template() -> None:
    """Airflow formats them with str.format when it writes a new airflow.cfg."""
    examples = {name: option["example"].format() for name, option in OPTIONS.items() if option["example"]}
    homes = worker_configuration.parse_spark_homes(examples["spark_homes"])
    assert homes == {"default": "/opt/spark-4.2.0", "spark3": "/opt/spark-3.5.6"}
