"""What Airflow's provider registry asks for; read in every process, so it imports nothing."""

from __future__ import annotations

from typing import Any

from couture_ops import __version__

_INTEGRATION = "Couture"


def _option(description: str, default: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {
        "description": description,
        "version_added": "0.1.0",
        "type": kind,
        "example": more.get("example"),
        "default": default,
        **({"sensitive": True} if more.get("sensitive") else {}),
    }


OPTIONS: dict[str, dict[str, Any]] = {
    "sql_alchemy_conn": _option(
        "Database of the store's tables. Empty: Airflow's own, where `airflow db migrate` keeps them.",
        "",
        sensitive=True,
        example="postgresql+psycopg2://couture:secret@db/couture",
    ),
    "blob_root": _option(
        "Where artifacts and configuration files lie, for all API servers: a shared folder, or the URL of an object "
        "store or HDFS (s3://, gs://, abfs://, hdfs://). Empty: couture/blobs in AIRFLOW_HOME.",
        "",
        example="s3://bucket/couture",
    ),
    "blob_storage_options": _option(
        "A JSON object for fsspec's implementation of blob_root's storage: endpoint, credentials. Empty: what it finds "
        "in the environment.",
        "",
        sensitive=True,
        example='{{"endpoint_url": "https://minio.example.com", "key": "couture", "secret": "…"}}',
    ),
    "max_upload_bytes": _option("The largest artifact that is taken, in bytes.", str(4 * 1024**3), "integer"),
    "spark_homes": _option(
        "Spark distributions of this worker: a JSON object of names and directories. A config group names one; "
        "without a name `default` counts, then SPARK_HOME, then pip's pyspark.",
        "",
        example='{{"default": "/opt/spark-4.2.0", "spark3": "/opt/spark-3.5.6"}}',
    ),
    "cache_dir": _option(
        "Folder of a worker for downloaded files and running tries. Empty: couture/cache in AIRFLOW_HOME.",
        "",
        example="/var/cache/couture",
    ),
    "cache_limit_mb": _option(
        "What downloaded files may take, in MB; the least recently used go first, never one in use.", "20000", "integer"
    ),
    "class_archive": _option(
        "auto: a driver whose Spark and JVM have an archive (airflow couture warm) starts with it, in about 0.6 of the "
        "time; off: never.",
        "auto",
    ),
    "store_timeout": _option(
        "How long a task waits for a store that does not answer before it fails, in seconds.", "300", "float"
    ),
    "api_url": _option(
        "Address of the API server for the store. Empty: the one that tasks use already "
        "([core] execution_api_server_url, else [api] base_url).",
        "",
        example="https://airflow.example.com",
    ),
}


def get_provider_info() -> dict[str, Any]:
    """The provider's description, as airflow/provider_info.schema.json has it."""
    return {
        "package-name": "couture-ops",
        "name": "Couture Spark Operations",
        "description": "Spark jobs from Apache Airflow with central, versioned configuration.",
        "versions": [__version__],
        "integrations": [{"integration-name": _INTEGRATION, "tags": ["apache"]}],
        "operators": [
            {
                "integration-name": _INTEGRATION,
                "python-modules": [
                    "couture_ops.operators.dag",
                    "couture_ops.operators.spark",
                    "couture_ops.operators.pyspark",
                ],
            }
        ],
        "triggers": [{"integration-name": _INTEGRATION, "python-modules": ["couture_ops.triggers"]}],
        "hooks": [{"integration-name": _INTEGRATION, "python-modules": ["couture_ops.hooks"]}],
        "connection-types": [
            {
                "connection-type": "couture",
                "hook-class-name": "couture_ops.hooks.CoutureHook",
                "hook-name": "Couture config store",
                "ui-field-behaviour": {
                    "hidden-fields": ["extra", "schema"],
                    "relabeling": {
                        "host": "API server, with http:// or https://",
                        "login": "User (none for a token)",
                        "password": "Password, or a token",
                    },
                    "placeholders": {"host": "https://airflow.example.com", "port": "443"},
                },
            }
        ],
        "extra-links": [
            "couture_ops.links.ReceiptLink",
            "couture_ops.links.PreviewLink",
            "couture_ops.links.ZoomLink",
        ],
        "db-managers": ["admin_views.database.CoutureDBManager"],
        "cli": ["admin_views.commands.get_cli_commands"],
        "config": {
            "couture": {"description": "Central configuration of Spark jobs.", "options": OPTIONS},
        },
    }
