"""Reads the file of ``couture settings apply``: a group's whole content, values as they are spelled."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TextIO

import yaml

from couture_ops.cli.dependencies import parse_dependency
from couture_ops.cli.errors import SettingsFileError

SETTINGS = ("arguments", "configurations", "environment")
#: Shown with a content or exported with it, changed by commands of their own.
READ_ONLY = ("hadoop_files", "keytab", "krb5_conf", "description")


class SpelledLoader(yaml.SafeLoader):
    """YAML whose scalars stay strings as they are spelled: 0.60, 1:30, yes, 010 are Spark's to read.

    Only ``true``, ``false`` and nothing (empty, ``~``, ``null``) keep their meaning, for the marks.
    """


SpelledLoader.yaml_implicit_resolvers = {}
SpelledLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
SpelledLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(?:~|null|)$"), ["~", "n", ""])


def read_settings_file(path: str, file: TextIO) -> tuple[dict[str, Any], int | None]:
    """The content to be saved, and the revision it was taken from where the file says so.

    Takes what ``groups show`` and ``settings show`` print as JSON or YAML, and ``groups/NAME.yaml`` of an export: a
    secret that is given by its name keeps the stored value. Raises SettingsFileError.
    """
    document = _parse(path, file.read())
    if not isinstance(document, dict):
        raise SettingsFileError(path, "holds no content of a group, which is a mapping with keys like 'arguments'")
    revision = document.get("revision") if "content" in document else None
    content = document.get("content", document)
    if not isinstance(content, dict):
        raise SettingsFileError(path, "its 'content' is not a mapping")
    return _writable(path, content), None if revision is None else int(revision)


def _parse(path: str, text: str) -> Any:
    try:
        if Path(path).suffix.lower() == ".json":
            return json.loads(text, parse_float=str, parse_int=str)
        return SpelledLoader(text).get_single_data()
    except (ValueError, yaml.YAMLError) as error:
        raise SettingsFileError(path, f"cannot be read: {error}") from error


def _writable(path: str, content: dict[str, Any]) -> dict[str, Any]:
    result = {key: value for key, value in content.items() if key not in READ_ONLY}
    for section in SETTINGS:
        if section in result:
            result[section] = _settings(path, section, result[section])
    for section in ("jars", "py_files"):
        if section in result:
            result[section] = [_dependency(path, section, one) for one in result[section] or ()]
    return result


def _settings(path: str, section: str, settings: Any) -> dict[str, Any]:
    if not isinstance(settings, dict | None):
        raise SettingsFileError(path, f"'{section}' is not a mapping of names to values")
    return {str(name): _setting(setting) for name, setting in (settings or {}).items()}


def _setting(setting: Any) -> Any:
    if isinstance(setting, dict):
        secret = setting.get("secret", False)
        # the name of a secret (docs/gitops.md) says that it is one
        marks = {"secret": True} if isinstance(secret, str) else {}
        return {**setting, **marks, "value": _value(setting.get("value"))}
    return _value(setting)


def _value(value: Any) -> Any:
    # A bool is a value that was spelled `true`; None keeps a stored secret.
    return str(value).lower() if isinstance(value, bool) else value


def _dependency(path: str, section: str, one: Any) -> dict[str, Any]:
    if isinstance(one, str):
        return parse_dependency(one)
    if not isinstance(one, dict) or "name" not in one:
        raise SettingsFileError(path, f"'{section}' holds an entry without a name")
    version = one.get("version")
    return {**one, "version": None if version is None else _version(path, section, version)}


def _version(path: str, section: str, version: Any) -> int:
    try:
        return int(version)
    except ValueError as error:
        raise SettingsFileError(path, f"'{section}' holds a version that is no number: {version}") from error
