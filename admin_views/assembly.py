"""Puts the services together as Airflow's configuration says."""

from __future__ import annotations

from airflow.version import version as airflow_version

from admin_views.audit import AirflowAuditTrail
from admin_views.child_runs import AirflowChildRuns
from admin_views.configuration import read_server_settings
from admin_views.dag_catalogue import AirflowDags
from admin_views.database import open_database
from admin_views.identity import AirflowIdentity
from admin_views.key_catalogues import InstalledCatalogues
from admin_views.services import Services
from admin_views.task_catalogue import SerializedTasks
from admin_views.task_runs import AirflowTaskRuns
from config_store.blobs.opening import open_blobs
from config_store.secrets import FernetCipher


def assemble_services() -> Services:
    """The services of this API server; opens no connection yet."""
    server = read_server_settings()
    return Services(
        database=open_database(server),
        blobs=open_blobs(server.blob_root, server.blob_storage_options),
        cipher=FernetCipher(server.fernet_keys),
        identity=AirflowIdentity(),
        audit=AirflowAuditTrail(shared=server.sql_alchemy_conn is None),
        tasks=SerializedTasks(),
        task_runs=AirflowTaskRuns(),
        dags=AirflowDags(),
        child_runs=AirflowChildRuns(),
        key_catalogues=InstalledCatalogues(),
        max_upload_bytes=server.max_upload_bytes,
        airflow_version=airflow_version,
    )
