"""The words for exit codes and signals."""

from __future__ import annotations

import signal

import pytest

from couture_ops.exit_codes import EXIT_CODES, SIGNALS, UNKNOWN_END, explain_exit

_KILLED = (
    "it was killed, probably because memory ran out; look at the memory limit of the worker or its container "
    "(OOMKilled, the kernel's log) against driver-memory plus what Python needs beside it."
)
_ASKED_TO_END = "it was asked to end; look at who stopped the task: a user, a timeout, a restart."
_CRASHED = "the JVM crashed (abort); look for hs_err_pid*.log in its working directory."


@pytest.mark.parametrize(
    ("exit_code", "signal_number", "sentence"),
    [
        (0, None, "The driver ended with exit code 0: it succeeded."),
        (
            1,
            None,
            (
                "The driver ended with exit code 1: the application failed, or spark-submit refused an "
                "option or the master; look at the last lines for the first exception or `Error:`."
            ),
        ),
        (
            2,
            None,
            (
                "The driver ended with exit code 2: a file is missing; look at the paths of the application "
                "and of its jars, py-files and files."
            ),
        ),
        (
            101,
            None,
            (
                "The driver ended with exit code 101: the main class was not found; look at class_path, and "
                "whether the jar holds that class (`jar tf`)."
            ),
        ),
        (
            127,
            None,
            (
                "The driver ended with exit code 127: spark-submit or java was not found; look at "
                "SPARK_HOME, JAVA_HOME and PATH of the worker."
            ),
        ),
        (134, None, f"The driver ended with exit code 134 (SIGABRT): {_CRASHED}"),
        (137, None, f"The driver ended with exit code 137 (SIGKILL): {_KILLED}"),
        (143, None, f"The driver ended with exit code 143 (SIGTERM): {_ASKED_TO_END}"),
        (None, signal.SIGKILL, f"The driver was ended by SIGKILL: {_KILLED}"),
        (None, signal.SIGTERM, f"The driver was ended by SIGTERM: {_ASKED_TO_END}"),
        (None, signal.SIGABRT, f"The driver was ended by SIGABRT: {_CRASHED}"),
        (
            139,
            None,
            (
                "The driver ended with exit code 139 (SIGSEGV): the JVM crashed (segmentation fault), mostly "
                "in a native library; look for hs_err_pid*.log in its working directory."
            ),
        ),
        (
            42,
            None,
            (
                "The driver ended with exit code 42: the application chose this code itself (sys.exit, "
                "System.exit); look at its last lines."
            ),
        ),
        (
            255,
            None,
            (
                "The driver ended with exit code 255: the application chose this code itself (sys.exit, "
                "System.exit); look at its last lines."
            ),
        ),
        (
            None,
            signal.SIGUSR1,
            "The driver was ended by SIGUSR1: look at what on this host sends that signal.",
        ),
        (None, 40, "The driver was ended by signal 40: look at what on this host sends that signal."),
        (None, None, UNKNOWN_END),
    ],
)
def test_each_end_has_its_sentence(exit_code: int | None, signal_number: int | None, sentence: str) -> None:
    assert explain_exit(exit_code, signal_number) == sentence


def test_every_sentence_on_a_failure_says_what_to_look_at() -> None:
    words = [text for code, text in EXIT_CODES.items() if code] + [*SIGNALS.values(), UNKNOWN_END]

    assert [text for text in words if "look " not in text] == []
