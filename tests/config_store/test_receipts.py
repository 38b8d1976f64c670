"""What differs between two receipts."""

from __future__ import annotations

from config_store.diff import Change
from config_store.receipts import diff_receipts
from config_store.wire import HIDDEN, State
from tests.config_store.store import CODE, Store, secret
from tests.stand_ins import task


def test_two_runs_of_the_same_do_not_differ(store: Store) -> None:
    store.create("prod", arguments={"queue": "a"})
    one, other = (store.receipt(store.submit().submission_id) for _ in range(2))
    assert diff_receipts(one, other) == []


def test_everything_that_ran_differently_is_told_sorted_by_place(store: Store) -> None:
    for name in ("job.py", "main.jar"):
        store.upload(name, b"1", kind=CODE)
    store.upload("lib.zip", b"1")
    core = store.config_file("core-site.xml", "<configuration/>")
    krb5 = store.config_file("krb5.conf", "[a]")
    store.create(
        "prod",
        arguments={"queue": "a"},
        configurations={"spark.x": "1", "spark.my.password": "planted-1"},
        environment={"TZ": "UTC"},
        py_files=["lib.zip"],
        hadoop_files=(core,),
        krb5_conf=krb5,
        spark_home="spark4",
    )
    old = store.receipt(store.submit(code_artifact="job.py", files=["s3a://x/a.conf"]).submission_id)
    lib, job = store.upload("lib.zip", b"2"), store.upload("job.py", b"2", kind=CODE)
    store.save(
        "prod",
        arguments={"queue": "b"},
        configurations={"spark.my.password": "planted-2"},
        environment={"TZ": "UTC", "X": secret("planted-3")},
        hadoop_files=(),
        krb5_conf=None,
        spark_home=None,
    )
    ticket = store.submit(code_artifact="job.py", app_name="ünï", application_arguments=["größe", ""])
    new = store.report(ticket.submission_id, State.RUNNING, host="w1", spark_version="4.2.0")
    digests = {"1": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"}
    assert diff_receipts(old, new) == [
        Change("app_name", "sales.load", "ünï"),
        Change("application_arguments", "[]", '["größe", ""]'),
        Change("arguments.queue", "a", "b"),
        Change("code_artifact", f"job.py@1 {digests['1']}", f"job.py@2 {job.sha256}"),
        Change("configurations.spark.x", "1", None),
        Change("environment.X", None, "••••••"),
        Change("files.s3a://x/a.conf", "s3a://x/a.conf", None),
        Change("hadoop_files.core-site.xml", core.sha256, None),
        Change("host", None, "w1"),
        Change("krb5_conf", krb5.sha256, None),
        Change("py-files.lib.zip", f"@1 {digests['1']}", f"@2 {lib.sha256}"),
        Change("revision", "1", "2"),
        Change("spark_home", "spark4", None),
        Change("spark_version", None, "4.2.0"),
    ]


def test_another_application_is_told(store: Store) -> None:
    store.create("prod")
    store.upload("main.jar", b"1", kind=CODE)
    old = store.receipt(store.submit(language="java", code_artifact="main.jar", class_path="a.Main").submission_id)
    new = store.receipt(store.submit(application_uri="s3a://jobs/job.py").submission_id)
    digest = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
    assert diff_receipts(old, new) == [
        Change("application_uri", None, "s3a://jobs/job.py"),
        Change("class_path", "a.Main", None),
        Change("code_artifact", f"main.jar@1 {digest}", None),
    ]


def test_what_was_marked_secret_later_is_hidden_in_the_older_receipt_too(store: Store) -> None:
    store.create("prod", configurations={"spark.my.thing": "plain1"}, arguments={"queue": "plain2"})
    old = store.submit(task(run_id="1"))
    store.save("prod", configurations={"spark.my.thing": secret("new1")}, arguments={"queue": secret("new2")})
    new = store.submit(task(run_id="2"))
    differences = diff_receipts(store.receipt(old.submission_id), store.receipt(new.submission_id))
    settings = {change.where: (change.old, change.new) for change in differences if "." in change.where}
    assert settings == {
        "arguments.queue": (HIDDEN, None),
        "configurations.spark.my.thing": (HIDDEN, HIDDEN),
        "configurations.spark.yarn.queue": (None, HIDDEN),
    }
