"""Where a plan runs: what contradicts itself there is told before anything starts."""

from __future__ import annotations

from typing import Any

import pytest

from config_store.errors import Unresolvable
from config_store.target_check import target_fault
from tests.config_store.store import Store, effective, keytab, only, refused, secret

DOTS = "••••••"
PRINCIPAL = "etl@EXAMPLE.ORG"


@pytest.fixture
def database_kind() -> str:
    """What is resolved is the same on every database."""
    return "sqlite"


@pytest.mark.parametrize(
    ("group", "request_fields"),
    [
        ({"arguments": {"master": "yarn", "deploy-mode": "cluster"}}, {}),
        ({"configurations": {"spark.master": "yarn"}}, {"spark_arguments": {"deploy-mode": "cluster"}}),
        ({"arguments": {"master": "yarn"}}, {"spark_configurations": {"spark.submit.deployMode": "cluster"}}),
    ],
)
def test_cluster_mode_is_for_yarn(store: Store, group: dict[str, Any], request_fields: dict[str, Any]) -> None:
    site = store.config_file("core-site.xml", "<configuration/>")
    store.create("prod", hadoop_files=(site,), **group)
    assert "cluster" in effective(store.plan(**request_fields)).values()


@pytest.mark.parametrize("master", ["spark://m:7077", "k8s://https://m", "local[2]", None])
@pytest.mark.parametrize(
    ("field", "name"), [("spark_arguments", "deploy-mode"), ("spark_configurations", "spark.submit.deployMode")]
)
def test_cluster_mode_elsewhere_is_refused(store: Store, master: str | None, field: str, name: str) -> None:
    store.create("prod", arguments={"master": master} if master else {})
    assert refused(Unresolvable, store, **only(field, name, "cluster")) == (
        f"deploy-mode=cluster with master={master or '(none)'} is not supported: spark-submit ends with exit code "
        "0 there even when the driver fails. Use deploy-mode=client, or master=yarn."
    )
    assert effective(store.plan(**only(field, name, "client")))


@pytest.mark.parametrize(
    "fields", [{"spark_arguments": {"master": "yarn"}}, {"spark_configurations": {"spark.master": "yarn"}}]
)
def test_yarn_needs_hadoop_files(store: Store, fields: dict[str, Any]) -> None:
    store.create("prod")
    assert refused(Unresolvable, store, **fields) == (
        "Group 'prod' has master=yarn and no Hadoop files, so the cluster's address is unknown; "
        "upload its core-site.xml and yarn-site.xml."
    )


def test_a_keytab_needs_its_principal(store: Store) -> None:
    store.create("prod", keytab=keytab(store))
    assert refused(Unresolvable, store) == (
        "Group 'prod' has a keytab and no principal; set the principal it belongs to."
    )


@pytest.mark.parametrize(
    "group",
    [
        {"principal": PRINCIPAL},
        {"arguments": {"principal": PRINCIPAL}},
        {"configurations": {"spark.kerberos.principal": PRINCIPAL}},
    ],
)
def test_a_principal_needs_its_keytab(store: Store, group: dict[str, Any]) -> None:
    store.create("prod", **group)
    assert refused(Unresolvable, store) == f"principal={PRINCIPAL} needs a keytab; upload it to group 'prod'."


def test_a_secret_principal_is_not_told(store: Store) -> None:
    store.create("prod", arguments={"principal": secret(PRINCIPAL)})
    assert refused(Unresolvable, store) == f"principal={DOTS} needs a keytab; upload it to group 'prod'."


def test_proxy_user_and_principal_exclude_each_other(store: Store) -> None:
    store.create("prod", principal=PRINCIPAL, keytab=keytab(store))
    assert refused(Unresolvable, store, spark_arguments={"proxy-user": "bob"}) == (
        "proxy-user and principal exclude each other in spark-submit; keep one of them."
    )


FORMS = "local, local[*], yarn, spark://HOST:PORT, k8s://https://HOST:PORT"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("master", "yarn", None),
        ("master", "local[4,2]", None),
        ("master", "", None),
        ("queue", "yarm", None),
        ("master", "yarm", "master='yarm' is no master that spark-submit knows; did you mean yarn?"),
        ("spark.master", "YARN", "spark.master='YARN' is no master that spark-submit knows; did you mean yarn?"),
        ("master", "local(4)", "master='local(4)' is no master that spark-submit knows; did you mean local?"),
        ("master", "local[four]", "master='local[four]' is no master that spark-submit knows; did you mean local?"),
        ("master", "sparc://m:7077", "master='sparc://m:7077' is no master that spark-submit knows; did you mean "
         "spark://HOST:PORT?"),
        ("master", "k8s:https://m", "master='k8s:https://m' is no master that spark-submit knows; did you mean "
         "k8s://https://HOST:PORT?"),
        ("master", "m:7077", f"master='m:7077' is no master that spark-submit knows; write it like {FORMS}"),
        ("deploy-mode", "Cluster", None),
        ("spark.submit.deployMode", "remote", "spark.submit.deployMode='remote' is neither client nor cluster"),
    ],
)  # fmt: skip
def test_a_target_that_spark_does_not_know(name: str, value: str, told: str | None) -> None:
    assert target_fault(name, value) == told
