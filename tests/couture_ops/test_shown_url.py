"""What opens an address never stands in a message."""

from __future__ import annotations

import pytest

from couture_ops.shown_url import shown_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://AKIA:pass@bucket/blobs", "s3://AKIA:***@bucket/blobs"),
        ("http://user:p@ss@host:8080/x", "http://user:***@host:8080/x"),
        ("http://user@host", "http://user@host"),
        ("http://host:8080", "http://host:8080"),
        (
            "postgresql+psycopg2://host/db?sslpassword=x&sslmode=require",
            "postgresql+psycopg2://host/db?sslpassword=***&sslmode=***",
        ),
        ("sqlite:////opt/airflow/airflow.db", "sqlite:////opt/airflow/airflow.db"),
        ("/opt/blobs", "/opt/blobs"),
    ],
)
def test_only_where_it_leads_is_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown
