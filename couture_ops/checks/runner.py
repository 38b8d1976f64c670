"""Runs checks one after the other, each bounded in time; none of them ends the others."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config_store.wire import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: How long the person at the terminal is left without a word, seconds.
QUIET_S = 2.0
#: How long until words that were said already are said again, with the time that has passed, seconds.
AGAIN_S = 10.0
#: How long a check may go on without telling of progress, seconds.
PATIENCE_S = 30.0
_TURN_S = 0.1


class GivenUp(BaseException):
    """A check goes on after nobody waits for it any more; no ``except Exception`` of a check keeps it alive."""


class Watch:
    """What a check tells of its progress; as long as it tells some, it is waited for."""

    def __init__(self) -> None:
        self.text = ""
        self.begun = self.last_sign = time.monotonic()
        self._given_up = False

    def progress(self, text: str) -> None:
        """Tell how far the check is, such as ``12 of 340 files``; raises GivenUp to end one that came too late."""
        if self._given_up:
            raise GivenUp
        self.text, self.last_sign = text, time.monotonic()

    def give_up(self) -> None:
        """Let the check end at its next word."""
        self._given_up = True


@dataclass(frozen=True)
class Check:
    """``look`` answers findings; ``subject``: what it looks at, in words. ``patience_s``: see PATIENCE_S."""

    name: str
    subject: str
    look: Callable[[Watch], Iterable[Finding]]
    patience_s: float = PATIENCE_S


def told(finding: Finding) -> Check:
    """A check whose finding is known already."""
    return Check(finding.check, finding.subject, lambda _: [finding])


def run_checks(
    checks: Iterable[Check], say: Callable[[str], None], *, quiet_s: float = QUIET_S, again_s: float = AGAIN_S
) -> Iterator[Finding]:
    """The findings of all checks, as they come; ``say`` hears of progress.

    Of news after at most ``quiet_s`` seconds, of the same again every ``again_s``.
    """
    narrator = _Narrator(say, quiet_s, again_s)
    for check in checks:
        yield from _run(check, narrator)


class _Narrator:
    """Says what is going on when nothing was said for a while; the same words only after AGAIN_S, with the time."""

    def __init__(self, say: Callable[[str], None], quiet_s: float, again_s: float) -> None:
        self._say, self._quiet_s, self._again_s = say, quiet_s, again_s
        self._last_text, self._last_word = "", time.monotonic()

    def left_s(self) -> float:
        """Seconds until the next word is due."""
        return max(0.0, self._last_word + self._quiet_s - time.monotonic())

    def tell(self, check: Check, watch: Watch) -> None:
        """Say how far the check is, if a word is due."""
        if self.left_s() > 0:
            return
        text, now = f"{check.name}: {watch.text or f'looking at {check.subject}'}", time.monotonic()
        if text != self._last_text:
            self._say(f"{text} …")
        elif now - self._last_word >= self._again_s:
            self._say(f"{text} … {now - watch.begun:.0f} s")
        else:
            return
        self._last_text, self._last_word = text, now


def _run(check: Check, narrator: _Narrator) -> list[Finding]:
    watch, found = Watch(), _Outcome()
    # a daemon: what hangs in the kernel or in a resolver can't be ended, and must not keep the process
    thread = threading.Thread(target=found.take, args=(check, watch), name=f"check {check.name}", daemon=True)
    thread.start()
    while thread.is_alive():
        left = watch.last_sign + check.patience_s - time.monotonic()
        if left <= 0:
            watch.give_up()
            return [_too_late(check)]
        thread.join(min(left, narrator.left_s() or _TURN_S))
        if thread.is_alive():
            narrator.tell(check, watch)
    return found.findings


class _Outcome:
    """What a check's thread comes to."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def take(self, check: Check, watch: Watch) -> None:
        """Run the check; whatever it raises is a fault of this check."""
        try:
            self.findings = list(check.look(watch))
        except GivenUp:
            return
        except Exception as error:
            self.findings = [Finding.crash(check.name, check.subject, error)]


def _too_late(check: Check) -> Finding:
    return Finding.fault(
        check.name,
        check.subject,
        f"There was no answer and no progress for {check.patience_s:g} s; the check was given up.",
        "Look at what it waits for: a name server, a disk, a database or a server that does not answer.",
    )
