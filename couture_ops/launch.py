"""Runs one driver under its guardian: log while it runs, how it ended, and nothing of it left behind."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from couture_ops import guardian
from couture_ops.driver_log import LogReader
from couture_ops.errors import DriverNotStarted, SparkSubmitMissing, SupervisorGone, UnfitForProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

#: Seconds between SIGTERM and SIGKILL when a driver is stopped. Spark's shutdown takes 1 to 3, and Airflow kills a
#: task's process 5 s after it asked it to end: the end of the receipt has to be told before.
GRACE_S = 3.0
#: Seconds that a guardian gets beyond the grace and its own SIGKILL before it is taken for hung.
GUARDIAN_SLACK_S = 3.0
#: Seconds within which the death of this process's supervisor is noticed.
WATCH_S = 0.5
#: After the driver's end: seconds of silence, then seconds in all, until a log that does not end is left
#: alone.
LOG_SILENCE_S, LOG_END_S = 1.0, 30.0
LOG_CUT = "The end of the log is missing: the task's log did not take it in time, or it does not end."

#: What of a worker's environment is Airflow's and no driver's business: its configuration, with passwords and
#: keys; connections and variables; the supervisor's sockets and marks.
AIRFLOWS_OWN = ("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_", "_AIRFLOW", "__AIRFLOW")
#: Where a worker's own Hadoop and Kerberos lie: the config group says what a driver uses, or that it uses
#: none.
WORKERS_OWN = frozenset({"HADOOP_CONF_DIR", "YARN_CONF_DIR", "KRB5_CONFIG"})
#: In the order in which setlocale(3) asks for the encoding.
LOCALE_NAMES = ("LC_ALL", "LC_CTYPE", "LANG")


def driver_environment(base: Mapping[str, str], additions: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a driver: ``base`` less what is Airflow's or the worker's, plus ``additions``.

    Without a locale, or in the locale C, a JVM turns every non-ASCII character of its command line into
    ``?``. Then LC_ALL becomes C.UTF-8, unless the additions set LC_ALL themselves.
    """
    environment = {
        name: value for name, value in base.items() if name not in WORKERS_OWN and not name.startswith(AIRFLOWS_OWN)
    }
    environment |= additions
    locale = next((environment[name] for name in LOCALE_NAMES if environment.get(name)), "C")
    if locale in ("C", "POSIX") and "LC_ALL" not in additions:
        environment["LC_ALL"] = "C.UTF-8"
    return environment


@dataclass(frozen=True)
class DriverEnd:
    """How a driver ended.

    ``exit_code``: 0 to 255, or None when ``signal`` ended it; both None when it is not known, or when the
    driver was stopped before it had started. ``stopped``: somebody asked for the end. ``remarks``: sentences
    on what else happened, such as processes that were left behind. ``last_lines``: at most 100 lines, 16 KiB.
    """

    exit_code: int | None
    signal: int | None
    last_lines: str
    stopped: bool = False
    remarks: tuple[str, ...] = ()


def run_driver(
    argv: Sequence[str],
    environment: Mapping[str, str],
    working_directory: Path,
    emit: Callable[[str], object],
    on_started: Callable[[tuple[int, ...]], None] = lambda _: None,
    *,
    grace_s: float = GRACE_S,
) -> DriverEnd:
    """Runs a driver that nobody will stop from elsewhere; see :class:`DriverProcess`."""
    return DriverProcess(argv, environment, working_directory, emit, on_started, grace_s=grace_s).run()


class DriverProcess:
    """One driver: ``run()`` starts it and waits for its end, ``stop()`` ends it from elsewhere.

    ``environment`` is the whole of it, nothing is inherited. ``emit`` gets blocks of lines, in a thread of
    its own. ``on_started`` gets the process ids of the driver and of its guardian, in the thread of
    ``run()``. Whatever way this process goes, by an exception or by ``kill -9``, the driver ends with
    everything it started (guardian.py).
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        working_directory: Path,
        emit: Callable[[str], object],
        on_started: Callable[[tuple[int, ...]], None] = lambda _: None,
        *,
        grace_s: float = GRACE_S,
    ) -> None:
        self._argv = tuple(argv)
        self._environment = dict(environment)
        self._working_directory = working_directory
        self._emit = emit
        self._on_started = on_started
        self._grace_s = grace_s
        self._link: GuardianLink | None = None
        self._stop_asked = False

    def run(self) -> DriverEnd:
        """Runs the driver to its end. Once only.

        Raises SparkSubmitMissing, UnfitForProcess and DriverNotStarted when it cannot be started;
        SupervisorGone when the parent of this process died; what ``emit`` or ``on_started`` raise. The driver
        is stopped then.
        """
        check_program(self._argv[0], self._environment, self._working_directory)
        environment = environment_block(self._environment)
        supervisor = os.getppid()
        log_end, log_start = os.pipe()
        log = LogReader(log_end, self._emit)
        try:
            log.start()
            link = GuardianLink(self._argv, self._working_directory, self._grace_s, log_start)
        finally:
            os.close(log_start)
        self._link = link
        try:
            link.hand_over(environment)
            if self._stop_asked:  # before there was a link to ask through
                link.ask_to_stop()
            self._watch(link, log, supervisor)
        except BaseException:
            link.stop()
            raise
        finally:
            link.close()
            whole = log.finish(LOG_SILENCE_S, LOG_END_S)
        if log.error is not None:
            raise log.error
        return DriverEnd(
            exit_code=link.end.get("exit_code"),
            signal=link.end.get("signal"),
            last_lines=log.last_lines(),
            stopped=self._stop_asked or link.end.get("stopped") is not None,
            remarks=(*link.remarks(), *(() if whole else (LOG_CUT,))),
        )

    def stop(self) -> None:
        """Ends the driver and everything it started; returns when that is done, or 8 s after the grace.

        May be called at any time, repeatedly, from any thread and from a signal handler.
        """
        self._stop_asked = True
        if self._link is not None:
            self._link.stop()

    def _watch(self, link: GuardianLink, log: LogReader, supervisor: int) -> None:
        announced = False
        while link.read_records(WATCH_S):
            if link.driver_pid is not None and not announced:
                announced = True
                self._on_started((link.driver_pid, link.pid))
            if os.getppid() != supervisor:
                raise SupervisorGone(supervisor)
            if log.error is not None:
                raise log.error


class GuardianLink:
    """A running guardian and the two pipes to it. ``end`` is its last record, empty until it came."""

    def __init__(self, argv: Sequence[str], working_directory: Path, grace_s: float, log: int) -> None:
        self.driver_pid: int | None = None
        self.end: dict[str, Any] = {}
        self._killed: list[guardian.Process] = []
        self._grace_s = grace_s
        self._unread = b""
        # Re-entrant, because a signal handler that stops the driver may interrupt its own thread here.
        self._lock = threading.RLock()
        self._open = False
        control, self._control = os.pipe()
        self._status, status = os.pipe()
        try:
            self._process = start_guardian(argv, working_directory, grace_s, log, control, status)
        except OSError as error:
            os.close(self._control)
            os.close(self._status)
            raise DriverNotStarted(argv, working_directory, error.strerror or str(error)) from error
        finally:
            os.close(control)
            os.close(status)
        self.pid = self._process.pid

    def hand_over(self, environment: bytes) -> None:
        """Gives the guardian the driver's environment, at which it starts the driver."""
        unsent = memoryview(environment)
        with suppress(BrokenPipeError):  # the guardian is dead, as the end of its records will tell
            while unsent:
                unsent = unsent[os.write(self._control, unsent) :]
        self._open = True

    def read_records(self, timeout_s: float) -> bool:
        """Takes what the guardian tells within the time; False when it will tell no more."""
        if not readable(self._status, timeout_s):
            # A fork of this process may hold the status pipe open: then only the guardian's death tells.
            return not (self.ended() and not readable(self._status, 0))
        chunk = os.read(self._status, 65536)
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for record in map(json.loads, lines):
            if record["event"] == "started":
                self.driver_pid = record["pid"]
            else:
                self.end = record
        return bool(chunk)

    def ended(self) -> bool:
        """Whether the guardian has ended; does not reap it, so that its process id stays its own."""
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self._process.poll() is not None
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def ask_to_stop(self) -> bool:
        """Asks the guardian to end the driver; False when there is nobody to ask (yet, or any more)."""
        with self._lock:
            if not self._open:
                return False
            with suppress(BrokenPipeError):
                os.write(self._control, b"stop")
            return True

    def stop(self) -> None:
        """Asks the guardian to end the driver and waits for that; kills everything when it takes too long."""
        if not self.ask_to_stop():
            return
        if not self._ended_within(self._grace_s + guardian.KILL_S + GUARDIAN_SLACK_S):
            self._kill_everything()

    def close(self) -> None:
        """Lets go of the guardian: one that lives ends the driver, after one that was killed we do."""
        with self._lock:
            self._open = False
            os.close(self._control)
        # A killed process closes its pipes a moment before it counts as ended.
        if not self.end and self._ended_within(guardian.KILL_S):
            self._kill_everything()
        os.close(self._status)
        with suppress(subprocess.TimeoutExpired):  # it may take its time: it needs us no more
            self._process.wait(guardian.KILL_S)

    def remarks(self) -> Iterator[str]:
        """What should be told beside the exit code, in sentences."""
        if not self.end:
            yield (
                f"The guardian of the driver, process {self.pid}, was itself killed or hung. What was left "
                f"of the driver was killed: {named(self._killed) or 'nothing'}."
            )
        if left_behind := self.end.get("left_behind"):
            yield f"The driver left processes behind, which were ended: {', '.join(left_behind)}."
        if unkillable := self.end.get("unkillable"):
            yield (
                f"The driver's processes {', '.join(unkillable)} could not be ended. They hang in the kernel "
                "or belong to another user; look at them on this worker."
            )

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not self.ended():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _kill_everything(self) -> None:
        # The session finds what the guardian's death made orphans, the tree what left the session before.
        deadline = time.monotonic() + guardian.KILL_S
        while time.monotonic() < deadline:
            tree = [*guardian.descendants(self.pid), *guardian.session_members(self.pid)]
            living = {process.pid: process for process in tree if process.pid != self.pid}
            if not living:
                break
            known = {process.pid for process in self._killed}
            self._killed += [process for pid, process in living.items() if pid not in known]
            guardian.send(signal.SIGKILL, list(living))
            time.sleep(0.02)
        if not guardian.LINUX and self.driver_pid is not None:
            guardian.send(signal.SIGKILL, [-self.driver_pid])  # the process group
        if not self.ended():
            guardian.send(signal.SIGKILL, [self.pid])


def start_guardian(
    argv: Sequence[str], working_directory: Path, grace_s: float, log: int, control: int, status: int
) -> subprocess.Popen[bytes]:
    """Starts guardian.py, its three descriptors being what it keeps of this process."""
    script = os.path.abspath(guardian.__file__)
    python = (sys.executable, "-I", "-S", "-X", "utf8")
    return subprocess.Popen(
        [*python, script, str(control), str(status), str(grace_s), "--", *argv],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=working_directory,
        pass_fds=(control, status),
        start_new_session=True,
    )


def check_program(program: str, environment: Mapping[str, str], working_directory: Path) -> None:
    """Raises SparkSubmitMissing when the driver's own PATH and directory do not lead to the program."""
    place = str(working_directory / program) if os.path.dirname(program) else program
    if shutil.which(place, path=environment.get("PATH", os.defpath)) is None:
        raise SparkSubmitMissing(place)


def environment_block(environment: Mapping[str, str]) -> bytes:
    """The environment as guardian.py reads it; raises UnfitForProcess for what no process can have."""
    for name, value in environment.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            raise UnfitForProcess(
                f"The environment variable {name!r}", "has no name, '=' in its name, or a NUL character in it"
            )
    return b"\0".join(os.fsencode(f"{name}={value}") for name, value in environment.items()) + b"\0\0"


def readable(fd: int, timeout_s: float) -> bool:
    """Whether there is something to read, or an end of file, within the time."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(timeout_s * 1000))


def named(found: Sequence[guardian.Process]) -> str:
    """``java (17), python3 (18)``."""
    return ", ".join(f"{process.name} ({process.pid})" for process in found)
