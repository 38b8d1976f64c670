"""From a plan and a workspace to the argv and environment of spark-submit; pure, reads and starts nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config_store.wire import Language, ResourceKind, SettingKind
from couture_ops.errors import MisplacedOption, SecretOnCommandLine, UnfitForProcess

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from config_store.wire import EffectiveSetting, Resource, SubmitPlan
    from couture_ops.workspace import Workspace

#: Linux refuses any one argument or variable of 128 KiB (MAX_ARG_STRLEN) with "Argument list too long".
MAX_ARGUMENT_BYTES = 100_000

#: Options that stand alone on the command line.
_FLAGS = frozenset({"supervise", "verbose"})
_FIRST = ("master", "deploy-mode")
#: Options that a plan carries in fields of their own.
_ELSEWHERE = frozenset({"name", "class", "jars", "py-files", "files", "keytab", "properties-file", "conf"})
_PYTHON_CHOSEN = ("spark.pyspark.python", "spark.pyspark.driver.python")

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
_ESCAPES |= {character: f"\\{character}" for character in "=:#!"}


@dataclass(frozen=True)
class Command:
    """What to start: ``argv`` as a list, never through a shell, and what to add to the environment.

    ``argv`` holds no secret; ``environment`` may, and so stays out of the repr.
    """

    argv: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)


def build_command(
    plan: SubmitPlan,
    workspace: Workspace,
    base: Mapping[str, str] | None = None,
    *,
    python: str | None = None,
) -> Command:
    """The command of a plan.

    ``base`` is the environment that the command's will be laid over (asked for SPARK_SUBMIT_OPTS and the
    choice of Python); ``python`` the interpreter for drivers that choose none, None to leave that to Spark.
    Raises SecretOnCommandLine, MisplacedOption, UnfitForProcess.
    """
    argv = (str(workspace.spark_submit), *_options(plan, workspace), _application(plan, workspace))
    argv += plan.application_arguments
    _check_arguments(argv)
    environment = _environment(plan, workspace, base or {}, python)
    _check_environment(environment)
    return Command(argv, environment)


def properties_text(plan: SubmitPlan) -> str:
    """The configurations that argv must not or can not carry, as java.util.Properties reads them; often "".

    These are secrets, and values with a CR (spark-class drops it), a NUL, or more than MAX_ARGUMENT_BYTES.
    The text is ASCII. Spark trims blanks and control characters, though not CR and LF, from both ends of a
    value that comes from a file (org.apache.spark.util.Utils.trimExceptCRLF): a secret's edge blanks do not
    reach the job.
    """
    settings = sorted(_configurations(plan), key=_name)
    return "".join(f"{_escape_key(s.name)}={_escape_value(s.value)}\n" for s in settings if _in_file(s))


def join_properties(defaults: bytes, properties: str) -> bytes:
    """A properties file that says what ``defaults`` says, and then our properties, which win.

    The blank line ends a last line without a newline, and one that a backslash would continue into ours.
    """
    return defaults + b"\n\n" + properties.encode("ascii") if defaults else properties.encode("ascii")


def _options(plan: SubmitPlan, workspace: Workspace) -> Iterator[str]:
    arguments = {s.name: s for s in plan.settings if s.kind is SettingKind.ARGUMENT}
    for setting in arguments.values():
        _check_option(setting)
    for name in _FIRST:
        if name in arguments:
            yield from _option(arguments.pop(name))
    yield from ("--name", plan.app_name)
    if plan.language is Language.JAVA and plan.class_path:
        yield from ("--class", plan.class_path)
    for name in sorted(arguments):
        yield from _option(arguments[name])
    yield from _resources(plan.resources, workspace)
    if workspace.keytab:
        yield from ("--keytab", str(workspace.keytab))
    if workspace.properties_file:
        yield from ("--properties-file", str(workspace.properties_file))
    for setting in sorted(_configurations(plan), key=_name):
        if not _in_file(setting):
            yield from ("--conf", f"{setting.name}={setting.value}")


def _check_option(setting: EffectiveSetting) -> None:
    if setting.name in _ELSEWHERE:
        raise MisplacedOption(setting.name)
    if setting.secret:
        raise SecretOnCommandLine(setting.name)


def _option(setting: EffectiveSetting) -> tuple[str, ...]:
    if setting.name in _FLAGS:
        return (f"--{setting.name}",) if setting.value.lower() == "true" else ()
    return (f"--{setting.name}", setting.value)


def _resources(resources: Iterable[Resource], workspace: Workspace) -> Iterator[str]:
    for kind in (ResourceKind.JAR, ResourceKind.PY_FILE, ResourceKind.FILE):
        if places := [_place(resource, workspace) for resource in resources if resource.kind is kind]:
            yield from (f"--{kind}", ",".join(places))


def _place(resource: Resource, workspace: Workspace) -> str:
    if resource.artifact:
        return str(workspace.path_of(resource.artifact))
    return resource.uri or ""


def _application(plan: SubmitPlan, workspace: Workspace) -> str:
    if plan.application:
        return str(workspace.path_of(plan.application))
    return plan.application_uri or ""


def _configurations(plan: SubmitPlan) -> Iterator[EffectiveSetting]:
    return (s for s in plan.settings if s.kind is SettingKind.CONFIGURATION)


def _name(setting: EffectiveSetting) -> str:
    return setting.name


def _in_file(configuration: EffectiveSetting) -> bool:
    return configuration.secret or _unfit_argument(f"{configuration.name}={configuration.value}") is not None


def _environment(plan: SubmitPlan, workspace: Workspace, base: Mapping[str, str], python: str | None) -> dict[str, str]:
    environment = {s.name: s.value for s in plan.settings if s.kind is SettingKind.ENVIRONMENT}
    if workspace.hadoop_conf_dir:
        environment |= dict.fromkeys(("HADOOP_CONF_DIR", "YARN_CONF_DIR"), str(workspace.hadoop_conf_dir))
    if workspace.krb5_conf:
        environment["KRB5_CONFIG"] = str(workspace.krb5_conf)
    if workspace.class_archive:
        environment["SPARK_CONF_DIR"] = str(workspace.class_archive.conf_dir)
    if options := tuple(_jvm_options(workspace)):
        given = {**base, **environment}.get("SPARK_SUBMIT_OPTS", "")
        environment["SPARK_SUBMIT_OPTS"] = add_options(given, *options)
    # Without it spark-submit looks for its home along PATH, and ends with 127 where there is none.
    environment["SPARK_HOME"] = str(workspace.spark_home)
    if python and _needs_python(plan, {**base, **environment}):
        environment["PYSPARK_PYTHON"] = python
    return environment


def _jvm_options(workspace: Workspace) -> Iterator[str]:
    """What the driver's JVM is told; in cluster mode, the JVM that submits."""
    if workspace.krb5_conf:  # Java reads no KRB5_CONFIG, only this property
        yield f"-Djava.security.krb5.conf={workspace.krb5_conf}"
    if workspace.class_archive:
        yield from workspace.class_archive.options()


def add_options(given: str, *options: str) -> str:
    """SPARK_SUBMIT_OPTS with more options behind those given; Spark's launcher splits it at unquoted blanks."""
    return " ".join(filter(None, (given, *map(_quote_option, options))))


def _quote_option(option: str) -> str:
    if any(character in option for character in " \t'\"\\"):
        return '"' + option.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return option


def _needs_python(plan: SubmitPlan, environment: Mapping[str, str]) -> bool:
    """Whether the driver, and so its executors in the same host, should run the worker's Python.

    Never for a cluster: its executors would look for the worker's path on their own disks.
    """
    return (
        plan.language is Language.PYTHON
        and _master(plan).startswith("local")
        and not any(plan.setting(SettingKind.CONFIGURATION, name) for name in _PYTHON_CHOSEN)
        and not (environment.get("PYSPARK_PYTHON") or environment.get("PYSPARK_DRIVER_PYTHON"))
    )


def _master(plan: SubmitPlan) -> str:
    master = plan.setting(SettingKind.ARGUMENT, "master")
    master = master or plan.setting(SettingKind.CONFIGURATION, "spark.master")
    return master.value if master else "local"


def _check_arguments(argv: tuple[str, ...]) -> None:
    for number, argument in enumerate(argv):
        if reason := _unfit_argument(argument):
            shown = argument[:60] if number else argv[0]
            raise UnfitForProcess(f"Argument {number} of spark-submit, {shown!r},", reason)


def _check_environment(environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        if reason := _unfit(f"{name}={value}"):
            raise UnfitForProcess(f"The environment variable {name}", reason)


def _unfit_argument(text: str) -> str | None:
    """Why an argument does not reach the driver as it is, or None."""
    if "\r" in text:
        return "contains a carriage return, which Spark's start script drops"
    return _unfit(text)


def _unfit(text: str) -> str | None:
    if "\x00" in text:
        return "contains a NUL character, which ends a text there"
    if (length := len(text.encode(errors="surrogatepass"))) > MAX_ARGUMENT_BYTES:
        return f"has {length:,} bytes, more than the {MAX_ARGUMENT_BYTES:,} that a process is started with"
    return None


def _escape_key(key: str) -> str:
    return "".join(f"\\{character}" if character == " " else _escape(character) for character in key)


def _escape_value(value: str) -> str:
    """Only a leading blank needs its backslash: those behind it are then in the value."""
    blank = "\\" if value.startswith(" ") else ""
    return blank + "".join(map(_escape, value))


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if " " <= character <= "~":
        return character
    units = character.encode("utf-16-be", errors="surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
