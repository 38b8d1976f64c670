"""Create the tables of the store: groups, revisions, artifacts, submissions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Spelled out rather than taken from config_store.models: a migration stays what it was when the models move on.
NAME = sa.String(250).with_variant(mysql.VARCHAR(250, collation="utf8mb4_bin"), "mysql", "mariadb")
DIGEST = sa.String(64)
TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
DOCUMENT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    """Create them, each after those it refers to."""
    _create_groups()
    _create_artifacts()
    _create_submissions()


def _create_groups() -> None:
    op.create_table(
        "couture_groups",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deleted_at", TIME),
        sa.Column("deleted_by", NAME),
        sa.PrimaryKeyConstraint("id", name="pk_couture_groups"),
        sa.UniqueConstraint("name", name="uq_couture_groups_name"),
    )
    op.create_table(
        "couture_default_group",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_couture_default_group"),
        sa.ForeignKeyConstraint(["group_id"], ["couture_groups.id"], name="fk_couture_default_group_group_id"),
        # op.f: a final name; else the naming convention puts its prefix before it once more
        sa.CheckConstraint("id = 1", name=op.f("ck_couture_default_group_single")),
    )
    op.create_table(
        "couture_revisions",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Integer()),
        sa.Column("author", NAME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("content", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_couture_revisions"),
        sa.UniqueConstraint("group_id", "number", name="uq_couture_revisions_group_id_number"),
        sa.ForeignKeyConstraint(["group_id"], ["couture_groups.id"], name="fk_couture_revisions_group_id"),
    )


def _create_artifacts() -> None:
    op.create_table(
        "couture_artifacts",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_couture_artifacts"),
        sa.UniqueConstraint("kind", "name", name="uq_couture_artifacts_kind_name"),
    )
    op.create_table(
        "couture_artifact_versions",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("artifact_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_by", NAME, nullable=False),
        sa.Column("uploaded_at", TIME, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("hidden_at", TIME),
        sa.Column("hidden_by", NAME),
        sa.PrimaryKeyConstraint("id", name="pk_couture_artifact_versions"),
        sa.UniqueConstraint("artifact_id", "version", name="uq_couture_artifact_versions_artifact_id_version"),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["couture_artifacts.id"], name="fk_couture_artifact_versions_artifact_id"
        ),
    )
    _index("couture_artifact_versions", "sha256")


def _create_submissions() -> None:
    op.create_table(
        "couture_submissions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("task_instance_id", sa.String(36)),
        sa.Column("dag_id", NAME, nullable=False),
        sa.Column("task_id", NAME, nullable=False),
        sa.Column("run_id", NAME, nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(20)),
        sa.Column("submitted_by", NAME, nullable=False),
        sa.Column("group_name", NAME, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("app_name", sa.Text(), nullable=False),
        sa.Column("token_sha256", DIGEST, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("request", DOCUMENT, nullable=False),
        sa.Column("plan", DOCUMENT, nullable=False),
        sa.Column("facts", DOCUMENT, nullable=False),
        sa.Column("timeline", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_couture_submissions"),
        sa.UniqueConstraint("task_instance_id", name="uq_couture_submissions_task_instance_id"),
    )
    _index("couture_submissions", "created_at")
    _index("couture_submissions", "dag_id", "task_id", "run_id")
    _index("couture_submissions", "group_name", "created_at")
    _index("couture_submissions", "state", "created_at")
    op.create_table(
        "couture_submission_files",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("submission_id", sa.String(36), nullable=False),
        sa.Column("sha256", DIGEST, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_couture_submission_files"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["couture_submissions.id"], name="fk_couture_submission_files_submission_id"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["couture_artifact_versions.id"], name="fk_couture_submission_files_version_id"
        ),
    )
    _index("couture_submission_files", "sha256")
    _index("couture_submission_files", "submission_id", "sha256")
    _index("couture_submission_files", "version_id")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def downgrade() -> None:
    """Drop them, with every row, each before those it refers to; indexes go with their tables."""
    for table in (
        "couture_submission_files",
        "couture_submissions",
        "couture_artifact_versions",
        "couture_artifacts",
        "couture_revisions",
        "couture_default_group",
        "couture_groups",
    ):
        op.drop_table(table)
