"""Takes the secrets of a plan out of what its driver writes.

Airflow masks them too, where it writes the task's log file. But a LocalExecutor also copies task logs to the
scheduler's own output without masking, and the end of a driver's log goes into the receipt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config_store.wire import SubmitPlan

#: Shorter secrets are left: hiding "1" or "yes" everywhere would make a log unreadable and say what it hides.
MIN_SECRET_LENGTH = 5
MASK = "***"


class Redactor:
    """Replaces every occurrence of the given secrets by MASK; the longer of two that overlap wins."""

    def __init__(self, secrets: set[str]) -> None:
        known = sorted((s for s in secrets if _is_telling(s)), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def _is_telling(secret: str) -> bool:
    return len(secret) >= MIN_SECRET_LENGTH and secret.lower() not in ("true", "false")


def secrets_of(plan: SubmitPlan) -> set[str]:
    """Every secret value of a plan, those that lost against a stronger layer too.

    Values are also taken without blanks at their edges: that is how Spark reads them from a properties file. And
    line by line: the log comes in blocks of lines, which may end within a secret of several lines.
    """
    values = {setting.value for setting in plan.settings if setting.secret}
    values |= {loser.value for setting in plan.settings if setting.secret for loser in setting.beat}
    lines = {line.strip() for value in values for line in value.splitlines()}
    return values | lines | {value.strip() for value in values}
