"""Where a plan runs: what contradicts itself there is told before anything starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from config_store.errors import Unresolvable
from config_store.names import nearest
from config_store.settings import TWINS, twin_key
from config_store.wire import HIDDEN, SettingKind

if TYPE_CHECKING:
    from config_store.wire import EffectiveSetting, SubmitPlan

#: Source: the page "Submitting Applications" of Spark's documentation, Master URLs.
_MASTER = re.compile(r"local(\[(\*|\d+)(,\d+)?\])?|local-cluster\[.+\]|spark://.+|yarn|k8s://.+|mesos://.+")
#: How masters are written, for those who missed one by a letter.
_FORMS = ("local", "local[*]", "yarn", "spark://HOST:PORT", "k8s://https://HOST:PORT")
_DEPLOY_MODES = ("client", "cluster")
#: The settings that are looked at, by either of their names; a plan may hold thousands of others.
_ARGUMENTS = ("master", "principal", "deploy-mode", "proxy-user")
_ASKED = frozenset({*_ARGUMENTS, *(TWINS[name] for name in _ARGUMENTS if name in TWINS)})


def target_fault(name: str, value: str) -> str | None:
    """Why a value of ``master`` or ``deploy-mode`` (or of its twin) is none that spark-submit knows; None when it is.

    A save only warns of it: a Spark may have been taught masters of its own (its ExternalClusterManager).
    """
    key = TWINS.get(name, name)
    if not value:
        return None
    if key == TWINS["master"] and not _MASTER.fullmatch(value):
        return f"{name}={value[:100]!r} is no master that spark-submit knows; {_meant(value)}"
    if key == TWINS["deploy-mode"] and value.lower() not in _DEPLOY_MODES:
        return f"{name}={value[:100]!r} is neither client nor cluster"
    return None


def _meant(value: str) -> str:
    starts = {_start(form): form for form in reversed(_FORMS)}
    start = _start(value.lower())
    near = starts.get(start) or next((starts[one] for one in nearest(start, starts)), None)
    return f"did you mean {near}?" if near else f"write it like {', '.join(_FORMS)}"


def _start(master: str) -> str:
    """The word that says what kind of master it is."""
    return re.split(r"[:\[-]", master, maxsplit=1)[0]


def check_target(plan: SubmitPlan) -> None:
    """Raise Unresolvable for what spark-submit would refuse, or worse, would accept and get wrong."""
    settings = {twin_key(s.kind, s.name): s for s in plan.settings if s.name in _ASKED}

    def setting(argument: str) -> EffectiveSetting | None:
        return settings.get(twin_key(SettingKind.ARGUMENT, argument))

    master, principal, deploy_mode = setting("master"), setting("principal"), setting("deploy-mode")
    on_yarn = master is not None and master.value == "yarn"
    if on_yarn and not plan.hadoop_files:
        raise Unresolvable(
            f"Group {plan.group!r} has master=yarn and no Hadoop files, so the cluster's address is unknown; "
            "upload its core-site.xml and yarn-site.xml."
        )
    if deploy_mode and deploy_mode.value.lower() == "cluster" and not on_yarn:
        raise Unresolvable(
            f"deploy-mode=cluster with master={_displayed(master) if master else '(none)'} is not supported: "
            "spark-submit ends with exit code 0 there even when the driver fails. "
            "Use deploy-mode=client, or master=yarn."
        )
    if plan.keytab and not principal:
        raise Unresolvable(f"Group {plan.group!r} has a keytab and no principal; set the principal it belongs to.")
    if principal and not plan.keytab:
        raise Unresolvable(f"principal={_displayed(principal)} needs a keytab; upload it to group {plan.group!r}.")
    if principal and setting("proxy-user"):
        raise Unresolvable("proxy-user and principal exclude each other in spark-submit; keep one of them.")


def _displayed(setting: EffectiveSetting) -> str:
    return HIDDEN if setting.secret else setting.value
