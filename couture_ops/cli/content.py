"""How the content of a revision is shown: settings with their marks, dependencies, files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from couture_ops.cli.output import print_fields, print_table, title
from couture_ops.cli.texts import HIDDEN, size_text

SECTIONS = {"arguments": "Arguments", "configurations": "Configurations", "environment": "Environment"}


def show_content(content: Mapping[str, Any]) -> None:
    """Prints a content, each part under its heading; parts without anything are left out."""
    for section, heading in SECTIONS.items():
        if settings := content.get(section):
            title(heading)
            print_table(("NAME", "VALUE", "MARKS", "NOTE"), setting_rows(settings))
    for section, heading in {"jars": "Jars", "py_files": "Python files"}.items():
        if chosen := content.get(section):
            title(heading)
            print_table(("NAME", "VERSION"), ((one["name"], version_text(one)) for one in chosen))
    if files := content.get("hadoop_files"):
        title("Hadoop files")
        show_files(files)
    show_kerberos(content)


def setting_rows(settings: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Name, value, marks and note of each setting, in the order of the names."""
    for name, setting in sorted(settings.items()):
        value = HIDDEN if setting.get("secret") else setting["value"]
        marks = ", ".join(mark for mark in ("final", "secret") if setting.get(mark))
        yield name, value, marks, setting.get("note", "")


def version_text(chosen: Mapping[str, Any]) -> str:
    """The pinned version of a dependency, or that it follows the uploads."""
    return "newest" if chosen.get("version") is None else str(chosen["version"])


def show_files(files: list[dict[str, Any]]) -> None:
    """Prints names, sizes and digests."""
    rows = ((f["name"], size_text(f["size"]), f["sha256"]) for f in files)
    empty = "There are no Hadoop files yet. Store some: couture hadoop put GROUP FILE..."
    print_table(("NAME", "SIZE", "SHA256"), rows, empty=empty)


def show_kerberos(content: Mapping[str, Any]) -> None:
    """Prints principal, keytab and krb5.conf, and the Spark distribution."""
    fields = [
        ("Principal", content.get("principal")),
        ("Keytab", stored_file_text(content.get("keytab"))),
        ("krb5.conf", stored_file_text(content.get("krb5_conf"))),
        ("Spark home", content.get("spark_home")),
    ]
    if any(value for _, value in fields):
        title("Kerberos and Spark")
        print_fields(fields)


def stored_file_text(file: Mapping[str, Any] | None) -> str | None:
    """``prod.keytab (123 B, sha256 ab…)``."""
    if file is None:
        return None
    return f"{file['name']} ({size_text(file['size'])}, sha256 {file['sha256']})"
