"""One Spark setting: its kinds, its twins, its marks, and what makes it secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from config_store.errors import Fault
from config_store.names import nearest
from config_store.wire import SettingKind, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

#: spark-submit's options and the properties that say the same.
#: Source: org.apache.spark.deploy.SparkSubmitArguments (loadEnvironmentArguments) and SparkSubmit (OptionAssigner).
TWINS: dict[str, str] = {
    "master": "spark.master",
    "remote": "spark.remote",
    "deploy-mode": "spark.submit.deployMode",
    "name": "spark.app.name",
    "jars": "spark.jars",
    "packages": "spark.jars.packages",
    "exclude-packages": "spark.jars.excludes",
    "repositories": "spark.jars.repositories",
    "py-files": "spark.submit.pyFiles",
    "files": "spark.files",
    "archives": "spark.archives",
    "driver-memory": "spark.driver.memory",
    "driver-java-options": "spark.driver.extraJavaOptions",
    "driver-library-path": "spark.driver.extraLibraryPath",
    "driver-class-path": "spark.driver.extraClassPath",
    "driver-cores": "spark.driver.cores",
    "supervise": "spark.driver.supervise",
    "executor-memory": "spark.executor.memory",
    "executor-cores": "spark.executor.cores",
    "total-executor-cores": "spark.cores.max",
    "num-executors": "spark.executor.instances",
    "queue": "spark.yarn.queue",
    "principal": "spark.kerberos.principal",
    "keytab": "spark.kerberos.keytab",
}
ARGUMENT_OF: dict[str, str] = {configuration: argument for argument, configuration in TWINS.items()}
ARGUMENTS = frozenset(TWINS) | {"proxy-user", "verbose"}
#: Options that stand alone on the command line; their value is "true" or "false".
FLAGS = frozenset({"supervise", "verbose"})

#: Properties that hold a size of memory, and those that hold a number.
#: Source: org.apache.spark.internal.config; JavaUtils.byteStringAs for the form, a bare number has the key's own unit.
SIZES = frozenset(
    {
        "spark.driver.memory",
        "spark.driver.memoryOverhead",
        "spark.executor.memory",
        "spark.executor.memoryOverhead",
        "spark.executor.pyspark.memory",
        "spark.python.worker.memory",
        "spark.yarn.am.memory",
        "spark.yarn.am.memoryOverhead",
    }
)
COUNTS = frozenset({"spark.driver.cores", "spark.executor.cores", "spark.executor.instances", "spark.cores.max"})
_REALM_SIGN = re.compile(r"(?<!\\)@")
_SIZE = re.compile(r"[0-9]+(?:b|[kmgtp]b?)?")
_COUNT = re.compile(r"[0-9]+")

#: Properties that end up on a command line, so that they can't hold a secret.
ON_A_COMMAND_LINE = frozenset(
    {
        "spark.jars",
        "spark.submit.pyFiles",
        "spark.files",
        "spark.driver.extraJavaOptions",
        "spark.driver.defaultJavaOptions",
        "spark.driver.extraClassPath",
        "spark.driver.extraLibraryPath",
        "spark.driver.memory",
    }
)

#: Arguments that are lists or JVM options: people write them over several lines, and their readers split them there.
_MAY_SPAN_LINES = frozenset(
    {
        "driver-java-options",
        "jars",
        "packages",
        "exclude-packages",
        "repositories",
        "py-files",
        "files",
        "archives",
    }
)
#: All others, by the property that says the same; sizes, numbers and flags have rules of their own.
_ONE_LINE = frozenset(TWINS.get(name, name) for name in ARGUMENTS - FLAGS - _MAY_SPAN_LINES) - SIZES - COUNTS

#: What a task, not a group, decides, with the sentence that says where.
RESERVED: dict[str, str] = {
    "name": "the application's name comes from the task (app_name)",
    "spark.app.name": "the application's name comes from the task (app_name)",
    "class": "the main class comes from the task (class_path)",
    "conf": "set each property as a configuration of its own",
    "properties-file": "the suite writes it; set each property as a configuration",
    "load-spark-defaults": "spark-defaults.conf of the worker's Spark is always read",
    "keytab": "upload the keytab as the group's Kerberos keytab",
    "spark.kerberos.keytab": "upload the keytab as the group's Kerberos keytab",
    "spark.yarn.keytab": "upload the keytab as the group's Kerberos keytab",
    "spark.workflow.taskId": "the suite sets it on every job",
    "spark.workflow.dagId": "the suite sets it on every job",
}
#: The same for environment variables; spark-submit reads two options there when they are not given elsewhere.
RESERVED_VARIABLES: dict[str, str] = {
    "HADOOP_CONF_DIR": "it points to the group's Hadoop files",
    "YARN_CONF_DIR": "it points to the group's Hadoop files",
    "KRB5_CONFIG": "it points to the group's krb5.conf",
    "SPARK_HOME": "choose the group's spark_home, a name out of [couture] spark_homes",
    "MASTER": "spark-submit reads it as --master; set the argument",
    "DEPLOY_MODE": "spark-submit reads it as --deploy-mode; set the argument",
}

#: Configurations that have rules of their own; all others take any text.
_LOOKED_AT = frozenset(RESERVED) | TWINS.keys() | FLAGS | SIZES | COUNTS | _ONE_LINE

ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Nothing that turns the direction of what is read, either: a name has to look like what it is.
CONFIGURATION_NAME = re.compile(r"[^\s=,\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")
_LOGIN = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/@]*:[^/@]+@")
MAX_VALUE_BYTES = 1_000_000
MAX_NOTE = 10_000


@dataclass(frozen=True)
class Setting:
    """A value with the marks an admin gave it.

    ``final``: no DAG may override it. ``secret``: encrypted at rest, shown to nobody but a worker.
    """

    value: str
    final: bool = False
    secret: bool = False
    note: str = ""


def as_fields(setting: Setting) -> dict[str, Any]:
    """The fields of a setting by name: what dataclasses.asdict gives, without its deep copies."""
    return {"value": setting.value, "final": setting.final, "secret": setting.secret, "note": setting.note}


def with_secret_mark(name: str, setting: Setting) -> Setting:
    """The setting, marked secret when its name says so."""
    return replace(setting, secret=True) if is_secret_name(name) and not setting.secret else setting


def twin_key(kind: SettingKind, name: str) -> tuple[SettingKind, str]:
    """What identifies a setting across its twins: ``driver-memory`` and ``spark.driver.memory`` are one."""
    if kind is SettingKind.ARGUMENT and name in TWINS:
        return SettingKind.CONFIGURATION, TWINS[name]
    return kind, name


def setting_faults(where: str, kind: SettingKind, name: str, value: str, *, secret: bool = False) -> Iterator[Fault]:
    """Everything wrong with one setting, whoever set it; no fault says the value of a ``secret`` one."""
    reserved = RESERVED_VARIABLES if kind is SettingKind.ENVIRONMENT else RESERVED
    if reason := reserved.get(name):
        yield Fault(where, f"{name} can't be set here: {reason}")
    else:
        yield from _NAME_FAULTS[kind](where, name)
    yield from text_faults(where, value)
    if name in FLAGS and value.lower() not in ("", "true", "false"):
        yield Fault(
            where, f"Unexpected value {'(secret)' if secret else repr(value)}: {name} is a flag, 'true' or 'false'"
        )


def is_plain(kind: SettingKind, name: str, setting: Setting) -> bool:
    """Whether a setting can have no fault: what nearly all of a large group are; False where a closer look is due."""
    return (
        kind is SettingKind.CONFIGURATION
        and not setting.secret
        and name not in _LOOKED_AT
        and name.isascii()
        and CONFIGURATION_NAME.fullmatch(name) is not None
        and len(setting.value) <= MAX_VALUE_BYTES
        and setting.value.isascii()
        and "\x00" not in setting.value
        and (not setting.note or not any(note_faults("", setting.note)))
    )


def value_faults(where: str, name: str, value: str) -> Iterator[Fault]:
    """What is certainly wrong with the value that a group gives to a setting; an empty one says nothing."""
    key = TWINS.get(name, name)
    if not value:
        return
    if key == TWINS["principal"]:
        yield from principal_faults(where, value)
    elif key in _ONE_LINE and _breaks_line(value):
        yield Fault(where, f"the value of {name} holds a line break, which would become part of it; write one line")
    if key not in SIZES and key not in COUNTS:
        return
    text = value.strip()
    if key in SIZES and not _SIZE.fullmatch(text.lower()):
        yield Fault(
            where, f"Unexpected value {value[:100]!r}: {name} is a size like '7g' or '512m', without a fraction"
        )
    elif key in COUNTS and not _COUNT.fullmatch(text):
        yield Fault(where, f"Unexpected value {value[:100]!r}: {name} is a whole number like '4'")
    elif text != value:  # the JVM that gets -Xmx1g and a line end does not start
        yield Fault(
            where, f"Unexpected value {value[:100]!r}: it has blanks or a line break at its ends; write {text!r}"
        )


def principal_faults(where: str, principal: str) -> Iterator[Fault]:
    """What keeps a text from being a Kerberos principal. Source: MIT Kerberos, krb5_parse_name: a backslash escapes."""
    if any(character.isspace() for character in principal):
        yield Fault(
            where, f"{principal[:100]!r} is no Kerberos principal: it holds a blank; write it like etl@EXAMPLE.COM"
        )
    elif len(_REALM_SIGN.findall(principal)) > 1:
        yield Fault(
            where,
            f"{principal[:100]!r} is no Kerberos principal: it holds more than one '@'; write it like etl@EXAMPLE.COM",
        )


def as_typed(name: str, value: str, *, secret: bool = False) -> str:
    """The value that who typed or pasted it means: without blanks and line ends around it.

    A secret loses line ends alone, for its blanks may belong to it; so does what consists of blanks.
    """
    lines = value.strip("\r\n")
    return lines if secret or is_secret_name(name) else value.strip() or lines


def dropped(kind: SettingKind, name: str) -> str:
    """That a setting reaches no job, "" when it does: spark-submit reads properties of its own prefix alone."""
    if kind is not SettingKind.CONFIGURATION or name.startswith("spark."):
        return ""
    return f"Spark drops {name[:100]}: it reads only properties that start with 'spark.'"


def text_faults(where: str, value: str) -> Iterator[Fault]:
    """What keeps a text from being handed to a process."""
    if "\x00" in value:
        yield Fault(where, "contains a NUL character, which no command line carries")
    if len(value) * 4 > MAX_VALUE_BYTES and len(value.encode(errors="surrogatepass")) > MAX_VALUE_BYTES:
        yield Fault(where, f"is longer than {MAX_VALUE_BYTES:,} bytes")
    if _has_surrogates(value):
        yield Fault(where, "contains half a surrogate pair, which is not text")


def place_faults(where: str, place: str) -> Iterator[Fault]:
    """What keeps a text from naming a file that Spark fetches: it must be a URI or an absolute path.

    So it is never an option of spark-submit, nor relative to where that runs.
    """
    if not _SCHEME.match(place) and (not place.startswith("/") or ".." in place.split("/")):
        yield Fault(where, f"{place[:100]!r} is refused: it must be a URI, or an absolute path without '..'")
    if _LOGIN.search(place):
        yield Fault(where, "holds a user and a password, which would stand on the command line; ps shows it to all")


def note_faults(where: str, note: str) -> Iterator[Fault]:
    """What keeps a note or a description from being stored."""
    if len(note) > MAX_NOTE or "\x00" in note or _has_surrogates(note):
        yield Fault(where, f"must be text of at most {MAX_NOTE:,} characters")


def _breaks_line(value: str) -> bool:
    return "\n" in value or "\r" in value


def _has_surrogates(value: str) -> bool:
    return not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value)


def _argument_faults(where: str, name: str) -> Iterator[Fault]:
    bare = name.lstrip("-")
    if name in ARGUMENTS:
        return
    if reason := RESERVED.get(bare):
        yield Fault(where, f"--{bare} can't be set here: {reason}")
    elif bare in ARGUMENTS:
        yield Fault(where, f"an argument is named without dashes: write {bare}")
    else:
        near = nearest(bare, ARGUMENTS)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `spark-submit --help` lists them"
        yield Fault(where, f"spark-submit has no option --{bare[:100]}{hint}")


def _configuration_faults(where: str, name: str) -> Iterator[Fault]:
    if not CONFIGURATION_NAME.fullmatch(name) or _has_surrogates(name):
        yield Fault(where, f"{name[:100]!r} is no property name: blanks, '=', ',' and control characters are refused")


def _environment_faults(where: str, name: str) -> Iterator[Fault]:
    if not ENVIRONMENT_NAME.fullmatch(name):
        yield Fault(where, f"{name[:100]!r} is no name of an environment variable")
    elif name.startswith("AIRFLOW"):
        yield Fault(where, f"{name} belongs to Airflow; jobs don't see Airflow's own configuration")


_NAME_FAULTS = {
    SettingKind.ARGUMENT: _argument_faults,
    SettingKind.CONFIGURATION: _configuration_faults,
    SettingKind.ENVIRONMENT: _environment_faults,
}


def twin_faults(arguments: Container[str], configurations: Container[str], where: str) -> Iterator[Fault]:
    """Settings that one layer gives twice, as an argument and as its ``spark.*`` twin; both by name."""
    for argument, configuration in TWINS.items():
        if argument in arguments and configuration in configurations:
            yield Fault(
                f"{where}configurations.{configuration}",
                f"{configuration} and --{argument} are the same setting and both are given; keep one",
            )
