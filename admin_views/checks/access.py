"""Checks of who gets in: the plugin in Airflow, permissions of roles, and the keys of the secrets."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from airflow import plugins_manager
from airflow.configuration import conf
from airflow.utils.session import create_session
from sqlalchemy import select

from admin_views.permissions import ACTION_NAMES, ROLES, Resource
from config_store.wire import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

_PLUGIN, _PERMISSIONS, _KEYS = "plugin", "permissions", "fernet key"
_ENTRY_POINT, _FAB = "couture", "FabAuthManager"


def check_plugin() -> Finding:
    """Whether Airflow loads our plugin in this Python."""
    errors = plugins_manager.get_import_errors()
    ours = {
        source: said
        for source, said in errors.items()
        # in a checkout the project's metadata is found twice, which harms nothing
        if "couture" in f"{source} {said}".lower() and "already registered" not in said
    }
    if ours:
        said = "; ".join(f"{source}: {' '.join(text.split())}" for source, text in ours.items())
        return Finding.fault(
            _PLUGIN, "airflow plugins", f"It can't be imported: {said[:500]}", "Mend the installation."
        )
    # what Airflow's own list of plugins costs is the whole API server: it has every plugin build its apps
    names = sorted({point.name for point in metadata.entry_points(group="airflow.plugins")})
    if _ENTRY_POINT not in names:
        message = f"Airflow does not load it (it loads {', '.join(names) or 'none'})."
        advice = "Install couture-ops[airflow] into the Python that runs Airflow, and restart the API server."
        return Finding.fault(_PLUGIN, "airflow plugins", message, advice)
    return Finding.ok(_PLUGIN, "airflow plugins", "Airflow loads the couture plugin.")


def check_permissions() -> Finding:
    """Whether each permission of the suite is in the hands of some role."""
    subject = conf.get_mandatory_value("core", "auth_manager").rpartition(".")[2]
    if subject == "SimpleAuthManager":
        return Finding.ok(_PERMISSIONS, subject, "Its roles are fixed, and what each may do with the suite, too.")
    if not _is_fab(subject):
        reason = (
            f"{subject} keeps its permissions elsewhere; GET, POST, PUT, DELETE on {', '.join(Resource)} are needed."
        )
        return Finding.skipped(_PERMISSIONS, subject, reason)
    with create_session() as session:
        return judge_permissions(subject, _granted(session))


def _is_fab(name: str) -> bool:
    """Whether the auth manager of that name is FAB's or made of it; only one of another name has to be imported.

    That brings the whole API server, a second or two.
    """
    if name == _FAB:
        return True
    manager: type = conf.getimport("core", "auth_manager")
    return any(cls.__name__ == _FAB for cls in manager.__mro__)


def _granted(session: Session) -> set[tuple[str, str]]:
    """The pairs of action and resource that at least one role has."""
    from airflow.providers.fab.auth_manager.models import Action, Permission, Role
    from airflow.providers.fab.auth_manager.models import Resource as FabResource

    rows = session.execute(
        select(Action.name, FabResource.name)
        .select_from(Role)
        .join(Role.permissions)
        .join(Action, Permission.action_id == Action.id)
        .join(FabResource, Permission.resource_id == FabResource.id)
        .where(FabResource.name.in_([str(resource) for resource in Resource]))
    )
    return {(action, resource) for action, resource in rows}


def judge_permissions(subject: str, granted: set[tuple[str, str]]) -> Finding:
    """``granted``: the pairs of action and resource, as Flask-AppBuilder names them, that some role has."""
    needed = {(ACTION_NAMES[action], str(resource)) for pairs in ROLES.values() for action, resource in pairs}
    missing = sorted(needed - granted)
    advice = "Run `airflow couture init`."
    if missing and not granted:
        return Finding.fault(_PERMISSIONS, subject, "No role has any permission of the suite.", advice)
    if missing:
        named = ", ".join(f"{action} on {resource}" for action, resource in missing)
        return Finding.fault(_PERMISSIONS, subject, f"No role has {named}.", advice)
    return Finding.ok(_PERMISSIONS, subject, f"Each of the {len(needed)} permissions belongs to a role.")


def check_keys(keys: Sequence[str]) -> Finding:
    """Whether secrets can be stored; whether old ones can be read, the check of each group tells."""
    subject = "[core] fernet_key"
    if not keys:
        advice = (
            "Make a key (python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())') "
            "and set it in [core] fernet_key of every API server."
        )
        return Finding.fault(_KEYS, subject, "It is empty: secrets can neither be stored nor read.", advice)
    usable = usable_keys(keys)
    unfit = [str(number) for number, key in enumerate(keys, 1) if key not in usable]
    if unfit:
        said = f"Of its {len(keys)} keys number {', '.join(unfit)} is" if len(keys) > 1 else "It is"
        message = f"{said} no Fernet key (32 bytes in URL-safe base64)."
        return Finding.fault(
            _KEYS, subject, message, "Mend or remove it; keep every key that secrets were stored with."
        )
    return Finding.ok(_KEYS, subject, f"{len(keys)} usable; the first encrypts.")


def usable_keys(keys: Sequence[str]) -> list[str]:
    """Those of the keys that are Fernet keys."""
    return [key for key in keys if _fits(key)]


def _fits(key: str) -> bool:
    from cryptography.fernet import Fernet

    try:
        Fernet(key)
    except ValueError:
        return False
    return True
