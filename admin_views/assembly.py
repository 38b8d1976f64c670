"""Puts the services together as Airflow's configuration says."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

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
from config_store.blobs.misconfigured import MisconfiguredBlobs
from config_store.blobs.opening import open_blobs
from config_store.errors import StorageMisconfigured
from config_store.secrets import FernetCipher

if TYPE_CHECKING:
    from admin_views.configuration import ServerSettings
    from config_store.blobs.protocol import BlobStorage


log = logging.getLogger(__name__)


def assemble_services() -> Services:
    """The services of this API server; opens no connection yet.

    A blob storage that can't be as it is set up is told by whatever needs it: without the plugin nobody would see why.
    """
    server = read_server_settings()
    return Services(
        database=open_database(server),
        blobs=_open_blobs(server),
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


def _open_blobs(server: ServerSettings) -> BlobStorage:
    try:
        return open_blobs(server.blob_root, server.blob_storage_options)
    except StorageMisconfigured as error:
        log.error("%s", error)
        return MisconfiguredBlobs(error)
