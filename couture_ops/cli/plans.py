"""How a plan and its command are shown: each option with the layer that set it and what it beat."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from couture_ops.cli.output import print_table, title
from couture_ops.cli.texts import size_text

#: Options of spark-submit that take no value (org.apache.spark.launcher.SparkSubmitOptionParser).
SWITCHES = {
    "--help",
    "-h",
    "--load-spark-defaults",
    "--supervise",
    "--usage-error",
    "--verbose",
    "-v",
    "--version",
}
#: What the suite adds by itself: file names of the worker, the marks of the workflow.
SUITE = "suite"
OPERATOR = "operator"


class Origin(NamedTuple):
    """Where something of a command comes from: the layer, what it beat, marks and remark."""

    layer: str = ""
    beat: str = ""
    marks: str = ""
    note: str = ""


def setting_origin(setting: Mapping[str, Any]) -> Origin:
    """The origin of an effective setting."""
    beat = "; ".join(beaten_text(setting["name"], beaten) for beaten in setting.get("beat", ()))
    marks = ", ".join(mark for mark in ("final", "secret") if setting.get(mark))
    return Origin(setting["layer"], beat, marks, setting.get("note", ""))


def beaten_text(winner: str, beaten: Mapping[str, Any]) -> str:
    """``group: 4g``, or with the twin's name ``group: spark.driver.memory=4g``."""
    value = beaten["value"] if beaten["name"] == winner else f"{beaten['name']}={beaten['value']}"
    return f"{beaten['layer']}: {value}"


def show_settings(settings: Sequence[Mapping[str, Any]]) -> None:
    """Prints effective settings with their origin."""
    print_table(
        ("KIND", "NAME", "VALUE", "SET BY", "BEAT", "MARKS", "NOTE"),
        ((s["kind"], s["name"], s["value"], *setting_origin(s)) for s in settings),
    )


def show_files(plan: Mapping[str, Any]) -> None:
    """Prints what a job is given: application, dependencies, Hadoop files, with versions and digests."""
    if rows := list(file_rows(plan)):
        title("Artifacts and files")
        print_table(("AS", "NAME", "VERSION", "SET BY", "SIZE", "SHA256"), rows)


def file_rows(plan: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """Use, name, version, layer, size and digest of each file of a plan."""
    if plan.get("application"):
        yield _file_row("application", plan["application"], OPERATOR)
    elif plan.get("application_uri"):
        yield ("application", plan["application_uri"], None, OPERATOR, None, None)
    for resource in plan.get("resources", ()):
        if artifact := resource.get("artifact"):
            yield _file_row(resource["kind"], artifact, resource["layer"])
        else:
            yield (resource["kind"], resource["uri"], None, resource["layer"], None, None)
    for file in plan.get("hadoop_files", ()):
        yield _file_row("hadoop", file, "group")
    if plan.get("krb5_conf"):
        yield _file_row("krb5.conf", plan["krb5_conf"], "group")
    if plan.get("keytab"):
        yield ("keytab", plan["keytab"]["name"], None, "group", None, None)


def _file_row(use: str, file: Mapping[str, Any], layer: str) -> tuple[object, ...]:
    return (use, file["name"], file.get("version"), layer, size_text(file["size"]), file["sha256"])


def split_options(argv: Sequence[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    """The options of a spark-submit as (option, value) or (option,); the application with its arguments."""
    options: list[tuple[str, ...]] = []
    place = 1
    while place < len(argv) and argv[place].startswith("-"):
        width = 1 if argv[place] in SWITCHES or "=" in argv[place] else 2
        options.append(tuple(argv[place : place + width]))
        place += width
    return options, list(argv[place:])


class Origins:
    """Finds the origin of each option of a command in its plan; remembers which settings it met."""

    def __init__(self, plan: Mapping[str, Any], default_app_name: str) -> None:
        self._settings = {(s["kind"], s["name"]): s for s in plan["settings"]}
        #: Options that a plan carries in fields of their own -> the layers behind them.
        self._layers: dict[str, list[str]] = {"class": [OPERATOR], "keytab": ["group"]}
        for resource in plan.get("resources", ()):
            self._layers.setdefault(resource["kind"], []).append(resource["layer"])
        self._default_app_name = default_app_name
        self._met: set[tuple[str, str]] = set()

    def of_option(self, option: tuple[str, ...]) -> Origin:
        """The origin of one option."""
        name, value = option[0].lstrip("-"), option[-1]
        kind, name = ("configuration", value.partition("=")[0]) if name in ("conf", "c") else ("argument", name)
        if origin := self.of_setting(kind, name):
            return origin
        if name in self._layers:
            return Origin(", ".join(dict.fromkeys(self._layers[name])))
        return Origin(OPERATOR if name == "name" and value != self._default_app_name else SUITE)

    def of_setting(self, kind: str, name: str) -> Origin | None:
        """The origin of an effective setting, None when the plan has no such setting."""
        setting = self._settings.get((kind, name))
        if setting is None:
            return None
        self._met.add((kind, name))
        return setting_origin(setting)

    def unmet(self) -> list[Mapping[str, Any]]:
        """The configurations that were not asked for: they travel in the properties file."""
        return [s for key, s in self._settings.items() if key not in self._met and key[0] == "configuration"]


def show_command(
    plan: Mapping[str, Any], argv: Sequence[str], environment: Mapping[str, str], default_app_name: str
) -> None:
    """Prints a command, an option per line with its origin; then what travels in the properties file."""
    origins = Origins(plan, default_app_name)
    options, application = split_options(argv)
    rows: list[tuple[str, ...]] = [(shlex.quote(argv[0]), *Origin())] if argv else []
    rows += [(f"  {shlex.join(option)}", *origins.of_option(option)) for option in options]
    rows += [(f"  {shlex.quote(word)}", *Origin(OPERATOR)) for word in application]
    print_table(("COMMAND", "SET BY", "BEAT", "MARKS", "NOTE"), rows)
    if environment:
        title("Environment")
        print_table(
            ("NAME", "VALUE", "SET BY", "BEAT", "MARKS", "NOTE"),
            (
                (name, value, *(origins.of_setting("environment", name) or Origin(SUITE)))
                for name, value in environment.items()
            ),
        )
    if unmet := origins.unmet():
        title("In the properties file, not on the command line")
        show_settings(unmet)
