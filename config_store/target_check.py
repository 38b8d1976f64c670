"""Where a plan runs: what contradicts itself there is told before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config_store.errors import Unresolvable
from config_store.settings import twin_key
from config_store.wire import HIDDEN, SettingKind

if TYPE_CHECKING:
    from config_store.wire import EffectiveSetting, SubmitPlan


def check_target(plan: SubmitPlan) -> None:
    """Raise Unresolvable for what spark-submit would refuse, or worse, would accept and get wrong."""
    settings = {twin_key(s.kind, s.name): s for s in plan.settings}

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
