"""Who asks, and what he may: Airflow's users by its auth manager, Airflow's tasks by their own proof."""

from __future__ import annotations

import hmac
import json
import uuid
from typing import TYPE_CHECKING

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager, SimpleAuthManagerRole
from airflow.api_fastapi.core_api.security import get_user
from airflow.models.dag import DagModel
from airflow.models.task_state_store import TaskStateStoreModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import State, TaskInstanceState
from fastapi import HTTPException
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.security.utils import get_authorization_scheme_param
from sqlalchemy import select

from admin_views.permissions import ROLES
from admin_views.problems import NotProven, Unauthenticated
from admin_views.services import Caller
from config_store.submissions import Submitter
from config_store.wire import PROOF_KEY, TaskIdentity, proof_digest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.requests import Request

    from admin_views.permissions import Action, Resource

_REFUSED = (
    "The credential proves no running task: the task must be running, and its state store must hold the sha256 "
    "of the secret. A try proves itself anew; nothing can be replayed after its end."
)

#: A task in one of these has no process and no trigger that could tell the end of its job.
_ENDED = State.finished | {TaskInstanceState.UP_FOR_RETRY}


class AirflowIdentity:
    """Users and tasks of the Airflow that this process serves."""

    async def caller(self, request: Request) -> Caller:
        """The user of the bearer token, else of Airflow's cookie; raises Unauthenticated for others."""
        scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
        bearer = HTTPAuthorizationCredentials(scheme=scheme, credentials=token) if token else None
        try:
            user = await get_user(request, None, bearer)
        except HTTPException as error:  # 401 without a token, 403 with one of another server or of yesterday
            raise Unauthenticated(str(error.detail)) from error
        address = request.client.host if request.client else "unknown"
        return Caller(name=user.get_name(), address=address, user=user)

    def permits(self, caller: Caller, action: Action, resource: Resource) -> bool:
        """Whether Airflow's auth manager gives the user the permission."""
        manager = get_auth_manager()
        if isinstance(manager, SimpleAuthManager):
            return _simple_role_permits(caller.user, action, resource)
        return manager.is_authorized_custom_view(method=action, resource_name=str(resource), user=caller.user)

    def may_read_dag(self, caller: Caller, dag_id: str) -> bool:
        """Whether the user may read the DAG's code-level details: its tasks."""
        return _permits_dag(caller, dag_id, "GET", DagAccessEntity.TASK)

    def readable_dags(self, caller: Caller, dag_ids: Collection[str]) -> set[str]:
        """The right that Airflow's own pages of a DAG's tasks and of its runs ask for; teams are read at once."""
        with create_session() as session:
            teams = DagModel.get_dag_id_to_team_name_mapping(list(dag_ids), session=session)
        permits = get_auth_manager().is_authorized_dag
        return {
            dag_id
            for dag_id in dag_ids
            if all(
                permits(
                    method="GET",
                    access_entity=entity,
                    details=DagDetails(id=dag_id, team_name=teams.get(dag_id)),
                    user=caller.user,
                )
                for entity in (DagAccessEntity.TASK, DagAccessEntity.RUN)
            )
        }

    def may_run_task(self, caller: Caller, dag_id: str) -> bool:
        """The right that Airflow's own Clear asks for."""
        return _permits_dag(caller, dag_id, "PUT", DagAccessEntity.TASK_INSTANCE)

    def may_read_audit_log(self, caller: Caller) -> bool:
        """The right that Airflow's own page of events asks for."""
        entity = DagAccessEntity.AUDIT_LOG
        return get_auth_manager().is_authorized_dag(method="GET", access_entity=entity, user=caller.user)

    def prove_task(self, proof: str) -> Submitter:
        """The running task instance whose state store holds the sha256 of the secret.

        Only that task instance can write there (the execution API sees to it), so who knows the secret is it.
        Everything about the task comes from Airflow's row.
        """
        task_instance_id, _, secret = proof.partition(":")
        try:
            key = uuid.UUID(task_instance_id)
        except ValueError:
            raise NotProven(_REFUSED) from None
        with create_session() as session:
            row = session.get(TaskInstance, key)
            if row is None or row.state != TaskInstanceState.RUNNING:
                raise NotProven(_REFUSED)
            stored = session.scalar(
                select(TaskStateStoreModel.value).where(
                    TaskStateStoreModel.dag_id == row.dag_id,
                    TaskStateStoreModel.run_id == row.run_id,
                    TaskStateStoreModel.task_id == row.task_id,
                    TaskStateStoreModel.map_index == row.map_index,
                    TaskStateStoreModel.key == PROOF_KEY,
                )
            )
            if not _matches(stored, str(key), secret):
                raise NotProven(_REFUSED)
            return _submitter(row)

    def gone_tasks(self, task_instance_ids: Sequence[str]) -> dict[str, str]:
        """By Airflow's own rows; a try that a later one has followed has another id there."""
        keys = {uuid.UUID(key): key for key in task_instance_ids}
        found_states = select(TaskInstance.id, TaskInstance.state).where(TaskInstance.id.in_(keys))
        with create_session() as session:
            states = {row.id: row.state for row in session.execute(found_states)}
        return {
            key: f"Airflow has its task as {states[found]}" if found in states else "Airflow has no such try any more"
            for found, key in keys.items()
            if found not in states or states[found] in _ENDED
        }


def _permits_dag(caller: Caller, dag_id: str, method: ResourceMethod, entity: DagAccessEntity) -> bool:
    return get_auth_manager().is_authorized_dag(
        method=method,
        access_entity=entity,
        details=DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id)),
        user=caller.user,
    )


#: The role a user of SimpleAuthManager needs: that manager answers every question about custom views with
#: "whoever may look", so the shares of the roles are kept here.
_SIMPLE_ROLES = {
    "Viewer": SimpleAuthManagerRole.VIEWER,
    "User": SimpleAuthManagerRole.USER,
    "Op": SimpleAuthManagerRole.OP,
}


def _simple_role_permits(user: SimpleAuthManagerUser, action: Action, resource: Resource) -> bool:
    needed = next(
        (role for name, role in _SIMPLE_ROLES.items() if (action, resource) in ROLES[name]), SimpleAuthManagerRole.ADMIN
    )
    return user.role is not None and SimpleAuthManagerRole[user.role.upper()].order >= needed.order


def _matches(stored: str | None, task_instance_id: str, secret: str) -> bool:
    """Whether the stored JSON is the digest of this try's secret."""
    expected = proof_digest(task_instance_id, secret)
    return stored is not None and hmac.compare_digest(str(json.loads(stored)).encode(), expected.encode())


def _submitter(row: TaskInstance) -> Submitter:
    return Submitter(
        name="task",
        task=TaskIdentity(
            dag_id=row.dag_id,
            task_id=row.task_id,
            run_id=row.run_id,
            try_number=row.try_number,
            map_index=row.map_index,
        ),
        task_instance_id=str(row.id),
    )
