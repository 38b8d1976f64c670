"""How checks are run: in order, bounded in time, a crash told as a fault of its check."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from config_store.wire import Finding, Verdict
from couture_ops.checks.runner import Check, GivenUp, Watch, run_checks, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FINE = Finding.ok("second", "this", "fine")


def run(*checks: Check, quiet_s: float = 60.0, again_s: float = 60.0) -> tuple[list[Finding], list[str]]:
    """The findings, and what was said meanwhile."""
    said: list[str] = []
    return list(run_checks(checks, said.append, quiet_s=quiet_s, again_s=again_s)), said


def test_findings_come_in_the_order_of_the_checks() -> None:
    first = [Finding.skipped("first", "a", "why"), Finding.ok("first", "b", "fine")]
    assert run(Check("first", "x", lambda _: iter(first)), told(FINE)) == ([*first, FINE], [])


def test_a_crash_is_a_fault_of_its_check_and_the_next_runs() -> None:
    def crash(_watch: Watch) -> Iterator[Finding]:
        yield FINE
        raise KeyError("a\nname")

    findings, _ = run(Check("first", "a file", crash), told(FINE))
    advice = "Mend what the error names; report it when it names nothing of yours."
    assert findings == [Finding.fault("first", "a file", "The check ended with KeyError: 'a\\nname'", advice), FINE]


def test_a_crash_without_words_tells_its_type() -> None:
    def crash(_watch: Watch) -> Iterable[Finding]:
        raise RuntimeError

    assert run(Check("first", "x", crash))[0][0].message == "The check ended with RuntimeError"


def test_a_check_that_hangs_is_given_up_and_the_next_runs() -> None:
    ended, go_on = threading.Event(), threading.Event()

    def hang(watch: Watch) -> Iterable[Finding]:
        go_on.wait()
        try:
            watch.progress("back again")
        except GivenUp:
            ended.set()
            raise
        return []

    findings, said = run(Check("first", "a name server", hang, patience_s=0.3), told(FINE), quiet_s=0.05)
    go_on.set()
    assert findings == [
        Finding.fault(
            "first",
            "a name server",
            "There was no answer and no progress for 0.3 s; the check was given up.",
            "Look at what it waits for: a name server, a disk, a database or a server that does not answer.",
        ),
        FINE,
    ]
    assert said == ["first: looking at a name server …"]  # the same words are not said again
    assert ended.wait(30)


def test_the_same_words_come_again_only_with_the_time_that_has_passed() -> None:
    go_on = threading.Event()

    def wait(_watch: Watch) -> Iterable[Finding]:
        go_on.wait()
        return [FINE]

    said: list[str] = []

    def hear(text: str) -> None:
        said.append(text)
        if len(said) == 3:
            go_on.set()

    checks = [Check("first", "a name server", wait)]
    assert list(run_checks(checks, hear, quiet_s=0.05, again_s=1.1)) == [FINE]
    assert said[0] == "first: looking at a name server …"
    for again in said[1:]:
        assert re.fullmatch(r"first: looking at a name server … [1-9][0-9]* s", again)
    assert len(set(said)) == len(said)


def test_a_check_that_tells_of_progress_is_waited_for() -> None:
    pause = threading.Event()

    def work(watch: Watch) -> Iterable[Finding]:
        for done in range(8):
            watch.progress(f"{done} of 8 files")
            pause.wait(0.2)
        return [FINE]

    findings, said = run(Check("first", "x", work, patience_s=1.0), quiet_s=0.3)
    assert findings == [FINE]
    assert said
    assert all(text.startswith("first: ") and text.endswith(" of 8 files …") for text in said)


def test_findings_know_their_verdict() -> None:
    verdicts = [Finding.ok("a", "b", "c"), Finding.warning("a", "b", "c", "d"), Finding.fault("a", "b", "c", "d")]
    assert [finding.verdict for finding in verdicts] == [Verdict.OK, Verdict.WARNING, Verdict.FAULT]
