"""What can go wrong on a worker; each error carries the objects it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class CoutureError(Exception):
    """Base of everything that this package raises."""


class SparkSubmitMissing(CoutureError):
    """The program to start is not there, or may not be executed."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"Cannot start the driver: {path!r} was not found on this worker, or may not be executed. "
            "Install Spark there, or point SPARK_HOME or [couture] spark_homes to it."
        )


class DriverNotStarted(CoutureError):
    """The operating system did not let the driver start; the cause is chained."""

    def __init__(self, command: Sequence[str], working_directory: Path, reason: str) -> None:
        self.command, self.working_directory, self.reason = tuple(command), working_directory, reason
        super().__init__(
            f"Cannot start the driver {command[0]!r} in {str(working_directory)!r}: {reason}. "
            "Look at that directory, at the length of the command, at free memory and at the limit of "
            "processes (ulimit -u)."
        )


class SupervisorGone(CoutureError):
    """The process that started this task has died; the driver has been stopped."""

    def __init__(self, supervisor: int) -> None:
        self.supervisor = supervisor
        super().__init__(
            f"The driver was stopped: process {supervisor}, which supervised this task, has died, so nobody "
            "would learn how the driver ends. Look at why it died (memory of the worker, a restart), then "
            "retry the task."
        )


class UnsafeDirectory(CoutureError):
    """A directory for files of tasks in which other users could exchange them."""

    def __init__(self, directory: Path, reason: str) -> None:
        self.directory, self.reason = directory, reason
        super().__init__(
            f"The directory {str(directory)!r} {reason}, so its files could be exchanged. Remove it, or set "
            "[couture] cache_dir to a folder that is not there yet (inside a mounted volume, for one): it is made "
            "for this user alone."
        )


class UnsafeFileName(CoutureError):
    """A name that is not the name of one file in a directory."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name[:300]!r} is no file name: empty and blank names, '.', '..', '/', NUL and more than 255 "
            "bytes are refused. Nothing was written; upload the file to the store under a plain name."
        )


class FileNameClash(CoutureError):
    """Two different files of one name in one job."""

    def __init__(self, name: str, first_sha256: str, second_sha256: str) -> None:
        self.name, self.first_sha256, self.second_sha256 = name, first_sha256, second_sha256
        super().__init__(
            f"Two different files named {name!r} belong to this job (sha256 {first_sha256} and "
            f"{second_sha256}); Spark would take one of them. Rename one, or leave the group's out with "
            "exclude_spark_args."
        )


class DamagedDownload(CoutureError):
    """Bytes that are not what the plan announced; sizes in bytes."""

    def __init__(
        self, name: str, expected_sha256: str, actual_sha256: str, expected_size: int, actual_size: int
    ) -> None:
        self.name = name
        self.expected_sha256, self.actual_sha256 = expected_sha256, actual_sha256
        self.expected_size, self.actual_size = expected_size, actual_size
        super().__init__(
            f"{name!r} came with {actual_size:,} bytes and sha256 {actual_sha256}, announced were "
            f"{expected_size:,} bytes and sha256 {expected_sha256}. Nothing was kept; run the task again, "
            "and if it repeats, upload the file to the store again."
        )


class NoSpaceLeft(CoutureError):
    """A full disk or quota on the worker; ``needed`` in bytes."""

    def __init__(self, directory: Path, needed: int) -> None:
        self.directory, self.needed = directory, needed
        super().__init__(
            f"No space is left in {directory}, where {needed:,} bytes are needed. Nothing half-written was "
            "kept; free space there, or move the directory to a larger disk."
        )


class KeytabUnreadable(CoutureError):
    """A keytab whose content is not base64: hidden, or damaged."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"The content of the keytab {name!r} is not base64; upload it again as the group's Kerberos keytab."
        )


class UnknownSparkHome(CoutureError):
    """A Spark distribution that this worker does not have."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, tuple(sorted(known))
        super().__init__(
            f"The plan asks for the Spark {name!r}, which [couture] spark_homes of this worker does not name "
            f"({self.named}). Add it there, or choose another spark_home in the group."
        )

    @property
    def named(self) -> str:
        """Which names there are, in words."""
        return f"it names {', '.join(self.known) or 'none'}"


class UnusableSparkHome(CoutureError):
    """A directory without bin/spark-submit; ``source`` says who named it."""

    def __init__(self, path: Path, source: str) -> None:
        self.path, self.source = path, source
        super().__init__(
            f"{source} is {str(path)!r}, and there is no program bin/spark-submit in it. Point it to the "
            "directory of a Spark distribution (the one that holds bin and jars)."
        )


class NoSparkHome(CoutureError):
    """No Spark on this worker."""

    def __init__(self) -> None:
        super().__init__(
            "No Spark was found: [couture] spark_homes has no 'default', SPARK_HOME is not set, and Python "
            "has no package pyspark. Name a Spark distribution in [couture] spark_homes, set SPARK_HOME, or "
            "install pyspark."
        )


class SecretOnCommandLine(CoutureError):
    """A plan with a secret option, which `ps` would show to everybody on the host."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"The plan gives --{name} as a secret, and every user of the host can read a command line. The "
            "store must turn it into its configuration; install the same couture-ops on workers and API "
            "servers."
        )


class MisplacedOption(CoutureError):
    """A plan that gives among its settings an option that has a place of its own in the plan."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"The plan gives --{name} as a setting, though it has a place of its own in a plan; it would be "
            "given twice. Install the same couture-ops on workers and API servers."
        )


class UnfitForProcess(CoutureError):
    """A text that does not survive the start of a process; ``where`` says which, ``reason`` why."""

    def __init__(self, where: str, reason: str) -> None:
        self.where, self.reason = where, reason
        super().__init__(f"{where} {reason}. Pass it in a file, or in another form (JSON writes CR as \\r).")


class ContradictingParameters(CoutureError):
    """Two parameters of an operator that exclude each other."""

    def __init__(self, first: str, second: str, way_out: str) -> None:
        self.first, self.second, self.way_out = first, second, way_out
        super().__init__(f"{first} and {second} exclude each other. {way_out}")


class MissingParameter(CoutureError):
    """An operator without a parameter that it needs."""

    def __init__(self, name: str, way_out: str) -> None:
        self.name, self.way_out = name, way_out
        super().__init__(f"{name} is missing. {way_out}")


class UnfitParameter(CoutureError):
    """A parameter of an operator whose value is not of its kind; the message does not show a ``secret`` one."""

    def __init__(self, name: str, value: object, reason: str, *, secret: bool = False) -> None:
        self.name, self.value, self.reason = name, value, reason
        shown = ", and its value is hidden" if secret else f" {str(value)[:200]!r}"
        super().__init__(f"{name} {reason}; it is {type(value).__name__}{shown}.")


class UnusableSetting(CoutureError):
    """A value of Airflow's configuration that can't be used."""

    def __init__(self, name: str, value: str, reason: str) -> None:
        self.name, self.value = name, value
        super().__init__(f"[couture] {name} {reason}. It is {value[:200]!r}; correct it in airflow.cfg of this worker.")


class StoreUnreachable(CoutureError):
    """The store gave no usable answer for as long as it was waited for; ``patience_s`` in seconds."""

    def __init__(self, base_url: str, patience_s: float, reason: str) -> None:
        self.base_url, self.patience_s, self.reason = base_url, patience_s, reason
        waited = f" for {patience_s:.0f} s" if patience_s >= 1 else ""
        super().__init__(
            f"The config store at {base_url} could not be reached{waited} ({reason}). Check that the "
            "API server runs and is reachable from this worker; [couture] store_timeout sets how long to wait."
        )


class StoreRefused(CoutureError):
    """The store said no; ``problem`` is its answer (RFC 9457), ``status`` the HTTP code."""

    def __init__(self, base_url: str, status: int, problem: dict[str, Any]) -> None:
        self.base_url, self.status, self.problem = base_url, status, problem
        title, detail = problem.get("title", "Refused"), problem.get("detail", "")
        super().__init__(f"{title}: {detail}" if detail else f"{title} (HTTP {status} from {base_url})")


class JobFailed(CoutureError):
    """A Spark job that ended badly; ``last_lines`` is the end of its driver's log, ``changes`` a possible cause."""

    def __init__(self, explanation: str, last_lines: str, submission_id: str, changes: str = "") -> None:
        self.explanation, self.last_lines, self.submission_id = explanation, last_lines, submission_id
        self.changes = changes
        lines = f"The driver's last lines:\n{last_lines}" if last_lines else "The driver wrote nothing."
        super().__init__("\n".join(filter(None, (f"{explanation} (submission {submission_id})", lines, changes))))


class JobStopped(CoutureError):
    """A Spark job that was stopped because its task was."""

    def __init__(self, submission_id: str) -> None:
        self.submission_id = submission_id
        super().__init__(
            f"The Spark job was stopped because its task was killed, timed out or marked (submission {submission_id})."
        )


class PayloadFailed(CoutureError):
    """The condition of a master's task raised; the cause is chained."""

    def __init__(self, name: str, error: Exception) -> None:
        self.name = name
        super().__init__(
            f"python_callable {name} raised {type(error).__name__}: {error}. Nothing was triggered; mend the function, "
            "its own lines stand in the traceback above."
        )


class UnfitPayload(CoutureError):
    """What a master's task would hand to its child is no JSON object; ``source`` says where it comes from."""

    def __init__(self, source: str, reason: str) -> None:
        self.source, self.reason = source, reason
        super().__init__(
            f"{source} {reason}. A child's conf is a JSON object: a dict of texts, numbers, lists and such dicts. "
            "Nothing was triggered."
        )


class ChildFailed(CoutureError):
    """A child run that ended badly; ``failed_tasks`` are those of its tasks that failed themselves."""

    def __init__(self, dag_id: str, run_id: str, state: str, failed_tasks: Sequence[str]) -> None:
        self.dag_id, self.run_id, self.state, self.failed_tasks = dag_id, run_id, state, tuple(failed_tasks)
        tasks = f" Its failed tasks: {', '.join(self.failed_tasks)}." if self.failed_tasks else ""
        super().__init__(
            f"The child DAG {dag_id!r} ended as {state} (run {run_id}).{tasks} Look there by the link 'Zoom into DAG'; "
            "a retry of this task goes on as on_child_failed says."
        )


class ChildGone(CoutureError):
    """A child run that was waited for and is there no more."""

    def __init__(self, dag_id: str, run_id: str) -> None:
        self.dag_id, self.run_id = dag_id, run_id
        super().__init__(
            f"The run {run_id} of the child DAG {dag_id!r} is gone: somebody deleted it, or this task was cleared "
            "meanwhile. Retry the task, and it triggers another one."
        )


class ChildTimedOut(CoutureError):
    """A child run that took longer than its parent's execution_timeout; ``timeout_s`` in seconds."""

    def __init__(self, dag_id: str, run_id: str, timeout_s: float, *, stopped: bool) -> None:
        self.dag_id, self.run_id, self.timeout_s, self.stopped = dag_id, run_id, timeout_s, stopped
        deed = "It was stopped" if stopped else "It goes on, as stop_child=False says"
        super().__init__(
            f"The run {run_id} of the child DAG {dag_id!r} did not end within the execution_timeout of {timeout_s:g} "
            f"s. {deed}."
        )


class UnusableConnection(CoutureError):
    """An Airflow connection that does not lead to a store."""

    def __init__(self, conn_id: str, reason: str) -> None:
        self.conn_id, self.reason = conn_id, reason
        super().__init__(
            f"The connection {conn_id!r} can't be used: {reason}. Set host, port, login and password (or a token as "
            "the password) of a user with the role Couture Worker."
        )


class NoJvm(CoutureError):
    """No Java virtual machine of which it is known what it is."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"No JVM was found that can be told from others: {reason}. Point JAVA_HOME to a JDK.")


class NoClassArchive(CoutureError):
    """Why a driver starts without a class archive, or why there can be none."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class WarmFailed(CoutureError):
    """The job that fills a class archive ended badly; ``last_lines`` is the end of its log."""

    def __init__(self, spark_home: Path, reason: str, last_lines: str) -> None:
        self.spark_home, self.reason, self.last_lines = spark_home, reason, last_lines
        lines = f" Its last lines:\n{last_lines}" if last_lines else ""
        super().__init__(f"No class archive was made for {spark_home}: {reason}{lines}")


class CatalogueFailed(CoutureError):
    """The jars of a Spark distribution did not tell their keys."""

    def __init__(self, spark_home: Path, reason: str) -> None:
        self.spark_home, self.reason = spark_home, reason
        super().__init__(f"The keys of {spark_home} can't be listed: {reason}")
