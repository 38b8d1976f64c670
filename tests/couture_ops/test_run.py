"""One job from its request to the end of its receipt: a real store, a real process that stands for spark-submit."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from config_store.wire import JobRequest, Language, Outcome, Receipt
from couture_ops import run as run_module
from couture_ops.class_archive import ArchiveRecord, ClassArchives, archive_key
from couture_ops.client import StoreClient
from couture_ops.configuration import WorkerSettings
from couture_ops.errors import (
    JobFailed,
    JobStopped,
    SparkSubmitMissing,
    StoreRefused,
    StoreUnreachable,
    UnknownSparkHome,
)
from couture_ops.jvm import read_jvm
from couture_ops.run import SparkJob, Surroundings
from tests.couture_ops.jdks import make_jdk
from tests.couture_ops.late_server import bound_socket
from tests.couture_ops.recorded import RECORDING_SPARK, records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.couture_ops.conftest import LiveStore

JOB = JobRequest(language=Language.PYTHON, code_artifact="job.py", application_arguments=("in", "out"))
PRINTED = "Exception in thread main\n    at the.second(line)\n\tat the.third(line)"
#: Prints that it is ready, then waits to be ended.
SLEEPER = "#!/bin/sh\necho ready\nexec sleep 600\n"
FILE_CANARY, ENVIRONMENT_CANARY, BEATEN_CANARY = "canary-5d1 in a file", "canary-77e", "canary-beaten"


@dataclass
class Worker:
    """A worker's disk and configuration, and what its tasks' processes get to hear."""

    url: str
    settings: WorkerSettings
    blocks: list[str] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)

    def give(self, **changes: Any) -> Worker:
        """The same worker with other settings."""
        return replace(self, settings=replace(self.settings, **changes))

    def write_spark(self, script: str, home: Path) -> Worker:
        """The worker with a Spark whose spark-submit is that script."""
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "spark-submit").write_text(script)
        (home / "bin" / "spark-submit").chmod(0o755)
        return self.give(spark_homes={"default": str(home)})

    @contextmanager
    def job(
        self,
        authorization: str,
        on_block: Callable[[str], None] = lambda _: None,
        on_submitted: Callable[[str], None] = lambda _: None,
    ) -> Iterator[SparkJob]:
        """A job of a task that has that proof."""

        def emit(block: str) -> None:
            self.blocks.append(block)
            on_block(block)

        def hear(submission_id: str) -> None:
            self.submitted.append(submission_id)
            on_submitted(submission_id)

        client = StoreClient(self.url, authorization, store_timeout_s=self.settings.store_timeout_s)
        try:
            yield SparkJob(client, self.settings, Surroundings(emit, self.masked.append, hear))
        finally:
            client.close()

    def run(self, authorization: str, request: JobRequest = JOB) -> str:
        """Run a job to its end."""
        with self.job(authorization) as job:
            return job.run(request)

    def tries(self) -> list[Path]:
        """What is left of tries."""
        return list((self.settings.cache_dir / "tries").glob("*"))


@pytest.fixture
def worker(store: LiveStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker whose Spark writes down how it is called."""
    monkeypatch.setenv("COUTURE_TEST_RECORDS", str(tmp_path / "records"))
    monkeypatch.delenv("SPARK_HOME", raising=False)
    (tmp_path / "records").mkdir()
    spark = shutil.copytree(RECORDING_SPARK, tmp_path / "spark")
    (spark / "RELEASE").write_text("Spark 4.2.0 (git revision 0) built for Hadoop 3.5.0\n")
    homes = {"default": str(spark)}
    return Worker(
        store.url,
        WorkerSettings(store.url, store.url, tmp_path / "cache", 100_000_000, homes, 20.0, use_class_archive=False),
    )


@pytest.fixture
def filled(store: LiveStore) -> LiveStore:
    """A store with a job and a group that has secrets."""
    store.upload("job.py", b"print('job')")
    store.create_group(
        "default",
        arguments={"master": "local[1]", "driver-memory": "512m"},
        configurations={"spark.my.password": FILE_CANARY, "spark.x": "1"},
        environment={"MY_TOKEN": ENVIRONMENT_CANARY},
    )
    return store


def only_receipt(store: LiveStore) -> Receipt:
    """The one receipt of a store."""
    (receipt,) = store.receipts()
    return receipt


def states(receipt: Receipt) -> list[str]:
    """The timeline without its times."""
    return [entry.state for entry in receipt.timeline]


# --- success ---


def test_the_receipt_tells_what_ran(filled: LiveStore, worker: Worker) -> None:
    request = JOB.model_copy(update={"spark_configurations": {"spark.x": "2"}})
    submission_id = worker.run(filled.add_task(), request)
    receipt = only_receipt(filled)
    assert worker.submitted == [submission_id] == [receipt.submission_id]
    assert (receipt.task.dag_id, receipt.task.task_id, receipt.submitted_by) == ("sales", "load", "task")
    assert states(receipt) == ["planned", "submitted", "running", "ended"]
    assert (receipt.outcome, receipt.exit_code, receipt.message, receipt.last_lines) == ("succeeded", 0, None, None)
    assert (receipt.host, receipt.spark_version, len(receipt.pids)) == (socket.gethostname(), "4.2.0", 2)
    tried = receipt.argv[receipt.argv.index("--properties-file") + 1].removesuffix("/spark.properties")
    assert tried.startswith(f"{worker.settings.cache_dir}/tries/{submission_id}-")
    assert list(receipt.argv) == [
        f"{worker.settings.spark_homes['default']}/bin/spark-submit",
        *("--master", "local[1]"),
        *("--name", "sales.load"),
        *("--driver-memory", "512m"),
        *("--properties-file", f"{tried}/spark.properties"),
        *("--conf", "spark.workflow.dagId=sales"),
        *("--conf", "spark.workflow.taskId=load"),
        *("--conf", "spark.x=2"),
        *(f"{tried}/files/job.py", "in", "out"),
    ]
    (record,) = records()
    assert record["argv"] == list(receipt.argv[1:])
    assert {"MY_TOKEN", "SPARK_HOME"} <= set(receipt.environment_names) <= set(record["environment"])
    assert record["environment"]["MY_TOKEN"] == ENVIRONMENT_CANARY
    assert worker.blocks == [PRINTED]


def test_the_log_says_where_each_setting_comes_from(
    filled: LiveStore, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="couture_ops.run")
    change = {"spark_configurations": {"spark.x": "2", "x": "y"}, "exclude_spark_args": ("queue", "none")}
    submission_id = worker.run(filled.add_task(), JOB.model_copy(update=change))
    assert caplog.messages[0] == (
        f"Submission {submission_id}: config group default, revision 1\n"
        "  --driver-memory=512m (the group)\n"
        "  --master=local[1] (the group)\n"
        "  spark.my.password=•••••• (the group)\n"
        "  spark.workflow.dagId=sales (the suite)\n"
        "  spark.workflow.taskId=load (the suite)\n"
        "  spark.x=2 (the operator, not 1 of the group)\n"
        "  x=y (the operator)\n"
        "  MY_TOKEN=•••••• (the group)\n"
        "  job.py version 1, sha256 8f2cca7cffc9…"
    )
    assert caplog.messages[1:3] == [
        "exclude_spark_args names 'none', which group 'default' does not set",
        "Spark drops x: it reads only properties that start with 'spark.'",
    ]
    assert caplog.messages[3].startswith("The driver runs as process ")
    assert caplog.messages[4:] == [f"The Spark job succeeded (submission {submission_id})"]
    assert "canary" not in caplog.text


def test_secrets_reach_the_driver_by_a_private_file_that_goes_away(filled: LiveStore, worker: Worker) -> None:
    worker.run(filled.add_task())
    (record,) = records()
    ((path, file),) = ((p, f) for p, f in record["files"].items() if p.endswith("/spark.properties"))
    assert file == {"mode": 0o600, "content": f"spark.my.password={FILE_CANARY}\n"}
    assert "canary" not in " ".join(record["argv"])
    assert record["working_directory_mode"] == 0o700
    assert not Path(path).exists()
    assert worker.tries() == []


def test_hadoop_files_are_the_groups(filled: LiveStore, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HADOOP_CONF_DIR", "/etc/hadoop")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "canary-of-airflow")
    site = b"<configuration>\r\n  <!-- kept -->\r\n</configuration>"
    filled.put_file("/groups/default/hadoop/core-site.xml", site)
    worker.run(filled.add_task())
    (record,) = records()
    assert {name: file["content"] for name, file in record["hadoop_files"].items()} == {"core-site.xml": site.decode()}
    environment = record["environment"]
    assert environment["HADOOP_CONF_DIR"] == environment["YARN_CONF_DIR"] != "/etc/hadoop"
    assert [name for name in environment if name.startswith("AIRFLOW__")] == []


# --- the class archive ---


@pytest.fixture
def jdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The worker's JDK."""
    home = make_jdk(tmp_path / "jdk")
    monkeypatch.setenv("JAVA_HOME", str(home))
    for name in ("SPARK_SUBMIT_OPTS", "SPARK_CONF_DIR", "JAVA_TOOL_OPTIONS"):
        monkeypatch.delenv(name, raising=False)
    return home


def test_a_class_archive_reaches_the_driver_and_the_receipt(filled: LiveStore, worker: Worker, jdk: Path) -> None:
    spark = Path(worker.settings.spark_homes["default"])
    (spark / "jars").mkdir()
    archives = ClassArchives(worker.settings.cache_dir)
    key = archive_key(spark, read_jvm(jdk))
    archives.root.mkdir(0o700, parents=True)
    archives.path(key).write_bytes(b"classes")
    archives.write_record(key, ArchiveRecord(str(spark), str(jdk), "17.0.15", 7, 1.0), archives.root)
    worker.give(use_class_archive=True).run(filled.add_task())
    (record,) = records()
    assert record["environment"]["SPARK_SUBMIT_OPTS"] == (
        f"-XX:SharedArchiveFile={archives.path(key)} -Xshare:auto -XX:+VerifySharedSpaces -Xlog:cds*=off"
    )
    assert record["environment"]["SPARK_CONF_DIR"] == str(archives.no_conf_dir)
    assert only_receipt(filled).class_archive == key


def test_without_a_class_archive_the_log_says_why(
    filled: LiveStore, worker: Worker, jdk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="couture_ops.run")
    spark = Path(worker.settings.spark_homes["default"])
    (spark / "jars").mkdir()
    worker.give(use_class_archive=True).run(filled.add_task())
    assert caplog.messages[1] == (
        f"The driver starts without a class archive: none was built for {spark} as it is now, on Java 17.0.15 in "
        f"{jdk}; `airflow couture warm` builds it, and then a driver starts in about 0.6 of the time"
    )
    assert only_receipt(filled).class_archive is None


def test_the_java_home_of_the_group_counts(
    filled: LiveStore, worker: Worker, jdk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="couture_ops.run")
    request = JOB.model_copy(update={"env_vars": {"JAVA_HOME": "/nowhere"}})
    worker.give(use_class_archive=True).run(filled.add_task(), request)
    assert any("JAVA_HOME is /nowhere, which has no program bin/java" in message for message in caplog.messages)


# --- secrets ---


def test_whatever_a_driver_prints_of_a_secret_is_hidden(filled: LiveStore, worker: Worker, tmp_path: Path) -> None:
    script = (
        '#!/bin/sh\nfor word in "$@"; do case "$word" in *spark.properties) cat "$word";; esac; done\n'
        f'echo "token $MY_TOKEN, before {BEATEN_CANARY}"\nexit 3\n'
    )
    filled.create_group("strict", configurations={"spark.my.password": BEATEN_CANARY})
    request = JOB.model_copy(
        update={
            "config_group": "strict",
            "spark_configurations": {"spark.my.password": FILE_CANARY},
            "env_vars": {"MY_TOKEN": ENVIRONMENT_CANARY},
        }
    )
    with pytest.raises(JobFailed) as caught:
        worker.write_spark(script, tmp_path / "telling").run(filled.add_task(), request)
    shown = "spark.my.password=***\ntoken ***, before ***"
    receipt = only_receipt(filled)
    assert ("\n".join(worker.blocks), receipt.last_lines, caught.value.last_lines) == (shown, shown, shown)
    assert "canary" not in f"{receipt.model_dump_json()} {caught.value}"
    assert set(worker.masked) == {FILE_CANARY, ENVIRONMENT_CANARY, BEATEN_CANARY}


# --- failure ---


def test_a_failure_ends_with_what_changed(filled: LiveStore, worker: Worker) -> None:
    worker.run(filled.add_task())
    (success,) = filled.receipts()
    filled.change_group("default", arguments={"driver-memory": "1g"})
    with pytest.raises(JobFailed) as caught:
        worker.run(filled.add_task(run_id="2"), JOB.model_copy(update={"application_arguments": ("exit=1",)}))
    heading, *lines = caught.value.changes.splitlines()
    assert heading.startswith(f"What changed since this task last succeeded (submission {success.submission_id}, 20")
    assert lines[0] == '  application_arguments: ["in", "out"] -> ["exit=1"]'
    assert lines[1].startswith("  arguments.driver-memory: 512m -> 1g, saved as revision 2 by ")
    assert str(caught.value).endswith(caught.value.changes)


def test_what_fails_before_the_launch_is_told_what_changed(
    filled: LiveStore, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    filled.change_group("default", spark_home="nowhere")
    with pytest.raises(UnknownSparkHome):
        worker.run(filled.add_task())
    assert (
        "No receipt of an earlier success of this task is kept: there is nothing to compare it with." in caplog.messages
    )


def test_a_failure_is_told_in_words_with_the_last_lines(filled: LiveStore, worker: Worker) -> None:
    with pytest.raises(JobFailed) as caught:
        worker.run(filled.add_task(), JOB.model_copy(update={"application_arguments": ("exit=101",)}))
    receipt = only_receipt(filled)
    words = (
        "The driver ended with exit code 101: the main class was not found; look at class_path, and whether the jar "
        "holds that class (`jar tf`)."
    )
    assert str(caught.value) == (
        f"{words} (submission {receipt.submission_id})\nThe driver's last lines:\n"
        "Exception in thread main\n    at the.second(line)\n\tat the.third(line)\n"
        "No receipt of an earlier success of this task is kept: there is nothing to compare it with."
    )
    assert states(receipt) == ["planned", "submitted", "running", "ended"]
    assert (receipt.outcome, receipt.exit_code, receipt.message, receipt.last_lines) == ("failed", 101, words, PRINTED)
    assert worker.tries() == []


def test_a_driver_that_was_killed_has_no_exit_code(filled: LiveStore, worker: Worker, tmp_path: Path) -> None:
    killed = worker.write_spark("#!/bin/sh\nkill -9 $$\n", tmp_path / "killed")
    with pytest.raises(JobFailed, match=r"^The driver was ended by SIGKILL: it was killed, probably because memory"):
        killed.run(filled.add_task())
    receipt = only_receipt(filled)
    assert (receipt.outcome, receipt.exit_code, receipt.last_lines) == ("failed", None, "")


def test_what_a_driver_leaves_behind_is_told(
    filled: LiveStore, worker: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = "#!/bin/sh\nsleep 600 >/dev/null 2>&1 &\necho done\n"
    worker.write_spark(script, tmp_path / "untidy").run(filled.add_task())
    (remark,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert remark.startswith("The driver left processes behind, which were ended: sleep (")
    assert only_receipt(filled).outcome == "succeeded"


def test_a_spark_that_the_worker_lacks_ends_the_receipt(filled: LiveStore, worker: Worker) -> None:
    filled.create_group("other", spark_home="spark3")
    with pytest.raises(UnknownSparkHome) as caught:
        worker.run(filled.add_task(), JOB.model_copy(update={"config_group": "other"}))
    receipt = only_receipt(filled)
    assert states(receipt) == ["planned", "ended"]
    assert (receipt.outcome, receipt.message) == ("failed", str(caught.value))
    assert "spark3" in str(caught.value)


def test_a_spark_that_cannot_start_ends_the_receipt(filled: LiveStore, worker: Worker) -> None:
    Path(worker.settings.spark_homes["default"], "bin", "spark-submit").chmod(0o644)
    with pytest.raises(SparkSubmitMissing) as caught:
        worker.run(filled.add_task())
    receipt = only_receipt(filled)
    assert states(receipt) == ["planned", "submitted", "ended"]
    assert (receipt.outcome, receipt.message) == ("failed", str(caught.value))
    assert worker.tries() == []


@pytest.mark.parametrize(
    ("error", "outcome"), [(RuntimeError("no room"), Outcome.FAILED), (SystemExit("marked"), Outcome.KILLED)]
)
def test_a_fault_of_the_tasks_process_ends_the_receipt(
    filled: LiveStore, worker: Worker, error: BaseException, outcome: Outcome
) -> None:
    """From the moment there is a receipt: here when Airflow does not take its link."""

    def refuse(_: str) -> None:
        raise error

    with worker.job(filled.add_task(), on_submitted=refuse) as job, pytest.raises(type(error)):
        job.run(JOB)
    receipt = only_receipt(filled)
    assert (states(receipt), receipt.outcome) == (["planned", "ended"], outcome)
    assert receipt.message == f"{type(error).__name__}: {error}"
    assert records() == []


def test_a_task_log_that_takes_no_lines_fails_the_task(filled: LiveStore, worker: Worker) -> None:
    def refuse(_: str) -> None:
        raise OSError("the disk of the logs is full")

    with worker.job(filled.add_task(), on_block=refuse) as job, pytest.raises(OSError, match="the disk of the logs"):
        job.run(JOB)
    receipt = only_receipt(filled)
    assert (receipt.outcome, receipt.message) == ("failed", "OSError: the disk of the logs is full")


# --- stopping ---


def test_a_stop_before_the_start_starts_nothing(filled: LiveStore, worker: Worker) -> None:
    with worker.job(filled.add_task()) as job:
        job.stop()
        with pytest.raises(JobStopped):
            job.run(JOB)
    receipt = only_receipt(filled)
    assert (states(receipt), receipt.outcome) == (["planned", "submitted", "ended"], "killed")
    assert receipt.message == (
        "The Spark job was stopped because its task was killed, timed out or marked "
        f"(submission {receipt.submission_id})."
    )
    assert (records(), worker.tries()) == ([], [])


def stop_when_ready(job: SparkJob) -> Callable[[str], None]:
    """Stops in the thread of the log."""
    return lambda _: threading.Thread(target=job.stop).start()


def signal_when_ready(_: SparkJob) -> Callable[[str], None]:
    """Stops in a signal handler of the main thread, as Airflow does."""
    return lambda _: os.kill(os.getpid(), signal.SIGUSR1)


@pytest.mark.parametrize("way", [stop_when_ready, signal_when_ready])
def test_a_stop_ends_the_driver_and_the_receipt(
    filled: LiveStore,
    worker: Worker,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    way: Callable[[SparkJob], Callable[[str], None]],
) -> None:
    sleeping = worker.write_spark(SLEEPER, tmp_path / "sleeping")
    actions: list[Callable[[str], None]] = []
    with sleeping.job(filled.add_task(), on_block=lambda block: actions[0](block)) as job:
        actions.append(way(job))
        former = signal.signal(signal.SIGUSR1, lambda *_: job.stop())
        try:
            with pytest.raises(JobStopped) as caught:
                job.run(JOB)
        finally:
            signal.signal(signal.SIGUSR1, former)
        job.stop()  # may be called at any time
    receipt = only_receipt(filled)
    assert states(receipt) == ["planned", "submitted", "running", "ended"]
    assert (receipt.outcome, receipt.message) == ("killed", "Stopped with its task.")
    assert receipt.changed is not None
    assert [message for message in caplog.messages if "an earlier success" in message] == [
        "No receipt of an earlier success of this task is kept: there is nothing to compare it with."
    ]
    assert receipt.last_lines == "ready"
    assert caught.value.submission_id == receipt.submission_id
    assert [pid for pid in receipt.pids if Path(f"/proc/{pid}").exists()] == []
    assert worker.tries() == []


def test_a_stop_does_not_wait_for_a_store_that_is_away(
    filled: LiveStore, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that is being killed has little time, whatever the patience of others."""
    monkeypatch.setattr(run_module, "_HURRIED_S", 0.2)
    patient = worker.write_spark(SLEEPER, tmp_path / "sleeping").give(store_timeout_s=60.0)
    jobs: list[SparkJob] = []
    ended: list[str] = []
    filled.is_away = lambda asked: asked.endswith("/reports") and len(filled.asked) > 3  # from "running" on

    def run() -> None:
        with pytest.raises(JobStopped) as caught:
            jobs[0].run(JOB)
        ended.append(caught.value.submission_id)

    with patient.job(filled.add_task(), on_block=lambda _: threading.Thread(target=jobs[0].stop).start()) as job:
        jobs.append(job)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(30.0)
        ended_in_time = list(ended)
        filled.is_away = lambda _: False  # the report that still waits gets through, and all threads end
        for left in [thread, *(t for t in threading.enumerate() if t.name == "couture report")]:
            left.join()
    assert ended_in_time == worker.submitted


# --- the store ---


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"config_group": "defualt"}, "There is no config group 'defualt'. Did you mean: default?"),
        ({"code_artifact": "jbo.py"}, "There is no code artifact 'jbo.py'. Did you mean: job.py?"),
        ({"code_artifact": "../x.py"}, "code_artifact: '../x.py' is refused"),
    ],
)
def test_what_the_store_refuses_starts_nothing(
    filled: LiveStore, worker: Worker, change: dict[str, str], words: str
) -> None:
    with pytest.raises(StoreRefused) as caught:
        worker.run(filled.add_task(), JOB.model_copy(update=change))
    assert words in str(caught.value)
    assert (records(), filled.receipts(), worker.submitted, worker.settings.cache_dir.exists()) == ([], [], [], False)


def test_a_store_that_is_away_starts_nothing(worker: Worker) -> None:
    with bound_socket() as (_, url), pytest.raises(StoreUnreachable):
        replace(worker, url=url).give(store_timeout_s=0.1).run("Couture-Task ti:secret")
    assert (records(), worker.submitted, worker.settings.cache_dir.exists()) == ([], [], False)


def test_a_file_that_the_store_does_not_give_starts_nothing(filled: LiveStore, worker: Worker) -> None:
    filled.is_away = lambda asked: "/files/" in asked
    with pytest.raises(StoreUnreachable):
        worker.give(store_timeout_s=0.1).run(filled.add_task())
    receipt = only_receipt(filled)
    assert (states(receipt), receipt.outcome) == (["planned", "ended"], "failed")
    assert "could not be reached (it answered 503)" in (receipt.message or "")
    assert (records(), worker.tries()) == ([], [])


def test_a_job_outlives_its_store(
    filled: LiveStore, worker: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its receipt can't be completed, which is said; the job has succeeded nevertheless."""
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    waiting = worker.write_spark(f"#!/bin/sh\necho ready\nread word < {go_on}\necho $word\n", tmp_path / "waiting")

    def end_the_store(block: str) -> None:
        if block == "ready":
            filled.stop()
            go_on.write_text("the end\n")

    with waiting.give(store_timeout_s=0.1).job(filled.add_task(), on_block=end_the_store) as job:
        submission_id = job.run(JOB)
    assert worker.blocks == ["ready", "the end"]
    assert worker.submitted == [submission_id]
    (last,) = [record for record in caplog.records if "'ended'" in record.getMessage()]
    assert last.levelname == "ERROR"
    assert last.getMessage().startswith(
        f"The receipt of submission {submission_id} could not be told 'ended': The config store at {filled.url} could "
        "not be reached ("
    )
    assert worker.tries() == []


# --- the cache ---


def test_a_repeat_moves_no_bytes(filled: LiveStore, worker: Worker) -> None:
    filled.put_file("/groups/default/hadoop/core-site.xml", b"<configuration/>")
    worker.run(filled.add_task("first"))
    moved = [asked for asked in filled.asked if "/files/" in asked]
    worker.run(filled.add_task("second"))
    assert len(moved) == 2
    assert [asked for asked in filled.asked if "/files/" in asked] == moved


def test_jobs_at_once_share_the_cache(filled: LiveStore, worker: Worker) -> None:
    start = threading.Barrier(3)
    ended: list[str] = []

    def run(authorization: str) -> None:
        start.wait()
        ended.append(worker.run(authorization))

    threads = [threading.Thread(target=run, args=(filled.add_task(f"task-{n}"),)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == sorted(receipt.submission_id for receipt in filled.receipts())
    assert {receipt.outcome for receipt in filled.receipts()} == {"succeeded"}
    assert len([asked for asked in filled.asked if "/files/" in asked]) == 1
    applications = {record["argv"][-3] for record in records()}
    assert len(applications) == 3
    assert worker.tries() == []
