"""Index what submissions are filtered by, each with the time that they are sorted by."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# MySQL takes at most 3072 bytes in a key: three names of 250 characters, four bytes each, and little besides.
# What failed of a DAG is asked for most: the outcome stands in its indexes, so that no other row is read.
_NEW = (
    ("couture_submissions", ("dag_id", "created_at", "outcome")),
    ("couture_submissions", ("dag_id", "task_id", "created_at", "outcome")),
    ("couture_submissions", ("task_id", "created_at")),
    ("couture_submissions", ("run_id", "created_at")),
    ("couture_submissions", ("outcome", "created_at")),
    ("couture_submissions", ("submitted_by", "created_at")),
    ("couture_submissions", ("group_name", "created_at", "dag_id", "task_id")),
    ("couture_submission_files", ("name", "submission_id")),
)
#: The first columns of a new one.
_OLD = ("couture_submissions", ("group_name", "created_at"))


def upgrade() -> None:
    """Create them; the one that a longer one replaces goes last, so that none is missed."""
    for table, columns in _NEW:
        op.create_index(_name(table, columns), table, list(columns))
    op.drop_index(_name(*_OLD), table_name=_OLD[0])


def downgrade() -> None:
    """Drop them, and create the one that was there before."""
    table, columns = _OLD
    op.create_index(_name(table, columns), table, list(columns))
    for new_table, new_columns in _NEW:
        op.drop_index(_name(new_table, new_columns), table_name=new_table)


def _name(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
