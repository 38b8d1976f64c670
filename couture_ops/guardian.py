"""Watches over one driver: starts it, tells how it ended, and leaves no process of it behind.

Started by launch.py as a script of its own, with nothing but the standard library::

    python -I -S guardian.py CONTROL_FD STATUS_FD GRACE_S -- COMMAND [ARGUMENT…]

CONTROL_FD is a pipe whose other end only the task process holds. It carries the driver's environment
(``NAME=value``, a NUL between them, two NULs at the end), later ``stop``; its end of file means that the task
process is gone, even by ``kill -9``. STATUS_FD takes one JSON object a line: ``{"event": "started", "pid":
17}``, then ``{"event": "ended", "exit_code": 0, "signal": null, "stopped": null, "left_behind": [],
"unkillable": []}``.

A process of its own, because nobody else can do it: the task process may be killed without a chance to act,
and a Python driver outlives the JVM that started it. On Linux the guardian is a child subreaper (prctl(2)):
whatever the driver started, in whatever session, becomes the guardian's descendant and is found through
/proc. Elsewhere, or without ctypes, only the driver's process group is ended: a process that left the group
stays.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress

TYPE_CHECKING = False  # importing typing would cost a quarter of the guardian's start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

#: Seconds that processes of a driver that ended get to end by themselves, as pyspark's workers do.
SETTLE_S = 0.5
#: Seconds between SIGTERM and SIGKILL for what a driver that ended left behind.
LEFT_BEHIND_GRACE_S = 2.0
#: Seconds after which SIGKILL is given up: the process hangs in the kernel, or belongs to another user.
KILL_S = 5.0

ASKED, TASK_GONE = "asked", "task gone"
LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


class Process:
    """One line of the system's process table; ``name`` is cut at 15 bytes by the kernel."""

    __slots__ = ("name", "parent", "pid", "session")

    def __init__(self, pid: int, name: str, parent: int, session: int) -> None:
        self.pid, self.name, self.parent, self.session = pid, name, parent, session


def processes() -> list[Process]:
    """Every living process that /proc shows, none where there is no /proc; zombies are left out."""
    try:
        pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:
        return []
    return [process for process in map(read_process, pids) if process]


def read_process(pid: int) -> Process | None:
    """The process, or None when it has ended (proc(5), /proc/PID/stat)."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as stat:
            text = stat.read(4096)
    except OSError:
        return None
    # The name may hold blanks and parentheses itself: it ends at the last one.
    name, _, rest = text.partition(b"(")[2].rpartition(b")")
    fields = rest.split()
    # A process whose first thread alone has ended shows as a zombie too, with more threads than one.
    if fields[0] in (b"Z", b"X") and int(fields[17]) <= 1:
        return None
    return Process(pid, name.decode("utf-8", "backslashreplace"), int(fields[1]), int(fields[3]))


def descendants(ancestor: int) -> list[Process]:
    """Children of the ancestor, their children, and so on; parents before children."""
    children: dict[int, list[Process]] = {}
    for process in processes():
        children.setdefault(process.parent, []).append(process)
    found = children.get(ancestor, [])
    for process in found:  # grows while it is walked
        found.extend(children.get(process.pid, ()))
    return found


def session_members(leader: int) -> list[Process]:
    """The living processes of a session."""
    return [process for process in processes() if process.session == leader]


def send(signal_number: int, pids: Sequence[int]) -> None:
    """Signals each process; one that has ended, or may not be signalled, is passed over."""
    for pid in pids:
        try:
            os.kill(pid, signal_number)
        except (ProcessLookupError, PermissionError):
            continue


class Wakeup:
    """A pipe into which Python writes the number of each signal that arrives, so that poll(2) sees it."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)

    def signals(self) -> set[int]:
        """The signals since the last call."""
        try:
            return set(os.read(self.reader, 4096))
        except BlockingIOError:
            return set()

    def wait(self, seconds: float) -> None:
        """Returns at the next signal, or when the time is over."""
        poller = select.poll()
        poller.register(self.reader, select.POLLIN)
        poller.poll(seconds * 1000)
        self.signals()


class Prctl:
    """prctl(2) through ctypes, loaded before the fork; does nothing where there is none."""

    def __init__(self) -> None:
        self._call: Callable[[int, int, int, int, int], int] | None = None
        if LINUX:
            # Fails in a Python built without libffi: the degradation of this module's docstring.
            with suppress(ImportError, OSError, AttributeError):
                import ctypes

                self._call = ctypes.CDLL(None).prctl

    def set(self, option: int, value: int) -> bool:
        """True when the kernel took it."""
        return self._call is not None and self._call(option, value, 0, 0, 0) == 0


class Driver:
    """The command as a child of this process, in a process group of its own, with all that it started."""

    def __init__(self, command: Sequence[str], environment: Mapping[bytes, bytes], wakeup: Wakeup) -> None:
        prctl = Prctl()
        self._wakeup = wakeup
        self._status: int | None = None
        self._subreaper = prctl.set(PR_SET_CHILD_SUBREAPER, 1) and os.path.isdir("/proc/self")
        guardian = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            become(command, environment, guardian, prctl)
        with suppress(OSError):  # the child has called exec already, after its own setpgid
            os.setpgid(self.pid, self.pid)

    def ended(self) -> bool:
        """Whether the driver itself has ended; reaps it, and whatever the subreaper was given."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid == self.pid:
                self._status = status
        return self._status is not None

    def exit_code(self) -> int | None:
        """The driver's exit code, None when a signal ended it."""
        code = None if self._status is None else os.waitstatus_to_exitcode(self._status)
        return code if code is not None and code >= 0 else None

    def signal(self) -> int | None:
        """The signal that ended the driver, None when it ended by itself."""
        code = None if self._status is None else os.waitstatus_to_exitcode(self._status)
        return -code if code is not None and code < 0 else None

    def living(self) -> list[Process]:
        """What is alive of the driver: its descendants; without a subreaper its group, as one process."""
        if self._subreaper:
            return descendants(os.getpid())
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):  # macOS refuses a group of zombies
            return []
        return [Process(self.pid, "process group", os.getpid(), os.getpid())]

    def send(self, signal_number: int) -> None:
        """Signals the process group, and when the driver itself has ended all that is left of it."""
        if not self.ended() or not self._subreaper:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal_number)
        if self._subreaper and (self.ended() or signal_number == signal.SIGKILL):
            send(signal_number, [process.pid for process in self.living()])

    def gone(self, seconds: float) -> bool:
        """Waits until nothing of the driver is alive; False when the time was not enough."""
        deadline = time.monotonic() + seconds
        while not self.ended() or self.living():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._wakeup.wait(min(left, 0.1))
        return True

    def kill(self) -> list[Process]:
        """SIGKILL to everything until nothing is left; returns what does not die."""
        deadline = time.monotonic() + KILL_S
        while True:
            self.send(signal.SIGKILL)  # again each time: a process may have forked meanwhile
            if self.gone(0.02):
                return []
            if time.monotonic() > deadline:
                return self.living()

    def stop(self, grace_s: float) -> list[Process]:
        """SIGTERM to the process group, after the grace SIGKILL to everything; returns what does not die."""
        self.send(signal.SIGTERM)
        return [] if self.gone(grace_s) else self.kill()

    def sweep(self) -> tuple[list[Process], list[Process]]:
        """Ends what a driver that ended left behind; returns what that was and what of it does not die."""
        if self.gone(SETTLE_S):
            return [], []
        left_behind = self.living()
        return left_behind, self.stop(LEFT_BEHIND_GRACE_S)


def become(command: Sequence[str], environment: Mapping[bytes, bytes], guardian: int, prctl: Prctl) -> NoReturn:
    """In the forked child: turns into the command; ends with 127 or 126, as a shell does, when it cannot."""
    code = 126
    try:
        os.setpgid(0, 0)
        prctl.set(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guardian:
            os._exit(code)  # the guardian died before the line above could matter
        signal.set_wakeup_fd(-1)
        # Ignored signals stay ignored through exec: Python ignores SIGPIPE, a task may ignore others.
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            if signal.getsignal(number) is signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvpe(command[0], list(command), environment)
    except OSError as error:
        code = 127 if isinstance(error, (FileNotFoundError, NotADirectoryError)) else 126
        os.write(2, os.fsencode(f"{command[0]}: {error.strerror}\n"))
    finally:
        os._exit(code)


def read_environment(control: int) -> dict[bytes, bytes] | None:
    """The driver's environment, None when it is to be stopped before it has started."""
    received = b""
    while b"\0\0" not in received:
        chunk = os.read(control, 65536)
        if not chunk:
            return None
        received += chunk
    block, _, stop = received.partition(b"\0\0")
    pairs = [entry.partition(b"=") for entry in block.split(b"\0") if entry]
    return None if stop else {name: value for name, _, value in pairs}


def watch(driver: Driver, control: int, parent: int, wakeup: Wakeup) -> str | None:
    """Waits for the driver's end (None) or for a reason to end it."""
    poller = select.poll()
    poller.register(control, select.POLLIN)
    poller.register(wakeup.reader, select.POLLIN)
    while not driver.ended():
        ready = {fd for fd, _ in poller.poll(1000)}
        if control in ready:
            return ASKED if os.read(control, 64) else TASK_GONE
        # A fork of the task process may hold the control pipe open: the change of parent tells as well.
        if os.getppid() != parent:
            return TASK_GONE
        if wakeup.reader in ready and wakeup.signals() - {signal.SIGCHLD}:
            return ASKED
    return None


def tell(status: int, record: Mapping[str, object]) -> None:
    """Writes one record; with the task process gone there is nobody to read it."""
    import json  # after the driver's start, which need not wait for it

    with suppress(OSError):
        os.write(status, json.dumps(record).encode() + b"\n")


def let_go_of_the_log() -> None:
    """Points stdout and stderr away from the log's pipe, so that its end is the driver's end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def guard(control: int, status: int, grace_s: float, command: Sequence[str]) -> None:
    """One driver, from its start to the end of its last process."""
    parent = os.getppid()
    environment = read_environment(control)
    if environment is None:
        tell(status, end_record(None, ASKED, [], []))
        return
    wakeup = Wakeup()
    driver = Driver(command, environment, wakeup)
    let_go_of_the_log()
    try:
        tell(status, {"event": "started", "pid": driver.pid})
        reason = watch(driver, control, parent, wakeup)
        left_behind, unkillable = driver.sweep() if reason is None else ([], driver.stop(grace_s))
    except BaseException:
        driver.kill()
        raise
    tell(status, end_record(driver, reason, left_behind, unkillable))


def end_record(
    driver: Driver | None, reason: str | None, left_behind: Sequence[Process], unkillable: Sequence[Process]
) -> dict[str, object]:
    """What STATUS_FD is told last; a driver that was never started has no exit code and no signal."""
    return {
        "event": "ended",
        "exit_code": driver and driver.exit_code(),
        "signal": driver and driver.signal(),
        "stopped": reason,
        "left_behind": [f"{process.name} ({process.pid})" for process in left_behind],
        "unkillable": [f"{process.name} ({process.pid})" for process in unkillable],
    }


def main(arguments: Sequence[str]) -> None:
    """Reads the command line of this module's docstring."""
    control, status, grace_s, _, *command = arguments
    for fd in (int(control), int(status)):
        os.set_inheritable(fd, False)
    guard(int(control), int(status), float(grace_s), command)


if __name__ == "__main__":
    main(sys.argv[1:])
