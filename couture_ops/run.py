"""One Spark job from its request to the end of its receipt, in the process of its task."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from config_store.wire import Outcome, Report, SettingKind, State
from couture_ops.cache import FileCache
from couture_ops.class_archive import ClassArchives, choose_archive
from couture_ops.command import build_command
from couture_ops.errors import CoutureError, JobFailed, JobStopped, NoClassArchive, StoreRefused, StoreUnreachable
from couture_ops.exit_codes import explain_exit
from couture_ops.jvm import java_version
from couture_ops.launch import DriverProcess, driver_environment
from couture_ops.redaction import Redactor, secrets_of
from couture_ops.told_changes import told_changes
from couture_ops.workspace import conf_directory, find_spark_home, prepare_workspace, spark_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from config_store.wire import EffectiveSetting, JobRequest, SubmitPlan, Ticket, WhatChanged
    from couture_ops.class_archive import ClassArchive
    from couture_ops.client import StoreClient
    from couture_ops.command import Command
    from couture_ops.configuration import WorkerSettings
    from couture_ops.launch import DriverEnd
    from couture_ops.workspace import Workspace

log = logging.getLogger(__name__)

#: A task that is being killed has little time; the end of its receipt is tried this long, seconds.
_HURRIED_S = 5.0


@dataclass(frozen=True)
class Surroundings:
    """What the task's process gives to a job: where log blocks go, how secrets are masked, who hears of the receipt."""

    emit: Callable[[str], None]
    mask_secret: Callable[[str], None]
    on_submitted: Callable[[str], None]


class SparkJob:
    """One try: ``run()`` takes it to its end, ``stop()`` ends it early from another thread or a signal handler."""

    def __init__(self, client: StoreClient, settings: WorkerSettings, surroundings: Surroundings) -> None:
        self._client = client
        self._settings = settings
        self._surroundings = surroundings
        self._process: DriverProcess | None = None
        self._stop_asked = False
        self._redact = Redactor(set())

    def run(self, job: JobRequest) -> str:
        """Submit, launch and wait; answers the submission's id when the job succeeded.

        Raises StoreRefused and StoreUnreachable before anything is started, JobFailed, JobStopped, and what
        the workspace and the launch raise. Whatever it raises, the receipt has its end before, if the store answers.
        """
        ticket = self._client.submit(job)
        try:
            self._surroundings.on_submitted(ticket.submission_id)
            self._announce(ticket)
            end = self._launch(ticket)
        except BaseException as error:
            _tell(self._report_end(ticket, self._failure(error)))
            raise
        return self._conclude(ticket, end)

    def stop(self) -> None:
        """End the job and everything it started; may be called at any time and repeatedly."""
        self._stop_asked = True
        if self._process is not None:
            self._process.stop()

    def _announce(self, ticket: Ticket) -> None:
        plan = ticket.plan
        secrets = secrets_of(plan)
        self._redact = Redactor(secrets)
        for secret in secrets:
            self._surroundings.mask_secret(secret)
        log.info(
            "Submission %s: config group %s, revision %s\n%s",
            ticket.submission_id,
            plan.group,
            plan.revision,
            "\n".join(_provenance(plan.redacted())),
        )
        for warning in plan.warnings:
            log.warning("%s", warning)

    def _launch(self, ticket: Ticket) -> DriverEnd:
        spark_home = find_spark_home(ticket.plan.spark_home, self._settings.spark_homes, os.environ)
        cache = FileCache(self._settings.cache_dir / "files", self._settings.cache_limit_bytes)
        tries_root = self._settings.cache_dir / "tries"
        fetch = partial(self._client.download, ticket.submission_id, ticket.token)
        archive = self._choose_archive(ticket.plan, spark_home)
        with prepare_workspace(
            ticket.plan, cache, tries_root, fetch, spark_home, ticket.submission_id, class_archive=archive
        ) as workspace:
            command = build_command(ticket.plan, workspace, os.environ, python=sys.executable)
            self._report(ticket, _submitted(command, workspace))
            return self._drive(ticket, command, workspace.directory)

    def _choose_archive(self, plan: SubmitPlan, spark_home: Path) -> ClassArchive | None:
        """What makes the driver's JVM start faster; without one the job runs all the same."""
        if not self._settings.use_class_archive:
            return None
        conf_dir = conf_directory(plan, spark_home, os.environ)
        environment = {**os.environ, **{s.name: s.value for s in plan.settings if s.kind is SettingKind.ENVIRONMENT}}
        try:
            return choose_archive(plan, spark_home, conf_dir, ClassArchives(self._settings.cache_dir), environment)
        except NoClassArchive as error:
            log.info("The driver starts without a class archive: %s", error.reason)
            return None

    def _drive(self, ticket: Ticket, command: Command, directory: Path) -> DriverEnd:
        environment = driver_environment(os.environ, command.environment)
        announced: list[threading.Thread] = []

        def on_started(pids: tuple[int, ...]) -> None:
            log.info("The driver runs as process %s", pids[0])
            # in a thread: a store that is away must not keep the driver's log waiting
            report = Report(state=State.RUNNING, pids=pids)
            told = threading.Thread(target=self._report, args=(ticket, report), name="couture report", daemon=True)
            announced.append(told)
            told.start()

        self._process = DriverProcess(command.argv, environment, directory, self._emit, on_started)
        if self._stop_asked:  # before there was a process to stop
            raise JobStopped(ticket.submission_id)
        end = self._process.run()
        for thread in announced:
            thread.join(_HURRIED_S if end.stopped else self._settings.store_timeout_s)
        return end

    def _emit(self, block: str) -> None:
        self._surroundings.emit(self._redact(block))

    def _conclude(self, ticket: Ticket, end: DriverEnd) -> str:
        end = replace(end, last_lines=self._redact(end.last_lines))
        for remark in end.remarks:
            log.warning("%s", remark)
        if end.stopped:
            _tell(self._report_end(ticket, _ended(Outcome.KILLED, "Stopped with its task.", end)))
            raise JobStopped(ticket.submission_id)
        if end.exit_code == 0:
            self._report_end(ticket, _ended(Outcome.SUCCEEDED, None, end))
            log.info("The Spark job succeeded (submission %s)", ticket.submission_id)
            return ticket.submission_id
        explanation = explain_exit(end.exit_code, end.signal)
        changed = self._report_end(ticket, _ended(Outcome.FAILED, explanation, end))
        raise JobFailed(explanation, end.last_lines, ticket.submission_id, told_changes(changed))

    def _failure(self, error: BaseException) -> Report:
        stopped = self._stop_asked or not isinstance(error, Exception) or isinstance(error, JobStopped)
        outcome = Outcome.KILLED if stopped else Outcome.FAILED
        words = str(error) if isinstance(error, CoutureError) else f"{type(error).__name__}: {error}"
        return Report(state=State.ENDED, outcome=outcome, message=self._redact(words))

    def _report_end(self, ticket: Ticket, report: Report) -> WhatChanged | None:
        """Tell the end; answers what changed since the task last worked, if it ended badly and the store could tell."""
        patience = _HURRIED_S if report.outcome is Outcome.KILLED else None
        return self._report(ticket, report, patience)

    def _report(self, ticket: Ticket, report: Report, store_timeout_s: float | None = None) -> WhatChanged | None:
        """Tell the store; a receipt that can't be completed fails no job that runs, it is said in the log."""
        try:
            answer = self._client.report(ticket.submission_id, ticket.token, report, store_timeout_s=store_timeout_s)
        except (StoreRefused, StoreUnreachable) as error:
            log.error(
                "The receipt of submission %s could not be told '%s': %s", ticket.submission_id, report.state, error
            )
            return None
        return answer.changed


def _tell(changed: WhatChanged | None) -> None:
    """Into the log, after the end was told to the store: that must not wait when the task is being killed."""
    if changed is not None:
        log.error("%s", told_changes(changed))


def _provenance(plan: SubmitPlan) -> list[str]:
    """A line for each setting, with the layer that set it and what it beat, and one for each artifact."""
    artifacts = (plan.application, *(resource.artifact for resource in plan.resources))
    return [
        *(_told(setting) for setting in plan.settings),
        *(f"  {a.name} version {a.version}, sha256 {a.sha256[:12]}…" for a in artifacts if a),
    ]


def _told(setting: EffectiveSetting) -> str:
    name = f"--{setting.name}" if setting.kind is SettingKind.ARGUMENT else setting.name
    beat = "".join(f", not {loser.value} of the {loser.layer}" for loser in setting.beat)
    mark = ", final" if setting.final else ""
    return f"  {name}={setting.value} (the {setting.layer}{beat}{mark})"


def _submitted(command: Command, workspace: Workspace) -> Report:
    return Report(
        state=State.SUBMITTED,
        host=socket.gethostname(),
        argv=command.argv,
        environment_names=tuple(sorted(command.environment)),
        java_version=java_version(driver_environment(os.environ, command.environment)),
        spark_version=spark_version(workspace.spark_home),
        class_archive=workspace.class_archive.key if workspace.class_archive else None,
    )


def _ended(outcome: Outcome, message: str | None, end: DriverEnd) -> Report:
    return Report(
        state=State.ENDED,
        outcome=outcome,
        exit_code=end.exit_code,
        message=message,
        last_lines=end.last_lines if outcome is not Outcome.SUCCEEDED else None,
    )
