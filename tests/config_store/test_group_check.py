"""What is found wrong with a config group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet

from config_store import group_check
from config_store.catalogue.lookup import Installed
from config_store.content import Keytab
from config_store.errors import MAX_TOLD, UnknownGroup
from config_store.group_check import asked_spark_homes, check_group, live_group_names
from config_store.models import VersionRow
from config_store.secrets import FernetCipher
from config_store.wire import Finding, Verdict
from tests.config_store.store import secret
from tests.key_document import catalogue

if TYPE_CHECKING:
    from tests.config_store.store import Store

CORE = "<property><name>fs.defaultFS</name><value>hdfs://a:8020</value></property>"
YARN = "<property><name>yarn.resourcemanager.hostname</name><value>rm</value></property>"


def xml(*properties: str) -> str:
    """A Hadoop file."""
    return f"<configuration>{''.join(properties)}</configuration>"


def prop(name: str, value: str) -> str:
    """A property of a Hadoop file."""
    return f"<property><name>{name}</name><value>{value}</value></property>"


def look(store: Store, name: str = "prod", **more: Any) -> list[Finding]:
    """What is found on a group."""
    with store.database.reading() as session:
        found = check_group(session, store.blobs, more.pop("cipher", store.cipher), name, **more)
    assert {finding.subject for finding in found} == {f"config group {name}"}
    return found


def wrong(store: Store, **more: Any) -> list[tuple[str, Verdict, str]]:
    """Check, verdict and message of all that is not well."""
    return [(f.check, f.verdict, f.message) for f in look(store, **more) if f.verdict is not Verdict.OK]


def with_files(store: Store, *properties: str, **fields: Any) -> None:
    """Make the group prod with one Hadoop file."""
    store.create("prod", hadoop_files=(store.config_file("core-site.xml", xml(*properties)),), **fields)


def test_a_group_that_is_well(store: Store) -> None:
    store.upload("hbase.jar")
    with_files(
        store,
        CORE,
        YARN,
        arguments={"master": "yarn"},
        configurations={"spark.my.password": "x"},
        jars=("hbase.jar",),
        krb5_conf=store.config_file("krb5.conf", "[libdefaults]"),
    )
    assert [(finding.check, finding.message) for finding in look(store)] == [
        ("files", "3 files there, each with its size; 3 read and compared by digest."),
        ("hadoop", "1 Hadoop file; what jobs need of the cluster is there."),
        ("target", "A job can be planned; the master is yarn."),
        ("dependencies", "1 chosen, all of them there."),
        ("secrets", "1 secret, all readable."),
    ]


def test_an_empty_group(store: Store) -> None:
    store.create("prod")
    assert wrong(store) == []
    assert [finding.message for finding in look(store)][1:3] == [
        "It has no Hadoop files and needs none.",
        "A job can be planned; the master is chosen by Spark's defaults or by tasks.",
    ]


def test_an_unknown_group(store: Store) -> None:
    with pytest.raises(UnknownGroup):
        look(store, "prod")


# --- files ---


def test_files_that_are_missing_or_damaged(store: Store) -> None:
    version = store.upload("hbase.jar")
    with_files(store, CORE, jars=("hbase.jar",), krb5_conf=store.config_file("krb5.conf", "[libdefaults]"))
    content = store.group("prod").content
    assert content.krb5_conf
    store.blobs.delete(version.sha256)
    store.blobs.delete(content.hadoop_files[0].sha256)
    path = store.blobs.path(content.krb5_conf.sha256)
    path.unlink()
    path.write_bytes(b"[LIBDEFAULTS]")
    found = look(store)
    assert [finding.message.split(" (")[0].split(":")[0] for finding in found[:3]] == [
        "core-site.xml is missing in the blob storage",
        "krb5.conf is damaged",
        "hbase.jar@1 is missing in the blob storage",
    ]
    assert [finding.advice.partition(": ")[2] for finding in found[:3]] == [
        "couture hadoop put prod core-site.xml",
        "couture settings krb5 prod FILE",
        "couture artifacts upload dependencies hbase.jar",
    ]
    assert ("hadoop", Verdict.SKIPPED, "core-site.xml is missing in the blob storage.") in wrong(store)


# --- Hadoop files ---


def test_a_file_that_does_not_parse(store: Store) -> None:
    store.create("prod", hadoop_files=(store.config_file("core-site.xml", "<configuration><property>"),))
    check, verdict, message = wrong(store)[0]
    assert (check, verdict) == ("hadoop", Verdict.FAULT)
    assert message == "core-site.xml: is not well-formed XML at line 1, column 26: no element found."


def test_no_file_system(store: Store) -> None:
    with_files(store, YARN)
    message = "No Hadoop file names a file system (fs.defaultFS): paths without a scheme mean the worker's own disk."
    assert wrong(store) == [("hadoop", Verdict.WARNING, message)]
    store.save("prod", arguments={"master": "yarn"})
    assert wrong(store) == [("hadoop", Verdict.FAULT, message)]
    assert next(f for f in look(store) if f.check == "hadoop").advice == (
        "Store the cluster's core-site.xml: couture hadoop put prod core-site.xml"
    )
    store.save("prod", configurations={"spark.hadoop.fs.defaultFS": "hdfs://a"})
    assert wrong(store) == []


@pytest.mark.parametrize("name", ["fs.defaultFS", "fs.default.name"])
def test_a_file_system_by_its_old_and_new_name(store: Store, name: str) -> None:
    with_files(store, prop(name, "hdfs://a"))
    assert wrong(store) == []


def test_an_empty_file_system_is_none(store: Store) -> None:
    with_files(store, prop("fs.defaultFS", ""))
    assert [check for check, _, _ in wrong(store)] == ["hadoop"]


def test_no_resource_manager(store: Store) -> None:
    with_files(store, CORE, arguments={"master": "yarn"})
    message = "master is yarn, and no Hadoop file names a resource manager (yarn.resourcemanager.hostname)."
    assert wrong(store) == [("hadoop", Verdict.FAULT, message)]
    store.save("prod", arguments={"master": "local[2]"})
    assert wrong(store) == []


@pytest.mark.parametrize(
    ("properties", "well"),
    [
        ({"yarn.resourcemanager.address": "rm:8032"}, True),
        ({"yarn.resourcemanager.ha.rm-ids": "rm1, rm2", "yarn.resourcemanager.hostname.rm2": "b"}, True),
        ({"yarn.resourcemanager.ha.rm-ids": "rm1", "yarn.resourcemanager.address.rm1": "a:8032"}, True),
        ({"yarn.resourcemanager.ha.rm-ids": "rm1,rm2"}, False),
        ({"yarn.resourcemanager.hostname": ""}, False),
    ],
)
def test_ways_to_name_a_resource_manager(store: Store, properties: dict[str, str], well: bool) -> None:
    given = [prop(name, value) for name, value in properties.items()]
    with_files(store, CORE, *given, configurations={"spark.master": "yarn"})
    assert (wrong(store) == []) is well


def test_a_name_service_without_its_name_nodes(store: Store) -> None:
    service = (prop("dfs.nameservices", "ns"), prop("dfs.ha.namenodes.ns", "a,b"))
    with_files(store, CORE, *service, prop("dfs.namenode.rpc-address.ns.a", "a:8020"))
    assert wrong(store) == [
        (
            "hadoop",
            Verdict.FAULT,
            "The name service of hdfs-site.xml lacks dfs.namenode.rpc-address of 1 name node.",
        )
    ]


def test_no_value_of_a_hadoop_file_is_told(store: Store) -> None:
    canary = "hunter2"
    properties = [prop(name, canary) for name in ("fs.defaultFS", "dfs.nameservices", f"dfs.ha.namenodes.{canary}")]
    with_files(store, *properties, prop("fs.s3a.secret.key", canary), arguments={"master": "yarn"})
    assert canary not in str(look(store))


# --- target ---


@pytest.mark.parametrize(
    ("fields", "message", "advice"),
    [
        (
            {"arguments": {"master": "yarn-client"}},
            "master='yarn-client' is no master that spark-submit knows; did you mean yarn?",
            "For instance: couture settings set prod master=yarn deploy-mode=client",
        ),
        (
            {"configurations": {"spark.submit.deployMode": "remote"}},
            "deploy-mode='remote' is neither client nor cluster.",
            "For instance: couture settings set prod deploy-mode=client",
        ),
        (
            {"arguments": {"master": "local[*]", "deploy-mode": "cluster"}},
            "deploy-mode=cluster with master=local[*] is not supported: spark-submit ends with exit code 0 there even "
            "when the driver fails. Use deploy-mode=client, or master=yarn.",
            "Change the group as it says.",
        ),
        (
            {"principal": "etl@EXAMPLE.COM"},
            "principal=etl@EXAMPLE.COM needs a keytab",
            "upload it to group 'prod'.",
        ),
    ],
)
def test_what_spark_submit_would_refuse(store: Store, fields: dict[str, Any], message: str, advice: str) -> None:
    store.create("prod", **fields)
    [found] = [finding for finding in look(store) if finding.verdict is not Verdict.OK]
    assert (found.check, found.verdict, found.message, found.advice) == ("target", Verdict.FAULT, message, advice)


def test_yarn_without_any_hadoop_file(store: Store) -> None:
    store.create("prod", arguments={"master": "yarn"})
    assert [(check, message) for check, _, message in wrong(store)][-1] == (
        "target",
        "Group 'prod' has master=yarn and no Hadoop files, so the cluster's address is unknown",
    )


@pytest.mark.parametrize(
    "master", ["local", "local[4]", "local[*,3]", "spark://a:7077", "k8s://https://a:6443", "spark://a:1,b:1"]
)
def test_masters_that_are_known(store: Store, master: str) -> None:
    store.create("prod", arguments={"master": master})
    assert wrong(store) == []


def test_what_spark_drops_is_a_warning(store: Store) -> None:
    store.create("prod", configurations={"my.key": "1"})
    assert wrong(store) == [
        ("target", Verdict.WARNING, "Spark drops my.key: it reads only properties that start with 'spark.'.")
    ]


def test_every_fault_of_the_target_is_told_and_what_is_dropped_with_them(store: Store) -> None:
    store.create(
        "prod",
        arguments={"master": "yarm", "deploy-mode": "remote"},
        configurations={"hello.world": "1", "my.key": "1", "my.empty": ""},
    )
    assert wrong(store) == [
        ("target", Verdict.FAULT, "master='yarm' is no master that spark-submit knows; did you mean yarn?"),
        ("target", Verdict.FAULT, "deploy-mode='remote' is neither client nor cluster."),
        ("target", Verdict.WARNING, "Spark drops hello.world: it reads only properties that start with 'spark.'."),
        ("target", Verdict.WARNING, "Spark drops my.key: it reads only properties that start with 'spark.'."),
    ]


def test_many_that_are_dropped_are_counted(store: Store) -> None:
    store.create("prod", configurations={f"my.key{number:03}": "1" for number in range(MAX_TOLD + 3)})
    told = [message for _, _, message in wrong(store)]
    assert len(told) == MAX_TOLD + 1
    assert told[-1] == "Spark drops 3 more."


# --- dependencies and secrets ---


def test_a_dependency_that_was_deleted(store: Store) -> None:
    store.upload("hbase.jar")
    store.upload("x.jar")
    store.create("prod", jars=("hbase.jar", "x.jar@1"))
    store.hide("hbase.jar", force=True)
    missing = "There is no dependency 'hbase.jar'. Did you mean: x.jar?"
    assert wrong(store) == [
        ("target", Verdict.SKIPPED, f"No plan can be made yet: {missing}"),
        ("dependencies", Verdict.FAULT, missing),
    ]
    found = next(finding for finding in look(store) if finding.check == "dependencies")
    assert found.advice == (
        "Upload it again, or take its deletion back: couture artifacts restore dependencies hbase.jar"
    )


def test_secrets_of_another_key_are_named_without_their_values(store: Store) -> None:
    token = store.cipher.encrypt("a2V5cw==")
    store.create(
        "prod",
        configurations={"spark.my.password": "hunter2", "spark.plain": "1"},
        environment={"MY_SECRET": secret("hunter2")},
        keytab=Keytab("etl.keytab", "ab" * 32, 4, token),
        principal="etl@EXAMPLE.COM",
    )
    other = FernetCipher([Fernet.generate_key().decode()])
    for cipher in (other, FernetCipher([])):
        assert [row for row in wrong(store, cipher=cipher) if row[0] == "secrets"] == [
            (
                "secrets",
                Verdict.FAULT,
                "No Fernet key opens configurations.spark.my.password, environment.MY_SECRET, keytab.",
            )
        ]
    assert [row[:2] for row in wrong(store, cipher=other)] == [("target", Verdict.SKIPPED), ("secrets", Verdict.FAULT)]
    assert wrong(store) == []


def test_many_unreadable_secrets_are_counted(store: Store) -> None:
    store.create("prod", configurations={f"spark.password.{n:02}": "x" for n in range(30)})
    message = wrong(store, cipher=FernetCipher([]))[-1][2]
    assert message.endswith("configurations.spark.password.19 and 10 more.")


# --- all of them ---


def test_a_crash_in_one_check_leaves_the_others(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.create("prod")

    def crash(_view: object) -> list[Finding]:
        raise OSError("the disk is on fire")

    monkeypatch.setitem(group_check._CHECKS, "hadoop", crash)
    found = look(store)
    assert [finding.check for finding in found] == ["files", "hadoop", "target", "dependencies", "secrets"]
    assert (found[1].verdict, found[1].message) == (
        Verdict.FAULT,
        "The check ended with OSError: the disk is on fire",
    )


def test_progress_names_the_group(store: Store) -> None:
    store.create("prod")
    told: list[str] = []
    look(store, progress=told.append)
    assert told == [f"config group prod: {check}" for check in group_check._CHECKS]


def test_groups_and_the_sparks_they_name(store: Store) -> None:
    for name, home in (("a", "spark4"), ("b", None), ("c", "spark4"), ("d", "spark3")):
        store.create(name, spark_home=home)
    store.delete("d")
    with store.database.reading() as session:
        assert live_group_names(session) == ["a", "b", "c"]
        assert asked_spark_homes(session) == {"spark4": ["a", "c"]}
    assert store.count(VersionRow) == 0


def test_keys_that_the_installed_spark_and_hadoop_do_not_know(store: Store) -> None:
    old = prop("fs.default.name", "hdfs://password@a:8020")
    with_files(
        store,
        old,
        arguments={"executor-memory": "7g"},
        configurations={"spark.eventLog.enabled": "yes", "spark.executor.memroy": "7g"},
        spark_home="spark4",
    )
    asked = []

    def find(spark_home: str | None) -> Installed:
        asked.append(spark_home)
        return Installed(catalogue())

    found = [finding for finding in look(store, find_catalogue=find) if finding.check == "keys"]
    assert asked == ["spark4"]
    assert [(finding.verdict, finding.message, finding.advice) for finding in found] == [
        (
            Verdict.FAULT,
            "configurations.spark.eventLog.enabled: Unexpected value 'yes': "
            "spark.eventLog.enabled is 'true' or 'false'.",
            "Correct it: couture settings set prod spark.eventLog.enabled=VALUE",
        ),
        (
            Verdict.WARNING,
            "configurations.spark.executor.memroy: spark.executor.memroy is no key of Spark 4.2.0; did you mean "
            "spark.executor.memory?",
            "Give it its right name; what a library of yours reads under this name may stay.",
        ),
        (
            Verdict.WARNING,
            "core-site.xml: fs.default.name is the old name of fs.defaultFS.",
            "Correct the file and store it again: couture hadoop put prod core-site.xml",
        ),
    ]


def test_keys_that_are_all_known(store: Store) -> None:
    store.create("prod", configurations={"spark.executor.memory": "7g", "spark.of.our.own": "x"})
    found = look(store, find_catalogue=lambda _: Installed(catalogue()))
    assert found[-1] == Finding.ok(
        "keys", "config group prod", "Spark 4.2.0 and its Hadoop take all keys and values as they stand."
    )


def test_of_very_many_odd_keys_the_first_are_told(store: Store) -> None:
    # each differs from a key by its separators alone
    names = [f"spark.executor{'_' * (n % 11)}.{'-' * (n // 11)}memory_" for n in range(MAX_TOLD + 7)]
    store.create("prod", configurations=dict.fromkeys(names, "1"))
    found = [f for f in look(store, find_catalogue=lambda _: Installed(catalogue())) if f.check == "keys"]
    assert len(found) == MAX_TOLD + 1
    assert (found[-1].message, found[-1].advice) == ("7 more are odd.", "Mend these first, then check again.")


def test_without_a_catalogue_the_keys_are_not_judged(store: Store) -> None:
    store.create("prod", configurations={"spark.executor.memroy": "7g"})
    found = look(store, find_catalogue=lambda _: Installed(None, "There is no Spark here."))
    assert found[-1] == Finding.skipped("keys", "config group prod", "There is no Spark here.")


def test_values_by_older_rules_are_told_without_a_catalogue(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr("config_store.content.value_faults", lambda *_: ())
        store.create("prod", arguments={"driver-memory": "1g\n"})
    missing = Installed(None, "There is no Spark here.")
    for find, more in (
        (None, []),
        (lambda _: missing, [Finding.skipped("keys", "config group prod", missing.missing)]),
    ):
        fault, *others = (finding for finding in look(store, find_catalogue=find) if finding.check == "keys")
        assert (fault.verdict, fault.advice) == (
            Verdict.FAULT,
            "Correct it: couture settings set prod driver-memory=VALUE",
        )
        assert fault.message.startswith("arguments.driver-memory: Unexpected value '1g\\n'")
        assert others == more
