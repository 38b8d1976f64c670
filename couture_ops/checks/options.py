"""The check of the names in the section ``[couture]``: one that is misspelt would silently count for nothing."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from airflow.sdk.configuration import conf

from config_store.wire import Finding
from couture_ops.configuration import SECTION
from couture_ops.provider import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

CHECK = "options"
_SUBJECT = "[couture] in airflow.cfg and in the environment"
#: A secret option may be given by a command or a secrets backend under these endings.
_ENDINGS = ("_cmd", "_secret")


def check_options() -> list[Finding]:
    """Whether every option that is set, by file or ``AIRFLOW__COUTURE__…``, is one that is read."""
    return list(judge_options(conf.getsection(SECTION) or {}))


def judge_options(names: Collection[str]) -> Iterator[Finding]:
    """A warning for each unknown name; one word when all are known."""
    unknown = sorted(name for name in names if name not in OPTIONS and not _is_indirect(name))
    for name in unknown:
        near = get_close_matches(name, OPTIONS, n=1)
        meant = f"Did you mean {near[0]}?" if near else f"The options are {', '.join(sorted(OPTIONS))}."
        advice = f"Rename or remove {name} in airflow.cfg, or AIRFLOW__COUTURE__{name.upper()} in the environment."
        yield Finding.warning(CHECK, _SUBJECT, f"{name} is no option of the suite, and is not read. {meant}", advice)
    if not unknown:
        yield Finding.ok(CHECK, _SUBJECT, "Every name in it is an option.")


def _is_indirect(name: str) -> bool:
    return any(name.removesuffix(ending) in OPTIONS for ending in _ENDINGS if name.endswith(ending))
