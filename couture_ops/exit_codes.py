"""The words for spark-submit's exit codes and for the signals that end it."""

from __future__ import annotations

import signal
from typing import Final

_CRASH_REPORT = "look for hs_err_pid*.log in its working directory"

#: What each signal usually means for a driver, and where to look.
SIGNALS: Final[dict[int, str]] = {
    signal.SIGHUP: "its terminal or session went away; look at what else ended on this host at that time",
    signal.SIGINT: "it was interrupted; look at the task's log for who stopped the task",
    signal.SIGQUIT: "the JVM was asked for its threads and to quit; look for them in its last lines",
    signal.SIGILL: "the JVM crashed on an instruction that this processor does not have, mostly in a native "
    f"library; {_CRASH_REPORT}",
    signal.SIGABRT: f"the JVM crashed (abort); {_CRASH_REPORT}",
    signal.SIGBUS: "the JVM crashed on memory that was not there, often because a disk is full or a jar "
    f"was replaced while it was read; {_CRASH_REPORT}",
    signal.SIGFPE: f"the JVM crashed on arithmetic in native code; {_CRASH_REPORT}",
    signal.SIGKILL: "it was killed, probably because memory ran out; look at the memory limit of the worker "
    "or its container (OOMKilled, the kernel's log) against driver-memory plus what Python needs beside it",
    signal.SIGSEGV: f"the JVM crashed (segmentation fault), mostly in a native library; {_CRASH_REPORT}",
    signal.SIGPIPE: "it wrote to a pipe that nobody read; look at the last lines for what it was writing",
    signal.SIGTERM: "it was asked to end; look at who stopped the task: a user, a timeout, a restart",
    signal.SIGXCPU: "it used up the CPU time it was allowed; look at `ulimit -t` of the worker",
    signal.SIGXFSZ: "it wrote a larger file than it was allowed; look at `ulimit -f` of the worker",
}

#: Exit codes of Spark (org.apache.spark.util.SparkExitCode), of the JVM and of the shell.
EXIT_CODES: Final[dict[int, str]] = {
    0: "it succeeded",
    1: "the application failed, or spark-submit refused an option or the master; look at the last lines for "
    "the first exception or `Error:`",
    2: "a file is missing; look at the paths of the application and of its jars, py-files and files",
    3: "the application ended with it (sys.exit, System.exit), or the JVM ran out of heap with "
    "-XX:+ExitOnOutOfMemoryError; look at its last "
    "lines, then at driver-memory",
    11: "too many executors failed; look at the executors' logs and at spark.executor.maxNumFailures",
    50: "an exception that nobody caught ended it; look at the last lines for its stack trace",
    51: "an exception that nobody caught ended it, and telling of it failed too; look at the last lines, and "
    "at free disk space and memory",
    52: "it ran out of heap; look at driver-memory, and at what the job collects to the driver",
    101: "the main class was not found; look at class_path, and whether the jar holds that class (`jar tf`)",
    124: "it took longer than allowed; look at spark.driver.timeout, and for a `timeout` command around it",
    126: "it could not be executed; look at the permissions of spark-submit and java, and at noexec mounts",
    127: "spark-submit or java was not found; look at SPARK_HOME, JAVA_HOME and PATH of the worker",
}

UNKNOWN_END: Final = (
    "How the driver ended is not known, because the process that watched over it was killed; look at the "
    "memory limit of the worker or its container, and at who kills processes there."
)
_OWN_CODE = "the application chose this code itself (sys.exit, System.exit); look at its last lines"


def explain_exit(exit_code: int | None, signal_number: int | None) -> str:
    """One sentence on how a driver ended, and what to look at.

    ``exit_code`` 0 to 255, or None when ``signal_number`` ended the process; both None when nobody knows. A
    code above 128 is read as a signal, as shells and JVMs tell one (137 = 128 + 9).
    """
    if signal_number is not None:
        return f"The driver was ended by {signal_name(signal_number)}: {signal_words(signal_number)}."
    if exit_code is None:
        return UNKNOWN_END
    inner = exit_code - 128
    if exit_code not in EXIT_CODES and inner in signal.valid_signals():
        return f"The driver ended with exit code {exit_code} ({signal_name(inner)}): {signal_words(inner)}."
    return f"The driver ended with exit code {exit_code}: {EXIT_CODES.get(exit_code, _OWN_CODE)}."


def signal_words(number: int) -> str:
    """What the signal means for a driver."""
    return SIGNALS.get(number, "look at what on this host sends that signal")


def signal_name(number: int) -> str:
    """``SIGKILL`` for 9; the number itself for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
