"""A plan, a preview and a receipt as the server sends them, made from the types that travel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from config_store.wire import (
    Beaten,
    EffectiveSetting,
    JobRequest,
    Language,
    Layer,
    Outcome,
    PlannedArtifact,
    Receipt,
    Resource,
    ResourceKind,
    SecretFile,
    SettingKind,
    State,
    StoredFile,
    SubmitPlan,
    TaskIdentity,
    TimelineEntry,
)

ARGUMENT, CONFIGURATION, ENVIRONMENT = (
    SettingKind.ARGUMENT,
    SettingKind.CONFIGURATION,
    SettingKind.ENVIRONMENT,
)

PLAN = SubmitPlan(
    group="prod",
    revision=7,
    language=Language.PYTHON,
    app_name="ratings_dag.ratings",
    application=PlannedArtifact(name="ratings.py", sha256="a1" * 32, size=1234, version=3),
    application_arguments=('{"method_id": "m", "dag_id": "it\'s"}',),
    settings=(
        EffectiveSetting(kind=ARGUMENT, name="master", value="yarn", layer=Layer.GROUP, final=True, note="agreed"),
        EffectiveSetting(
            kind=ARGUMENT,
            name="driver-memory",
            value="4g",
            layer=Layer.OPERATOR,
            beat=(Beaten(layer=Layer.GROUP, name="spark.driver.memory", value="2g"),),
        ),
        EffectiveSetting(kind=ARGUMENT, name="supervise", value="false", layer=Layer.GROUP),
        EffectiveSetting(
            kind=CONFIGURATION,
            name="spark.sql.shuffle.partitions",
            value="64",
            layer=Layer.OPERATOR,
            beat=(Beaten(layer=Layer.GROUP, name="spark.sql.shuffle.partitions", value="200"),),
        ),
        EffectiveSetting(kind=CONFIGURATION, name="spark.workflow.taskId", value="ratings", layer=Layer.SUITE),
        EffectiveSetting(kind=CONFIGURATION, name="spark.my.apikey", value="hunter2", layer=Layer.GROUP, secret=True),
        EffectiveSetting(kind=ENVIRONMENT, name="TZ", value="UTC", layer=Layer.GROUP),
    ),
    resources=(
        Resource(
            kind=ResourceKind.JAR,
            layer=Layer.GROUP,
            artifact=PlannedArtifact(name="delta.jar", sha256="b2" * 32, size=2_345_678, version=1),
        ),
        Resource(kind=ResourceKind.JAR, layer=Layer.OPERATOR, uri="hdfs:///jars/x.jar"),
    ),
    hadoop_files=(StoredFile(name="core-site.xml", sha256="c3" * 32, size=57),),
    hadoop_digest="d4" * 32,
    keytab=SecretFile(name="etl.keytab", content="c2VjcmV0"),
    krb5_conf=StoredFile(name="krb5.conf", sha256="e5" * 32, size=99),
    spark_home="spark-4.2",
    warnings=("spark.my.typo is no property that Spark knows.",),
).redacted()

ARGV = (
    "/opt/spark/bin/spark-submit",
    "--master",
    "yarn",
    "--name",
    "ratings_dag.ratings",
    "--driver-memory",
    "4g",
    "--verbose",
    "--jars",
    "/cache/delta.jar,hdfs:///jars/x.jar",
    "--keytab",
    "/try/etl.keytab",
    "--properties-file",
    "/try/spark.properties",
    "--conf",
    "spark.sql.shuffle.partitions=64",
    "--conf",
    "spark.workflow.taskId=ratings",
    "/cache/ratings.py",
    '{"method_id": "m", "dag_id": "it\'s"}',
)

RECEIPT = Receipt(
    submission_id="0f3c",
    task=TaskIdentity(dag_id="ratings_dag", task_id="ratings", run_id="manual__2026-03-01", try_number=2, map_index=4),
    state=State.ENDED,
    outcome=Outcome.FAILED,
    submitted_by="task",
    group="prod",
    revision=7,
    request=JobRequest(language=Language.PYTHON, code_artifact="ratings.py"),
    plan=PLAN,
    timeline=(
        TimelineEntry(state=State.PLANNED, at=datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)),
        TimelineEntry(state=State.ENDED, at=datetime(2026, 3, 1, 12, 1, 7, 250_000, tzinfo=UTC)),
    ),
    host="worker-1",
    pids=(11, 12),
    argv=ARGV,
    environment_names=("HADOOP_CONF_DIR", "TZ"),
    spark_version="4.2.0",
    class_archive="2a9e94cc",
    key="application_1_1",
    application_id="application_1_1",
    tracking_url="http://rm/application_1_1",
    exit_code=1,
    message="Python raised an error (exit code 1).",
    last_lines="Traceback:\n\tboom \x1b[31m!\n",
)


def preview() -> dict[str, Any]:
    """A Preview as JSON."""
    return {
        "plan": PLAN.model_dump(mode="json"),
        "argv": list(ARGV),
        "environment": {"TZ": "UTC", "SPARK_HOME": "/opt/spark"},
        "notes": ["Values in double braces are templates.", *PLAN.warnings],
    }


def receipt() -> dict[str, Any]:
    """A Receipt as JSON."""
    return RECEIPT.model_dump(mode="json")
