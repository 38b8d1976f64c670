"""What ``airflow couture init`` sets up; every step may be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.api_fastapi.app import get_auth_manager_cls
from airflow.utils.session import create_session
from sqlalchemy import inspect

from admin_views.configuration import read_server_settings
from admin_views.database import migrate_own_database, open_database
from admin_views.permissions import ACTION_NAMES, READS_PLUGINS, ROLES, Resource
from config_store.models import Base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.providers.fab.auth_manager.models import Role
    from airflow.providers.fab.www.security_appless import ApplessAirflowSecurityManager

    from admin_views.configuration import ServerSettings

_FAB, _SIMPLE = "FabAuthManager", "SimpleAuthManager"


class NotInstalled(Exception):
    """Something that has to be there first is not."""


def install() -> list[str]:
    """Make the suite ready; answers a sentence for each step. Raises NotInstalled."""
    server = read_server_settings()
    done = ["Migrated the database of [couture] sql_alchemy_conn."] if migrate_own_database(server) else []
    check_tables(server)
    auth_manager = get_auth_manager_cls()
    if auth_manager.__name__ == _SIMPLE:
        return [*done, "SimpleAuthManager has fixed roles: viewers read, users preview, ops change, admins do all."]
    if not any(cls.__name__ == _FAB for cls in auth_manager.__mro__):
        return [
            *done,
            f"{auth_manager.__name__} keeps its permissions elsewhere; give the actions GET, POST, PUT and DELETE on "
            f"{', '.join(Resource)} to your roles there.",
        ]
    return [*done, *_install_roles()]


def check_tables(server: ServerSettings) -> None:
    """Raise NotInstalled when the store's tables are not there."""
    database = open_database(server)
    with database.reading() as session:
        missing = set(Base.metadata.tables) - set(inspect(session.connection()).get_table_names())
    database.engine.dispose()
    if missing:
        raise NotInstalled(f"The tables {', '.join(sorted(missing))} are missing; run `airflow db migrate` first.")


def _install_roles() -> Iterator[str]:
    from airflow.providers.fab.www.security_appless import ApplessAirflowSecurityManager

    with create_session() as session:
        security = ApplessAirflowSecurityManager(session=session)
        security.sync_roles()  # Airflow's own roles, which exist only after its first start otherwise
        for name, permissions in ROLES.items():
            role = security.find_role(name) or security.add_role(name)
            for action, resource in permissions:
                _give(security, role, ACTION_NAMES[action], str(resource))
            if name in READS_PLUGINS:
                _give(security, role, "can_read", "Plugins")
            yield f"Role {name} has its {len(permissions)} permissions."


def _give(security: ApplessAirflowSecurityManager, role: Role, action: str, resource: str) -> None:
    permission = security.get_permission(action, resource) or security.create_permission(action, resource)
    security.add_permission_to_role(role, permission)
