"""What travels between a worker and the store: requests, plans, reports and receipts.

The one module of the store that workers import. It needs pydantic and nothing else.
"""

# Longer than other modules: all that travels lies here, because workers may import nothing else of the store.

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

#: Raised whenever a worker of the former number would misread an answer; sent in every request.
WIRE_VERSION = 1
WIRE_VERSION_HEADER = "Couture-Wire-Version"

#: The scheme of the Authorization header by which a running task proves which task it is:
#: ``Couture-Task <task instance id>:<secret>``; the digest of both lies in the task's state store.
TASK_SCHEME = "Couture-Task"
#: The scheme for the token of one submission: ``Couture-Submission <token>``.
SUBMISSION_SCHEME = "Couture-Submission"
#: The scheme for the token of one child run of a master DAG: ``Couture-Child <token>``.
CHILD_SCHEME = "Couture-Child"
#: The key of the task state store that holds :func:`proof_digest`.
PROOF_KEY = "couture_proof"
#: The key of the task state store under which the API server keeps a master task's child run.
CHILD_KEY = "couture_child"


def proof_digest(task_instance_id: str, secret: str) -> str:
    """What a task writes into its state store: the sha256 (hex) of ``id:secret``.

    The id of the try is part of it because the state store outlives a try: the secret of an earlier one
    proves nothing about the present one.
    """
    return hashlib.sha256(f"{task_instance_id}:{secret}".encode()).hexdigest()


HIDDEN = "••••••"

#: Names whose values are secrets: Spark's own pattern (spark.redaction.regex) and what it is known to miss.
SECRET_NAME = re.compile(
    r"(?i)secret|passw|passphrase|\bpwd\b|token|(access|account|api|private)[._-]?key|\.sas\.|credential"
)
#: Ends of names that speak of secrets without holding one: ``spark.security.credentials.hive.enabled``.
HARMLESS_NAME = re.compile(r"(?i)\.(enabled|provider|provider\.path|ratio|renewal\w*)$")


@lru_cache(maxsize=20_000)  # the same names come with every submission, thousands at a time
def is_secret_name(name: str) -> bool:
    """Whether the name alone says that its value is a secret."""
    return SECRET_NAME.search(name) is not None and HARMLESS_NAME.search(name) is None


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Wire(BaseModel):
    """Base of all that travels: immutable, and unknown fields are errors rather than losses."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Language(StrEnum):
    """What spark-submit is given: a jar with a main class, or a python file."""

    JAVA = "java"
    PYTHON = "python"


class Layer(StrEnum):
    """Who set a setting, from the weakest to the strongest."""

    GROUP = "group"
    OPERATOR = "operator"
    SUITE = "suite"


class State(StrEnum):
    """Where a submission stands; ``keyed`` means that the engine's key for the job is known and stored."""

    PLANNED = "planned"
    KEYED = "keyed"
    SUBMITTED = "submitted"
    RUNNING = "running"
    ENDED = "ended"


class Outcome(StrEnum):
    """How an ended submission ended; ``lost`` means that its worker went away without a word."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    KILLED = "killed"
    LOST = "lost"


class TaskIdentity(Wire):
    """One try of one task. ``map_index`` is -1 for a task that is not mapped."""

    dag_id: str
    task_id: str
    run_id: str
    try_number: int = 1
    map_index: int = -1


class JobRequest(Wire):
    """What an operator asks for; names only, nothing resolved.

    ``jars`` and ``py_files`` hold names of uploaded dependencies, or URIs and paths (anything with a ``/``).
    ``spark_arguments`` are options of spark-submit without dashes, ``spark_configurations`` are properties.
    ``task`` is read only from callers outside this Airflow: a task's identity comes from Airflow's own row.
    ``origin`` is the address of their Airflow, so that the equal names of two don't close each other's tries.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "language": "python",
                    "config_group": "prod",
                    "code_artifact": "ratings.py",
                    "application_arguments": ["--day", "2026-01-31"],
                    "spark_arguments": {"executor-memory": "8g"},
                    "task": {"dag_id": "nightly", "task_id": "ratings", "run_id": "manual__2026-01-31"},
                }
            ]
        }
    )

    language: Language
    config_group: str | None = None
    code_artifact: str | None = None
    code_artifact_version: int | None = None
    application_uri: str | None = None
    class_path: str | None = None
    app_name: str | None = None
    application_arguments: tuple[str, ...] = ()
    python_conf: str | None = None
    spark_arguments: dict[str, str] = {}
    spark_configurations: dict[str, str] = {}
    exclude_spark_args: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()
    py_files: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    env_vars: dict[str, str] = {}
    task: TaskIdentity | None = None
    origin: str | None = None


class Beaten(Wire):
    """A value that lost against a stronger layer; ``name`` differs from the winner's for a twin."""

    layer: Layer
    name: str
    value: str


class SettingKind(StrEnum):
    """Where a setting takes effect: an option, a ``spark.*`` property, or the process environment."""

    ARGUMENT = "argument"
    CONFIGURATION = "configuration"
    ENVIRONMENT = "environment"


class EffectiveSetting(Wire):
    """One setting as it will be used, with the layer that set it and the layers it beat."""

    kind: SettingKind
    name: str
    value: str
    layer: Layer
    beat: tuple[Beaten, ...] = ()
    final: bool = False
    secret: bool = False
    note: str = ""


class StoredFile(Wire):
    """Bytes in the store: fetched by ``sha256``, given to Spark under ``name``. ``size`` in bytes."""

    name: str
    sha256: Sha256
    size: int


class PlannedArtifact(StoredFile):
    """One version of an artifact."""

    version: int


class ResourceKind(StrEnum):
    """The option by which a resource reaches Spark: ``--jars``, ``--py-files`` or ``--files``."""

    JAR = "jars"
    PY_FILE = "py-files"
    FILE = "files"


class Resource(Wire):
    """A dependency of the job: an uploaded artifact, or a URI that the worker does not touch."""

    kind: ResourceKind
    layer: Layer
    artifact: PlannedArtifact | None = None
    uri: str | None = None


class SecretFile(Wire):
    """A secret file (a keytab) in base64; ``content`` is hidden in everything but a worker's plan."""

    name: str
    content: str


class SubmitPlan(Wire):
    """All that one spark-submit needs, decided: the store's answer to a :class:`JobRequest`.

    ``settings`` holds each setting once, empty ones left out. ``application`` or ``application_uri`` is set, not both.
    ``hadoop_digest`` names the set of Hadoop files: the sha256 of their sorted names and digests.
    ``spark_home`` is a name out of the worker's ``[couture] spark_homes``.
    """

    wire_version: int = WIRE_VERSION
    group: str
    revision: int
    language: Language
    app_name: str
    application: PlannedArtifact | None = None
    application_uri: str | None = None
    class_path: str | None = None
    application_arguments: tuple[str, ...] = ()
    settings: tuple[EffectiveSetting, ...] = ()
    resources: tuple[Resource, ...] = ()
    hadoop_files: tuple[StoredFile, ...] = ()
    hadoop_digest: Sha256 | None = None
    keytab: SecretFile | None = None
    krb5_conf: StoredFile | None = None
    spark_home: str | None = None
    warnings: tuple[str, ...] = ()

    def setting(self, kind: SettingKind, name: str) -> EffectiveSetting | None:
        """The effective setting of that kind and name, or None."""
        return next((s for s in self.settings if s.kind == kind and s.name == name), None)

    def stored_files(self) -> tuple[StoredFile, ...]:
        """Every file that a worker fetches for this plan, each digest once."""
        files: list[StoredFile] = list(self.hadoop_files)
        files += [f for f in (self.application, self.krb5_conf) if f]
        files += [r.artifact for r in self.resources if r.artifact]
        return tuple({f.sha256: f for f in files}.values())

    def redacted(self) -> SubmitPlan:
        """The same plan with every secret value hidden, fit for receipts, pages and logs."""
        if self.keytab is None and not any(s.secret for s in self.settings):
            return self
        settings = tuple(hide(s) if s.secret else s for s in self.settings)
        keytab = self.keytab and SecretFile(name=self.keytab.name, content=HIDDEN)
        return self.model_copy(update={"settings": settings, "keytab": keytab})


def hide(setting: EffectiveSetting) -> EffectiveSetting:
    """The setting without its value and the values it beat."""
    beat = tuple(b.model_copy(update={"value": HIDDEN}) for b in setting.beat)
    return setting.model_copy(update={"value": HIDDEN, "beat": beat})


class Ticket(Wire):
    """The answer to a submission: its id, the plan, and a token that opens this submission alone."""

    submission_id: str
    token: str
    plan: SubmitPlan


class Report(Wire):
    """What a worker (later its trigger) tells of a submission; fields left None stay as they were.

    ``state`` never goes back; ``outcome`` is given with ``ended`` and only then.
    ``argv`` holds no secret by construction.
    ``key`` is the engine's name for the job, ``last_lines`` the end of the driver's log, ``class_archive`` the key
    of the archive that the driver's JVM was given.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"state": "ended", "outcome": "failed", "exit_code": 1, "host": "worker-3"}]}
    )

    state: State
    outcome: Outcome | None = None
    host: str | None = None
    pids: tuple[int, ...] | None = None
    argv: tuple[str, ...] | None = None
    environment_names: tuple[str, ...] | None = None
    spark_version: str | None = None
    java_version: str | None = None
    class_archive: str | None = None
    key: str | None = None
    application_id: str | None = None
    tracking_url: str | None = None
    exit_code: int | None = None
    message: str | None = None
    last_lines: str | None = None


class TimelineEntry(Wire):
    """When a submission entered a state, in UTC."""

    state: State
    at: datetime


class Saved(Wire):
    """Who brought a change about, when (UTC), and by which revision of the config group; None for an upload."""

    by: str
    at: datetime
    revision: int | None = None


class ReceiptChange(Wire):
    """One difference between two receipts; None stands for absent. ``saved``: who changed it in the store."""

    where: str
    old: str | None
    new: str | None
    saved: Saved | None = None


class WhatChanged(Wire):
    """What differs from the last try of the task that succeeded: ``since`` names it, None when no receipt is kept."""

    since: str | None
    succeeded_at: datetime | None = None
    changes: tuple[ReceiptChange, ...] = ()


class RerunMode(StrEnum):
    """With which settings a task runs again: those of the old receipt, or those of the moment."""

    THEN = "then"
    NOW = "now"


class Rerun(Wire):
    """A run again: of ``submission_id`` in the new receipt; in the old one the new submission, None until it began."""

    mode: RerunMode
    asked_by: str
    asked_at: datetime
    submission_id: str | None = None


class Acknowledgement(Wire):
    """The answer to a report; a failure or a stop is answered with what changed since the task last worked."""

    changed: WhatChanged | None = None


class Receipt(Wire):
    """What ran: one try of one task, from the request to the end. Times are UTC."""

    submission_id: str
    task: TaskIdentity
    state: State
    outcome: Outcome | None
    submitted_by: str
    group: str
    revision: int
    request: JobRequest
    plan: SubmitPlan
    timeline: tuple[TimelineEntry, ...]
    host: str | None = None
    pids: tuple[int, ...] = ()
    argv: tuple[str, ...] = ()
    environment_names: tuple[str, ...] = ()
    spark_version: str | None = None
    java_version: str | None = None
    class_archive: str | None = None
    key: str | None = None
    application_id: str | None = None
    tracking_url: str | None = None
    exit_code: int | None = None
    message: str | None = None
    last_lines: str | None = None
    changed: WhatChanged | None = None
    rerun_of: Rerun | None = None
    rerun: Rerun | None = None


class Summary(Wire):
    """A submission in a list; times are UTC."""

    submission_id: str
    task: TaskIdentity
    state: State
    outcome: Outcome | None
    group: str
    revision: int
    app_name: str
    created_at: datetime
    updated_at: datetime
    exit_code: int | None
    message: str | None


class Verdict(StrEnum):
    """What a check comes to."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"


class Finding(Wire):
    """What one check of an installation found.

    ``subject``: what was looked at. ``advice``: what to do; empty when there is nothing to do.
    """

    check: str
    subject: str
    verdict: Verdict
    message: str
    advice: str = ""

    @classmethod
    def ok(cls, check: str, subject: str, message: str) -> Finding:
        """All is well."""
        return cls(check=check, subject=subject, verdict=Verdict.OK, message=message)

    @classmethod
    def warning(cls, check: str, subject: str, message: str, advice: str) -> Finding:
        """It runs, and may bite later."""
        return cls(check=check, subject=subject, verdict=Verdict.WARNING, message=message, advice=advice)

    @classmethod
    def fault(cls, check: str, subject: str, message: str, advice: str) -> Finding:
        """Jobs will fail, or somebody is shut out."""
        return cls(check=check, subject=subject, verdict=Verdict.FAULT, message=message, advice=advice)

    @classmethod
    def skipped(cls, check: str, subject: str, reason: str) -> Finding:
        """Nothing was looked at, and why."""
        return cls(check=check, subject=subject, verdict=Verdict.SKIPPED, message=reason)

    @classmethod
    def crash(cls, check: str, subject: str, error: BaseException) -> Finding:
        """The check itself failed."""
        said = " ".join(str(error).split())[:500]
        message = f"The check ended with {type(error).__name__}{': ' if said else ''}{said}"
        return cls.fault(
            check, subject, message, "Mend what the error names; report it when it names nothing of yours."
        )


class OnChildFailed(StrEnum):
    """What a further try of a master's task does with a child run that failed."""

    #: Clear what failed or was passed over; what is done stays.
    RESUME = "resume"
    #: Clear the whole run.
    RESTART = "restart"
    #: Leave it and trigger another run.
    NEW = "new"


class WhenPaused(StrEnum):
    """What a master's task does when the DAG it is to run is paused."""

    FAIL = "fail"
    UNPAUSE = "unpause"
    WAIT = "wait"


class ChildWish(Wire):
    """A master's task asks for its child run; ``stop_with_parent``: nobody waits for it when the task has ended.

    ``max_active_children``: so many children of the task's mapped instances run at once, in one run of the master.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"dag_id": "prepare", "conf": {"day": "2026-01-31"}}]})

    dag_id: str = Field(min_length=1, max_length=250)
    conf: dict[str, Any] = {}
    on_child_failed: OnChildFailed = OnChildFailed.RESUME
    when_paused: WhenPaused = WhenPaused.FAIL
    stop_with_parent: bool = True
    max_active_children: int | None = Field(default=None, ge=1)


class ChildDeed(StrEnum):
    """What was done about a wish."""

    TRIGGERED = "triggered"
    #: The run that an earlier try of the task has started goes on, or has succeeded.
    ATTACHED = "attached"
    RESUMED = "resumed"
    RESTARTED = "restarted"


class ChildRun(Wire):
    """A child run; ``token`` opens its state and its stop to the try that was given it, and to no other."""

    dag_id: str
    run_id: str
    deed: ChildDeed
    token: str = Field(repr=False)
    logical_date: datetime | None


class ChildState(Wire):
    """How a child run stands; ``state`` None: there is no such run any more, or the token opens none.

    ``tasks``: the states of its tasks by ``task_id`` or ``task_id[map_index]``, those without one left out.
    ``waits_for``: why a run that is queued does not start, where that is known. ``duration_s``: of an ended run.
    """

    state: str | None
    tasks: dict[str, str] = {}
    waits_for: str = ""
    duration_s: float | None = None


class ChildTokens(Wire):
    """Whose states are asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tokens": ["17:dGhlIHNlY3JldA"]}]})

    tokens: list[str] = Field(max_length=10_000)


class ChildStates(Wire):
    """The states, in the order of the tokens."""

    states: list[ChildState]
